/// \file  What the commands share.

#include "command.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <unistd.h>

#include <pleat/io/gzip.hpp>

namespace tool {

pleat::SequenceSet load_sequences(const std::vector<std::string>& files, const std::string& without, bool strict) {
  pleat::SequenceSet set(pleat::AlphabetPolicy{.rare_as_x = false, .keep_gaps = false, .strict = strict});
  Index left_out = 0;
  for (const std::string& file : files) {
    const auto source = pleat::open_input(file);
    left_out += set.add_fasta(*source, without);
  }
  std::string notes = set.report().summary();
  if (set.empty_records() > 0) notes += (notes.empty() ? "" : ", ") + std::to_string(set.empty_records()) + " empty records";
  if (left_out > 0) notes += (notes.empty() ? "" : ", ") + std::to_string(left_out) + " records left out by their mark";
  if (!notes.empty() && !files.empty()) std::fprintf(stderr, "%s: %s\n", files.front().c_str(), notes.c_str());
  return set;
}

bool watched() { return ::isatty(STDERR_FILENO) != 0; }

double available_memory() {
  const auto number_in = [](const char* path, const std::string& after) {
    std::ifstream file(path);
    std::string word;
    double value = -1;
    while (!after.empty() && file >> word && word != after) {
    }
    return file >> value ? value : -1.0;
  };
  double least = 1024 * number_in("/proc/meminfo", "MemAvailable:");
  if (least < 0) least = INFINITY; // not known
  const double group = number_in("/sys/fs/cgroup/memory.max", ""), used = number_in("/sys/fs/cgroup/memory.current", "");
  if (group > 0 && used >= 0) least = (std::min)(least, (std::max)(group - used, 0.0)); // "max" is no number: no limit
  return least;
}

std::string bytes_text(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit < 4) bytes /= 1000, ++unit;
  char text[64];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
  return text;
}

std::string time_text(double seconds) {
  char text[64];
  if (seconds < 90)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (seconds < 5400)
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  else
    std::snprintf(text, sizeof text, "%d h %02d min", static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60) % 60);
  return text;
}

ProgressBar::~ProgressBar() {
  if (shown_) std::fputc('\n', stderr);
}

void ProgressBar::show(Index done, Index total, const std::string& tail) {
  if (!watched()) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && done != total && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now, shown_ = true;
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  if (total > 0) {
    constexpr Index cells = 24;
    const auto full = static_cast<std::size_t>((std::min)(cells, done * cells / total));
    const std::string bar = std::string(full, '#') + std::string(static_cast<std::size_t>(cells) - full, '.');
    const double left = done > 0 ? seconds * static_cast<double>(total - done) / static_cast<double>(done) : 0;
    std::fprintf(stderr, "\r[%s] %lld/%lld  %s  %s left\x1b[K", bar.c_str(), static_cast<long long>(done),
                 static_cast<long long>(total), tail.c_str(), time_text(left).c_str());
  } else {
    std::fprintf(stderr, "\r%lld  %s  %s\x1b[K", static_cast<long long>(done), tail.c_str(), time_text(seconds).c_str());
  }
  std::fflush(stderr);
}

std::string file_text(const std::string& path) {
  const auto source = pleat::open_input(path);
  std::string all, piece(65536, ' ');
  while (const Index got = source->read(piece.data(), static_cast<Index>(piece.size())))
    all.append(piece, 0, static_cast<std::size_t>(got));
  return all;
}

std::string command_line() {
  std::string text;
  if (std::FILE* file = std::fopen("/proc/self/cmdline", "rb")) {
    for (int c; (c = std::fgetc(file)) != EOF;) text += c == 0 ? ' ' : static_cast<char>(c);
    std::fclose(file);
  }
  return text;
}

} // namespace tool
