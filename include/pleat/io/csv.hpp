#pragma once
/// \file  CSV tables by RFC 4180: quoted fields, doubled quotes, line breaks inside quotes, LF or CRLF; columns found by name.

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/byte_source.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// Reads a table row by row. Blank lines are skipped; a row of another length than the header is an Error with its line.
class CsvReader {
public:
  explicit CsvReader(ByteSource& source, char separator = ',') : lines_(source), separator_(separator) {
    require(read_row(), lines_.name(), ": is empty: a header line with the names of the columns was expected.");
    for (Index i = 0; i < static_cast<Index>(ends_.size()); ++i) {
      std::string name(field(i));
      if (i == 0 && name.starts_with("\xef\xbb\xbf")) name.erase(0, 3); // byte order mark of spreadsheets
      for (const char c : name)
        require(static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n', lines_.name(), ":", line_,
                ": the header holds control characters: this is not a CSV text file.");
      for (const std::string& other : columns_)
        require(other != name, lines_.name(), ":", line_, ": the column \"", name, "\" occurs twice in the header.");
      columns_.push_back(std::move(name));
    }
  }

  const std::string& name() const { return lines_.name(); }
  const std::vector<std::string>& columns() const { return columns_; }
  bool has_column(std::string_view wanted) const { return position_of(wanted) >= 0; }
  /// Position of a column. \throws Error that lists the columns there are.
  Index column(std::string_view wanted) const {
    const Index position = position_of(wanted);
    if (position >= 0) return position;
    std::string present;
    for (const std::string& name : columns_) (present += present.empty() ? "" : ", ") += name;
    fail(lines_.name(), ": the column \"", wanted, "\" is missing; the header has: ", present, ".");
  }

  /// Moves to the next row; false at the end.
  bool next() {
    if (!read_row()) return false;
    require(ends_.size() == columns_.size(), lines_.name(), ":", line_, ": the row has ", ends_.size(),
            " fields where the header has ", columns_.size(), ".");
    return true;
  }
  /// A field of the current row, unquoted; valid until `next`.
  std::string_view field(Index column) const {
    const auto i = static_cast<std::size_t>(column);
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(text_).substr(begin, ends_[i] - begin);
  }
  /// Line on which the current row starts, from 1.
  Index line() const { return line_; }

private:
  Index position_of(std::string_view wanted) const {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (columns_[i] == wanted) return static_cast<Index>(i);
    return -1;
  }

  bool read_row() {
    std::string_view line;
    do {
      if (!lines_.next(line)) return false;
    } while (line.empty());
    line_ = lines_.number();
    text_.clear();
    ends_.clear();
    std::size_t at = 0;
    while (true) { // one field a turn
      if (at < line.size() && line[at] == '"') {
        quoted(line, at);
        require(at == line.size() || line[at] == separator_, lines_.name(), ":", lines_.number(),
                ": text follows a closing quote.");
      } else {
        std::size_t end = line.find(separator_, at);
        if (end == line.npos) end = line.size();
        const std::string_view plain = line.substr(at, end - at);
        require(plain.find('"') == plain.npos, lines_.name(), ":", lines_.number(), ": a quote stands inside an unquoted field.");
        require(plain.find('\0') == plain.npos, lines_.name(), ":", lines_.number(),
                ": holds a zero byte: this is not a CSV text file.");
        text_ += plain;
        at = end;
      }
      ends_.push_back(text_.size());
      if (at == line.size()) return true;
      ++at; // the separator
    }
  }
  /// Appends the quoted field that starts at `at`, following it over line breaks.
  void quoted(std::string_view& line, std::size_t& at) {
    ++at;
    while (true) {
      const std::size_t end = line.find('"', at);
      text_.append(line, at, end == line.npos ? line.npos : end - at);
      if (end == line.npos) {
        require(lines_.next(line), lines_.name(), ":", line_, ": a quoted field is never closed.");
        text_ += '\n';
        at = 0;
      } else if (end + 1 < line.size() && line[end + 1] == '"') {
        text_ += '"';
        at = end + 2;
      } else {
        at = end + 1;
        return;
      }
    }
  }

  LineReader lines_;
  char separator_;
  std::vector<std::string> columns_;
  std::string text_;              // fields of the row, one after another
  std::vector<std::size_t> ends_; // of each field in text_
  Index line_ = 0;
};

/// Appends a field, quoted where that is needed.
inline void csv_quote(std::string& out, std::string_view field, char separator = ',') {
  const bool plain = field.find_first_of("\"\r\n") == field.npos && field.find(separator) == field.npos;
  if (plain) return void(out += field);
  out += '"';
  for (const char c : field) (c == '"' ? out += '"' : out) += c;
  out += '"';
}

} // namespace pleat::inline v0_1
