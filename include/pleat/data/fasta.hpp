#pragma once
/// \file  A streaming FASTA reader. Sources that may be compressed are opened by `open_input` of io/gzip.hpp.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/byte_source.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

enum class FastaStatus : std::uint8_t { Ok, Empty /* a header without residues: reported, has no rows */ };

struct FastaRecord {
  std::string id; // header up to the first blank; "seqnum" and the line's zero-based number in nine digits for an empty header
  std::string header;   // the whole line after '>'
  std::string sequence; // letters in upper case, blanks removed; odd letters are the alphabet's business
  Index line = 0;       // of the header, from 1
  FastaStatus status = FastaStatus::Ok;
};

/// Records of a source, in order, duplicates kept. Line ends LF or CRLF, blank lines and ';' comment lines are skipped.
/// What is no FASTA text is an Error with file and line.
class FastaReader {
public:
  explicit FastaReader(ByteSource& source) : lines_(source) {}

  /// False at the end. `record` is reused: its strings keep their memory.
  bool next(FastaRecord& record) {
    std::string_view line;
    while (!pending_) {
      if (!lines_.next(line)) {
        require(any_, lines_.name(), ": has no sequences: a FASTA file with lines that start with '>' was expected.");
        return false;
      }
      if (lines_.number() == 1) skip_preamble(line);
      if (line.empty() || line[0] == ';' || blank(line)) continue;
      if (line[0] != '>') not_fasta(line);
      take_header(line);
    }
    record.header.swap(header_);
    record.line = header_line_;
    record.id.assign(id_of(record.header));
    if (record.id.empty()) {
      char text[32];
      std::snprintf(text, sizeof text, "seqnum%09lld", static_cast<long long>(record.line - 1));
      record.id = text;
    }
    record.sequence.clear();
    pending_ = false;
    while (lines_.next(line)) {
      if (line.empty() || line[0] == ';') continue;
      if (line[0] == '>') {
        take_header(line);
        break;
      }
      append(line, record.sequence);
    }
    record.status = record.sequence.empty() ? FastaStatus::Empty : FastaStatus::Ok;
    return true;
  }
  const std::string& name() const { return lines_.name(); }

private:
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  static bool blank(std::string_view line) {
    for (const char c : line)
      if (!is_blank(c)) return false;
    return true;
  }
  static std::string_view id_of(std::string_view header) {
    std::size_t begin = 0;
    while (begin < header.size() && is_blank(header[begin])) ++begin;
    std::size_t end = begin;
    while (end < header.size() && !is_blank(header[end])) ++end;
    return header.substr(begin, end - begin);
  }

  void skip_preamble(std::string_view& line) const {
    require(!line.starts_with("\x1f\x8b"), lines_.name(),
            ": is gzip-compressed: open it with pleat::open_input of pleat/io/gzip.hpp.");
    if (line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  }
  [[noreturn]] void not_fasta(std::string_view line) const {
    const auto byte = static_cast<unsigned char>(line[0]);
    const std::string found =
        byte > 0x20 && byte < 0x7f ? std::string("'") + line[0] + "'" : "byte value " + std::to_string(unsigned{byte});
    fail(lines_.name(), ":", lines_.number(), ": is not a FASTA file: a line starting with '>' was expected, found ", found, ".");
  }
  [[noreturn]] void binary() const {
    fail(lines_.name(), ":", lines_.number(), ": holds binary data: this is not a FASTA text file.");
  }

  void take_header(std::string_view line) {
    if (line.find('\0') != line.npos) binary();
    line.remove_prefix(1);
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    header_.assign(line);
    header_line_ = lines_.number();
    any_ = pending_ = true;
  }

  /// Eight bytes at a time: lines of capital letters, nearly all there are, are copied as they stand.
  static bool all_capitals(std::string_view line) {
    constexpr std::uint64_t ones = 0x0101010101010101u, highs = ones * 0x80;
    const auto check = [](std::uint64_t w) {
      return (w & highs) == 0 && ((w + ones * (0x80 - 'A')) & highs) == highs && ((w + ones * (0x7f - 'Z')) & highs) == 0;
    };
    std::size_t i = 0;
    std::uint64_t word = 0;
    for (; i + 8 <= line.size(); i += 8) {
      std::memcpy(&word, line.data() + i, 8);
      if (!check(word)) return false;
    }
    word = ones * 'A';
    std::memcpy(&word, line.data() + i, line.size() - i);
    return check(word);
  }
  void append(std::string_view line, std::string& sequence) const {
    if (all_capitals(line)) [[likely]] {
      sequence += line;
      return;
    }
    for (char c : line) {
      if (is_blank(c)) continue;
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) binary();
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      sequence += c;
    }
  }

  LineReader lines_;
  std::string header_; // of the record to come
  Index header_line_ = 0;
  bool pending_ = false, any_ = false;
};

/// Whether `word` is one of the blank-separated words of a header after the id: marks such as "e1" or "SET=train".
inline bool header_has_word(std::string_view header, std::string_view word) {
  bool first = true;
  while (true) {
    const std::size_t begin = header.find_first_not_of(" \t");
    if (begin == header.npos) return false;
    header.remove_prefix(begin);
    const std::size_t end = (std::min)(header.find_first_of(" \t"), header.size());
    if (!first && header.substr(0, end) == word) return true;
    header.remove_prefix(end);
    first = false;
  }
}

/// All records of a source.
inline std::vector<FastaRecord> read_fasta(ByteSource& source) {
  std::vector<FastaRecord> records;
  FastaReader reader(source);
  for (FastaRecord record; reader.next(record);) records.push_back(record);
  return records;
}
/// All records of a plain text file, or of standard input for "-"; compressed: `read_fasta(*open_input(path))`.
inline std::vector<FastaRecord> read_fasta(const std::string& path) {
  FileSource source(path);
  return read_fasta(source);
}

} // namespace pleat::inline v0_1
