#pragma once
/// \file  The log of a training run: one JSON object a line and step.

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <unistd.h>

#include <pleat/io/json.hpp>

namespace pleat::inline v0_1 {

/// Appends to `path`. Lines of steps after `step` (from a process that died after its last checkpoint) are cut off first, so that
/// a continued run has one line for each step.
class RunLog {
public:
  RunLog(std::string path, Index step) : path_(std::move(path)) {
    const Index kept = bytes_until(path_, step);
    if (kept >= 0) require(::truncate(path_.c_str(), kept) == 0, path_, ": the log cannot be cut (", std::strerror(errno), ").");
    file_ = std::fopen(path_.c_str(), "ab");
    require(file_ != nullptr, path_, ": the log cannot be written (", std::strerror(errno), "); check the output folder.");
  }
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;
  ~RunLog() {
    if (file_ != nullptr) std::fclose(file_);
  }

  void append(const Json& line) {
    const std::string text = line.dump() + "\n";
    written(std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0);
  }
  /// Everything so far is on disk when this returns; called before a checkpoint that refers to it.
  void sync() {
    // A log on a pipe or a terminal cannot be synced (EINVAL, EROFS): nothing to lose there.
    written(std::fflush(file_) == 0 && (::fsync(::fileno(file_)) == 0 || errno == EINVAL || errno == EROFS));
  }

private:
  // Whether `line` is one of a step after `step`. So is one that no run wrote: what a machine that stopped left of its last lines
  // (those up to a checkpoint were synced before it).
  static bool later(std::string_view line, const std::string& path, Index step) {
    try {
      return Json::parse(line, path).at("step").integer() > step;
    } catch (const Error&) {
      return true;
    }
  }
  // Length of the lines up to `step`; -1: there is no log yet.
  static Index bytes_until(const std::string& path, Index step) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return -1;
    std::string text;
    char buffer[65536];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
    std::fclose(file);
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (later(std::string_view(text).substr(begin, end - begin), path, step)) break;
    return static_cast<Index>(begin);
  }
  void written(bool well) const {
    require(well, path_, ": the log cannot be written (", std::strerror(errno), "); free some space and continue.");
  }

  std::string path_;
  std::FILE* file_ = nullptr;
};

} // namespace pleat::inline v0_1
