#pragma once
/// \file  The recursive-descent reader behind `Json::parse`; included by json.hpp.

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <pleat/io/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace pleat::inline v0_1 {

/// The recursive-descent reader behind `Json::parse`.
class JsonReader {
public:
  JsonReader(std::string_view text, std::string_view name, int max_depth) : text_(text), name_(name), max_depth_(max_depth) {}

  Json document() {
    Json result = value(0);
    blank();
    if (at_ != text_.size()) error("unexpected text after the document");
    return result;
  }

private:
  [[noreturn]] void error(const char* what) const {
    fail(name_, ": ", what, " at byte ", at_, " of ", text_.size(), " (not valid JSON).");
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    return ++at_, true;
  }
  void blank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }

  Json value(int depth) {
    if (depth > max_depth_) error("nested too deeply");
    blank();
    if (at_ >= text_.size()) error("unexpected end");
    switch (text_[at_]) {
    case '{':
      return object(depth);
    case '[':
      return array(depth);
    case '"':
      return Json(string());
    case 't':
      return word("true"), Json(true);
    case 'f':
      return word("false"), Json(false);
    case 'n':
      return word("null"), Json();
    default:
      return number();
    }
  }

  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) error("unexpected character");
    at_ += expected.size();
  }

  Json array(int depth) {
    Json result = Json::array();
    ++at_;
    blank();
    if (take(']')) return result;
    while (true) {
      result.items_.push_back(value(depth + 1));
      blank();
      if (take(']')) return result;
      if (!take(',')) error("expected ',' or ']'");
    }
  }

  Json object(int depth) {
    Json result = Json::object();
    ++at_;
    blank();
    if (take('}')) return result;
    while (true) {
      blank();
      if (peek() != '"') error("expected a member name");
      result.keys_.push_back(string());
      blank();
      if (!take(':')) error("expected ':'");
      result.items_.push_back(value(depth + 1));
      blank();
      if (take('}')) break;
      if (!take(',')) error("expected ',' or '}'");
    }
    std::vector<std::size_t> order(result.keys_.size()); // sorted, so that a hostile file of a million keys costs n log n
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return result.keys_[a] < result.keys_[b]; });
    for (std::size_t i = 1; i < order.size(); ++i)
      if (result.keys_[order[i - 1]] == result.keys_[order[i]])
        fail(name_, ": the member \"", result.keys_[order[i]], "\" occurs twice in the object that ends at byte ", at_, ".");
    return result;
  }

  Json number() {
    const std::size_t begin = at_;
    bool integral = true;
    const auto digits = [&] {
      if (peek() < '0' || peek() > '9') error(at_ == begin ? "unexpected character" : "malformed number");
      while (peek() >= '0' && peek() <= '9') ++at_;
    };
    take('-');
    if (!take('0')) digits();
    if (take('.')) integral = false, digits();
    if (take('e') || take('E')) {
      integral = false;
      if (!take('+')) take('-');
      digits();
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    const bool minus_zero = last - first == 2 && first[0] == '-' && first[1] == '0'; // keeps its sign as a real
    if (integral && !minus_zero) {
      std::int64_t whole = 0;
      std::uint64_t large = 0;
      if (std::from_chars(first, last, whole).ec == std::errc()) return Json(whole);
      if (first[0] != '-' && std::from_chars(first, last, large).ec == std::errc()) return Json(large);
    }
    double real = 0;
    if (std::from_chars(first, last, real).ec != std::errc()) error("number out of range");
    return Json(real);
  }

  unsigned hex4() {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      if (c >= '0' && c <= '9')
        code = code * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        code = code * 16 + static_cast<unsigned>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        code = code * 16 + static_cast<unsigned>(c - 'A' + 10);
      else
        error("malformed \\u escape");
    }
    return code;
  }

  void escape(std::string& out) {
    static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
    if (!take('u')) {
      const std::size_t which = at_ < text_.size() ? from.find(text_[at_]) : from.npos;
      if (which == from.npos) error("unknown escape");
      return ++at_, void(out += to[which]);
    }
    unsigned code = hex4();
    if (code >= 0xd800 && code < 0xdc00) {
      if (!take('\\') || !take('u')) error("lone surrogate");
      const unsigned low = hex4();
      if (low < 0xdc00 || low > 0xdfff) error("lone surrogate");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff)
      error("lone surrogate");
    const auto put = [&](unsigned byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xc0 | (code >> 6)), put(0x80 | (code & 63));
    if (code < 0x10000)
      put(0xe0 | (code >> 12));
    else
      put(0xf0 | (code >> 18)), put(0x80 | ((code >> 12) & 63));
    put(0x80 | ((code >> 6) & 63));
    put(0x80 | (code & 63));
  }

  std::string string() {
    std::string out;
    ++at_;
    while (true) {
      if (at_ >= text_.size()) error("unterminated string");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) error("control character in a string");
      if (c == '"') return ++at_, out;
      if (c == '\\') {
        ++at_;
        escape(out);
        continue;
      }
      const std::size_t length = detail::utf8_length(text_, at_);
      if (length == 0) error("invalid UTF-8");
      out.append(text_, at_, length);
      at_ += length;
    }
  }

  std::string_view text_;
  std::string_view name_;
  int max_depth_;
  std::size_t at_ = 0;
};

inline Json Json::parse(std::string_view text, std::string_view name, int max_depth) {
  return JsonReader(text, name, max_depth).document();
}

} // namespace pleat::inline v0_1
