#pragma once
/// \file  Where text comes from: a plain file, memory, or (io/gzip.hpp) a compressed file; and lines read from it.

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace pleat::inline v0_1 {

/// A stream of bytes with a name for messages.
class ByteSource {
public:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Reads up to `capacity` (> 0) bytes; 0 only at the end. \throws Error
  virtual Index read(char* to, Index capacity) = 0;
  const std::string& name() const { return name_; }

private:
  std::string name_;
};

/// A plain file, or standard input for "-".
class FileSource final : public ByteSource {
public:
  explicit FileSource(const std::string& path) : ByteSource(path == "-" ? "standard input" : path) {
    handle_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    require(handle_ >= 0, path, ": cannot be opened for reading (", std::strerror(errno),
            "): check the path and its permissions.");
  }
  ~FileSource() override {
    if (handle_ > STDIN_FILENO) ::close(handle_);
  }
  Index read(char* to, Index capacity) override {
    while (true) {
      const ssize_t got = ::read(handle_, to, static_cast<std::size_t>(capacity));
      if (got >= 0) return static_cast<Index>(got);
      if (errno != EINTR) fail(name(), ": cannot be read (", std::strerror(errno), ").");
    }
  }

private:
  int handle_ = -1;
};

/// Bytes in memory, which must outlive the source.
class MemorySource final : public ByteSource {
public:
  explicit MemorySource(std::string_view bytes, std::string name = "memory") : ByteSource(std::move(name)), left_(bytes) {}
  Index read(char* to, Index capacity) override {
    const std::size_t count =
        left_.size() < static_cast<std::size_t>(capacity) ? left_.size() : static_cast<std::size_t>(capacity);
    if (count > 0) std::memcpy(to, left_.data(), count);
    left_.remove_prefix(count);
    return static_cast<Index>(count);
  }

private:
  std::string_view left_;
};

/// Lines of a source without their ends (LF or CRLF). Memory is one buffer: small for small inputs, 256 KiB for long ones, or as
/// long as the longest line.
class LineReader {
public:
  explicit LineReader(ByteSource& source, Index buffer_bytes = Index{1} << 14)
      : source_(&source), buffer_(static_cast<std::size_t>(buffer_bytes), '\0') {}

  /// False at the end. `line` is valid until the next call.
  bool next(std::string_view& line) {
    while (true) {
      const char* begin = buffer_.data() + begin_;
      const auto* end = begin_ + searched_ < end_
                            ? static_cast<const char*>(std::memchr(begin + searched_, '\n', end_ - begin_ - searched_))
                            : nullptr;
      if (end == nullptr && !at_end_) {
        searched_ = end_ - begin_;
        refill();
        continue;
      }
      if (end == nullptr && begin_ == end_) return false;
      std::size_t length = end != nullptr ? static_cast<std::size_t>(end - begin) : end_ - begin_;
      begin_ += length + (end != nullptr ? 1 : 0);
      searched_ = 0;
      ++number_;
      if (length > 0 && begin[length - 1] == '\r') --length;
      line = {begin, length};
      return true;
    }
  }
  /// Number of the line that `next` gave last, from 1.
  Index number() const { return number_; }
  const std::string& name() const { return source_->name(); }

private:
  void refill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    const bool streaming = filled_ && buffer_.size() < (std::size_t{1} << 18);
    if (streaming || end_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);
    const Index got = source_->read(buffer_.data() + end_, static_cast<Index>(buffer_.size() - end_));
    at_end_ = got == 0;
    filled_ = end_ + static_cast<std::size_t>(got) == buffer_.size();
    end_ += static_cast<std::size_t>(got);
  }

  ByteSource* source_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0; // unread bytes of the buffer
  std::size_t searched_ = 0;        // of these, known to hold no line end
  bool at_end_ = false, filled_ = false;
  Index number_ = 0;
};

} // namespace pleat::inline v0_1
