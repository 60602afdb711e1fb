#pragma once
/// \file  Input that may be gzip-compressed, and gzip output. The only header that names zlib: link with -lz.

#include <algorithm>
#include <cstring>
#include <memory>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/atomic_file.hpp>
#include <pleat/io/byte_source.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>

namespace pleat::inline v0_1 {

/// Another source whose first two bytes decide: gzip (also several members one after another) is inflated, all else is passed on.
class GzipSource final : public ByteSource {
public:
  explicit GzipSource(std::unique_ptr<ByteSource> from)
      : ByteSource(from->name()), from_(std::move(from)), input_(std::size_t{1} << 16) {
    fill(2);
    compressed_ = is_magic();
    if (!compressed_) return;
    require(::inflateInit2(&stream_, 15 + 16) == Z_OK, name(), ": zlib cannot be initialised (out of memory).");
    ready_ = true;
  }
  ~GzipSource() override {
    if (ready_) ::inflateEnd(&stream_);
  }

  Index read(char* to, Index capacity) override {
    if (!compressed_) {
      if (begin_ == end_) return from_->read(to, capacity);
      const std::size_t count = (std::min)(end_ - begin_, static_cast<std::size_t>(capacity));
      std::memcpy(to, input_.data() + begin_, count);
      begin_ += count;
      return static_cast<Index>(count);
    }
    const auto room = static_cast<uInt>((std::min)(capacity, Index{1} << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = room;
    while (stream_.avail_out == room && !done_) {
      if (begin_ == end_) fill(1);
      require(begin_ < end_, name(), ": the gzip data end early: the file is truncated, fetch it again.");
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
      stream_.avail_in = static_cast<uInt>(end_ - begin_);
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      begin_ = end_ - stream_.avail_in;
      require(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, name(), ": the gzip data are damaged (",
              stream_.msg != nullptr ? stream_.msg : "bad stream", ").");
      if (code == Z_STREAM_END) next_member();
    }
    return static_cast<Index>(room - stream_.avail_out);
  }

private:
  bool is_magic() const { return end_ - begin_ >= 2 && input_[begin_] == '\x1f' && input_[begin_ + 1] == '\x8b'; }
  /// At least `wanted` bytes in the buffer, or the end of the source.
  void fill(std::size_t wanted) {
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < wanted) {
      const Index got = from_->read(input_.data() + end_, static_cast<Index>(input_.size() - end_));
      if (got == 0) return;
      end_ += static_cast<std::size_t>(got);
    }
  }
  void next_member() {
    fill(2);
    if (is_magic()) {
      ::inflateReset(&stream_);
      return;
    }
    done_ = true;
    for (; begin_ < end_; fill(1)) // tapes and some writers pad with zeros; anything else is not gzip
      for (; begin_ < end_; ++begin_)
        require(input_[begin_] == '\0', name(), ": something that is not gzip follows the gzip data: the file is damaged.");
  }

  std::unique_ptr<ByteSource> from_;
  std::vector<char> input_;
  std::size_t begin_ = 0, end_ = 0;
  bool compressed_ = false, ready_ = false, done_ = false;
  z_stream stream_{};
};

/// Opens plain or gzip text; "-" is standard input. \throws Error
inline std::unique_ptr<ByteSource> open_input(const std::string& path) {
  return std::make_unique<GzipSource>(std::make_unique<FileSource>(path));
}

/// A gzip file that appears at `commit()`; the same bytes for the same input and zlib.
class GzipWriter {
public:
  explicit GzipWriter(std::string path, int level = 6) : file_(std::move(path)), block_(std::size_t{1} << 16) {
    require(::deflateInit2(&stream_, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, file_.path(),
            ": zlib cannot be initialised (level ", level, ", out of memory?).");
  }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;
  ~GzipWriter() { ::deflateEnd(&stream_); }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, std::size_t{1} << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream_.avail_in = static_cast<uInt>(piece.size());
      while (stream_.avail_in > 0) deflate_block(Z_NO_FLUSH);
      bytes.remove_prefix(piece.size());
    }
  }
  void commit() {
    stream_.avail_in = 0;
    while (deflate_block(Z_FINISH) != Z_STREAM_END) {
    }
    file_.commit();
  }

private:
  int deflate_block(int flush) {
    stream_.next_out = reinterpret_cast<Bytef*>(block_.data());
    stream_.avail_out = static_cast<uInt>(block_.size());
    const int code = ::deflate(&stream_, flush);
    require(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, file_.path(), ": zlib failed to compress.");
    file_.write({block_.data(), block_.size() - stream_.avail_out});
    return code;
  }

  AtomicFile file_;
  std::vector<char> block_;
  z_stream stream_{};
};

} // namespace pleat::inline v0_1
