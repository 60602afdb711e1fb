#pragma once
/// \file  A file read through memory mapping: large checkpoints are not copied before their tensors are converted.

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace pleat::inline v0_1 {

/// Owns a read-only mapping of a regular file. Files that are replaced by rename (as pleat's writers do) stay readable.
class MappedFile {
public:
  MappedFile() = default;
  explicit MappedFile(const std::string& path) {
    const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    require(handle >= 0, path, ": cannot be opened for reading (", std::strerror(errno),
            "): check the path and its permissions.");
    struct stat status {};
    const bool regular = ::fstat(handle, &status) == 0 && S_ISREG(status.st_mode);
    void* data = nullptr;
    if (regular && status.st_size > 0)
      data = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, handle, 0);
    const int reason = errno;
    ::close(handle);
    require(regular, path, ": is not a regular file.");
    require(data != MAP_FAILED, path, ": cannot be mapped into memory (", std::strerror(reason), ").");
    data_ = static_cast<const char*>(data);
    size_ = static_cast<Index>(status.st_size);
  }
  MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<char*>(data_), static_cast<std::size_t>(size_));
  }

  Index size() const { return size_; } // bytes
  std::string_view text() const { return {data_, static_cast<std::size_t>(size_)}; }

private:
  const char* data_ = nullptr;
  Index size_ = 0;
};

} // namespace pleat::inline v0_1
