#pragma once
/// \file  Files that appear whole or not at all: written under a temporary name, synced, renamed, and the folder synced.

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace pleat::inline v0_1 {

/// Whether `path` is there and is no regular file and no folder: a device or a pipe, beside which nothing can be written.
inline bool is_special_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/// Output file that replaces `path` at `commit()`; without a commit (an exception, a kill) the old file stays as it was.
/// Writes `path + ".tmp"` in the same folder: one writer per path. A path that is no regular file (a pipe, a device) is written
/// directly.
class AtomicFile {
public:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {
    struct stat status {};
    direct_ = ::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
    require(!(direct_ && S_ISDIR(status.st_mode)), path_, ": is a folder: name a file to write.");
    target_ = direct_ ? path_ : path_ + ".tmp";
    handle_ = ::open(target_.c_str(), direct_ ? O_WRONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    require(handle_ >= 0, path_, ": cannot be written (", std::strerror(errno),
            "): check that the folder exists and is writable.");
    buffer_.reserve(buffer_bytes);
  }
  AtomicFile(AtomicFile&& other) noexcept
      : path_(std::move(other.path_)), target_(std::move(other.target_)), buffer_(std::move(other.buffer_)),
        handle_(std::exchange(other.handle_, -1)), direct_(other.direct_), written_(other.written_) {}
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile() {
    if (handle_ < 0) return;
    ::close(handle_);
    if (!direct_) ::unlink(target_.c_str());
  }

  const std::string& path() const { return path_; }
  /// Bytes written so far.
  Index size() const { return written_; }

  void write(std::string_view bytes) {
    written_ += static_cast<Index>(bytes.size());
    if (buffer_.size() + bytes.size() > buffer_bytes) flush();
    if (bytes.size() >= buffer_bytes) return put(bytes);
    buffer_ += bytes;
  }

  /// Replaces bytes that were written before (a header whose counts are known at the end).
  void patch(Index offset, std::string_view bytes) {
    flush();
    while (!bytes.empty()) {
      const ssize_t done = ::pwrite(handle_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) failed("cannot be completed");
      bytes.remove_prefix(static_cast<std::size_t>(done));
      offset += static_cast<Index>(done);
    }
  }

  /// Makes the file durable under its name. Nothing may be written after.
  void commit() {
    flush();
    if (!direct_ && ::fsync(handle_) != 0) failed("cannot be synced to disk");
    const int closing = std::exchange(handle_, -1);
    const bool closed = ::close(closing) == 0;
    if (direct_) return;
    if (!closed || std::rename(target_.c_str(), path_.c_str()) != 0) {
      const int reason = errno;
      ::unlink(target_.c_str());
      errno = reason;
      failed("cannot be put in place");
    }
    sync_folder_of(path_);
  }

  /// Makes a rename in the folder of `path` durable. File systems that cannot sync folders are left alone.
  static void sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return;
    ::fsync(handle);
    ::close(handle);
  }

private:
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 18;

  [[noreturn]] void failed(const char* what) const {
    fail(path_, ": ", what, " (", std::strerror(errno), "): free some space or choose another folder.");
  }
  void flush() {
    put(buffer_);
    buffer_.clear();
  }
  void put(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(handle_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) failed("cannot be written further");
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
  }

  std::string path_, target_, buffer_;
  int handle_ = -1;
  bool direct_ = false;
  Index written_ = 0;
};

/// Writes a small file whole or not at all. \throws Error (full disk, missing folder).
inline void atomic_write(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

} // namespace pleat::inline v0_1
