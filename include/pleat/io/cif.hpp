#pragma once
/// \file  CIF text (version 1.1, the syntax of mmCIF) as a stream of tables: views into the text, nothing is stored.

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

/// A value of a CIF table.
struct CifValue {
  std::string_view text; ///< without quotes
  bool quoted = false;
  /// '.' (does not apply) or '?' (unknown).
  bool null() const { return !quoted && (text == "." || text == "?"); }
};

/// What `read_cif` tells. Tags have a leading underscore and keep their case, which means nothing in CIF.
struct CifEvents {
  virtual ~CifEvents() = default;
  /// A data block starts.
  virtual void block(std::string_view name) = 0;
  /// A loop starts; false: its rows are not wanted.
  virtual bool loop(std::span<const std::string_view> tags) = 0;
  /// A row of a wanted loop, one value for each tag; `line` (from 1) is where it starts.
  virtual void row(std::span<const CifValue> values, Index line) = 0;
  /// A pair of tag and value outside of loops.
  virtual void item(std::string_view tag, const CifValue& value, Index line) = 0;
};

namespace detail {

class CifReader {
public:
  CifReader(std::string_view text, const std::string& name, CifEvents& events)
      : at_(text.data()), end_(at_ + text.size()), name_(name), events_(events) {}

  void run() {
    next();
    while (kind_ != Kind::End) {
      switch (kind_) {
      case Kind::Block:
        in_block_ = true;
        events_.block(value_.text.substr(5));
        next();
        break;
      case Kind::Loop:
        loop();
        break;
      case Kind::Tag:
        item();
        break;
      case Kind::Frame:
        next();
        break; // dictionaries have them; their items are read as those of the block
      case Kind::Value:
        wrong("a value without a tag");
      case Kind::End:
        break;
      }
    }
  }

private:
  enum class Kind { End, Block, Loop, Frame, Tag, Value };

  [[noreturn]] void wrong(const char* what) const {
    fail(name_, ":", token_line_, ": ", what, ", which is no CIF; the file is truncated or damaged, fetch it again.");
  }
  static bool blank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
  /// Whether the token begins with a reserved word, given in small letters.
  bool begins(std::string_view word) const {
    if (value_.text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      const char c = value_.text[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != word[i]) return false;
    }
    return true;
  }

  void next() {
    for (; at_ != end_; ++at_) {
      if (*at_ == '#')
        while (at_ + 1 != end_ && at_[1] != '\n') ++at_;
      else if (*at_ == '\n')
        ++line_;
      else if (!blank(*at_))
        break;
      line_start_ = *at_ == '\n';
    }
    token_line_ = line_;
    if (at_ == end_) {
      kind_ = Kind::End;
    } else if (*at_ == ';' && line_start_) {
      text_field();
    } else if (*at_ == '\'' || *at_ == '"') {
      quoted();
    } else {
      word();
    }
    line_start_ = false;
  }
  void text_field() {
    const char* const begin = ++at_;
    for (; at_ != end_; ++at_) {
      if (*at_ != '\n') continue;
      ++line_;
      if (at_ + 1 == end_ || at_[1] != ';') continue;
      const char* last = at_ != begin && at_[-1] == '\r' ? at_ - 1 : at_;
      value_ = {{begin, static_cast<std::size_t>(last - begin)}, true};
      kind_ = Kind::Value;
      at_ += 2;
      return;
    }
    wrong("text that starts with ';' does not end");
  }
  void quoted() {
    const char quote = *at_;
    const char* const begin = ++at_;
    for (; at_ != end_ && *at_ != '\n'; ++at_) {
      if (*at_ != quote || (at_ + 1 != end_ && !blank(at_[1]))) continue;
      value_ = {{begin, static_cast<std::size_t>(at_ - begin)}, true};
      kind_ = Kind::Value;
      ++at_;
      return;
    }
    wrong("a quote does not end within its line");
  }
  void word() {
    const char* const begin = at_;
    while (at_ != end_ && !blank(*at_)) {
      const auto byte = static_cast<unsigned char>(*at_++);
      if (byte < 0x20 || byte == 0x7f) wrong("a control character");
    }
    value_ = {{begin, static_cast<std::size_t>(at_ - begin)}, false};
    const char first = value_.text[0];
    if (first == '_')
      kind_ = Kind::Tag;
    else if ((first == 'd' || first == 'D') && begins("data_"))
      kind_ = Kind::Block;
    else if ((first == 'l' || first == 'L') && value_.text.size() == 5 && begins("loop_"))
      kind_ = Kind::Loop;
    else if ((first == 's' || first == 'S') && begins("save_"))
      kind_ = Kind::Frame;
    else if ((first == 's' || first == 'S' || first == 'g' || first == 'G') &&
             ((value_.text.size() == 5 && begins("stop_")) || (value_.text.size() == 7 && begins("global_"))))
      wrong("a reserved word (stop_ or global_)");
    else
      kind_ = Kind::Value;
    if ((kind_ == Kind::Tag || kind_ == Kind::Loop) && !in_block_) wrong("data before the first \"data_\"");
  }

  void loop() {
    tags_.clear();
    for (next(); kind_ == Kind::Tag; next()) tags_.push_back(value_.text);
    if (tags_.empty()) wrong("a loop without tags");
    const bool wanted = events_.loop(tags_);
    values_.clear();
    Index row_line = token_line_;
    for (; kind_ == Kind::Value; next()) {
      if (values_.empty()) row_line = token_line_;
      values_.push_back(value_);
      if (values_.size() < tags_.size()) continue;
      if (wanted) events_.row(values_, row_line);
      values_.clear();
    }
    if (!values_.empty())
      fail(name_, ":", row_line, ": the loop of ", tags_[0], " ends here within a row, after ", values_.size(), " of ",
           tags_.size(), " values; the file is truncated or damaged, fetch it again.");
  }
  void item() {
    const std::string_view tag = value_.text;
    const Index line = token_line_;
    next();
    if (kind_ != Kind::Value) {
      token_line_ = line;
      wrong("a tag without a value");
    }
    events_.item(tag, value_, line);
    next();
  }

  const char *at_, *end_;
  const std::string& name_;
  CifEvents& events_;
  Kind kind_ = Kind::End;
  CifValue value_;
  Index line_ = 1, token_line_ = 1; // of the text, of the token at hand
  bool line_start_ = true, in_block_ = false;
  std::vector<std::string_view> tags_;
  std::vector<CifValue> values_;
};

} // namespace detail

/// Reads CIF text of a file called `name`. \throws Error that names the line of text that is no CIF, and what events throw.
inline void read_cif(std::string_view text, const std::string& name, CifEvents& events) {
  detail::CifReader(text, name, events).run();
}

} // namespace pleat::inline v0_1
