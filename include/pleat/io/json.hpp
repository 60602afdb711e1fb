#pragma once
/// \file  A small strict JSON value, reader and writer: for configurations, checkpoint headers, logs and results.
///
/// Strict means RFC 8259 and no more: UTF-8 is checked, lone surrogates, duplicate keys, trailing text, numbers out of range and
/// nesting over a limit are refused, each with the byte offset. Objects keep the order in which members were set.

#include <charconv>
#include <cmath>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

namespace detail {
/// Bytes of the UTF-8 character that starts at `at`; 0 for overlong forms, surrogates, what lies beyond U+10FFFF, and garbage.
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const unsigned a = byte(0), b = byte(1);
  if (a < 0x80) return 1;
  const std::size_t length = a >= 0xc2 && a < 0xe0 ? 2 : a >= 0xe0 && a < 0xf0 ? 3 : a >= 0xf0 && a < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool wrong = (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) || (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f);
  return wrong ? 0 : length;
}
} // namespace detail

class Json {
public:
  enum class Kind : std::uint8_t { Null, Boolean, Integer, Real, String, Array, Object };

  Json() = default;
  Json(bool value) : kind_(Kind::Boolean), boolean_(value) {}
  /// Any integer type; all of int64 and uint64 are kept exactly (seeds, counters).
  template <class Whole>
  requires std::is_integral_v<Whole> Json(Whole value) : kind_(Kind::Integer), integer_(static_cast<std::int64_t>(value)) {
    if constexpr (std::is_unsigned_v<Whole>) large_ = integer_ < 0;
  }
  Json(double value) : kind_(Kind::Real), real_(value) {}
  Json(const char* value) : kind_(Kind::String), string_(value) {}
  Json(std::string value) : kind_(Kind::String), string_(std::move(value)) {}
  Json(std::string_view value) : kind_(Kind::String), string_(value) {}

  static Json array() { return of(Kind::Array); }
  static Json object() { return of(Kind::Object); }

  /// Reads one document. `name` stands in the errors (a file's path). \throws Error with the byte offset.
  static Json parse(std::string_view text, std::string_view name = "JSON text", int max_depth = 64);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::Null; }
  bool is_boolean() const { return kind_ == Kind::Boolean; }
  bool is_integer() const { return kind_ == Kind::Integer && !large_; } // one that `integer()` gives
  bool is_number() const { return kind_ == Kind::Integer || kind_ == Kind::Real; }
  bool is_string() const { return kind_ == Kind::String; }
  bool is_array() const { return kind_ == Kind::Array; }
  bool is_object() const { return kind_ == Kind::Object; }

  bool boolean() const { return expect(Kind::Boolean, "true or false"), boolean_; }
  std::int64_t integer() const {
    expect(Kind::Integer, "an integer");
    require(!large_, "JSON: the integer ", static_cast<std::uint64_t>(integer_), " does not fit into 64 bits with a sign.");
    return integer_;
  }
  std::uint64_t unsigned_integer() const {
    expect(Kind::Integer, "an integer");
    require(large_ || integer_ >= 0, "JSON: expected an integer of at least 0, found ", integer_, ".");
    return static_cast<std::uint64_t>(integer_);
  }
  const std::string& string() const { return expect(Kind::String, "a string"), string_; }
  double number() const {
    if (kind_ == Kind::Integer)
      return large_ ? static_cast<double>(static_cast<std::uint64_t>(integer_)) : static_cast<double>(integer_);
    return expect(Kind::Real, "a number"), real_;
  }

  /// Elements of an array, or values of an object in the order of `keys()`.
  const std::vector<Json>& items() const {
    require(is_array() || is_object(), "JSON: expected an array or an object, found ", name_of(kind_), ".");
    return items_;
  }
  const std::vector<std::string>& keys() const { return expect(Kind::Object, "an object"), keys_; }
  Index size() const { return static_cast<Index>(items_.size()); }

  /// The member of an object, or null if there is none.
  const Json* find(std::string_view key) const {
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (keys_[i] == key) return &items_[i];
    return nullptr;
  }
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Json& at(std::string_view key) const {
    const Json* found = find(key);
    require(found != nullptr, "JSON: the member \"", key, "\" is missing.");
    return *found;
  }

  /// Sets (or replaces) a member; a null value becomes an object first.
  Json& set(std::string key, Json value) {
    if (is_null()) kind_ = Kind::Object;
    expect(Kind::Object, "an object");
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (keys_[i] == key) return items_[i] = std::move(value), *this;
    keys_.push_back(std::move(key));
    items_.push_back(std::move(value));
    return *this;
  }
  /// Appends an element; a null value becomes an array first.
  Json& push(Json value) {
    if (is_null()) kind_ = Kind::Array;
    expect(Kind::Array, "an array");
    items_.push_back(std::move(value));
    return *this;
  }

  /// Text of the value: one line, or with `indent` spaces a level. Doubles read back bit for bit; what JSON cannot hold
  /// (infinities, NaN) is written as null, so that a log line of a diverged run can still be written.
  std::string dump(int indent = -1) const {
    std::string out;
    write(out, indent, 0);
    return out;
  }

  friend bool operator==(const Json& a, const Json& b) {
    if (a.kind_ != b.kind_) return false;
    switch (a.kind_) {
    case Kind::Null:
      return true;
    case Kind::Boolean:
      return a.boolean_ == b.boolean_;
    case Kind::Integer:
      return a.integer_ == b.integer_ && a.large_ == b.large_;
    case Kind::Real:
      return !(a.real_ < b.real_) && !(b.real_ < a.real_);
    case Kind::String:
      return a.string_ == b.string_;
    case Kind::Array:
      return a.items_ == b.items_;
    case Kind::Object:
      return a.keys_ == b.keys_ && a.items_ == b.items_;
    }
    return false;
  }

  /// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 (headers of old files) become U+FFFD.
  static void quote(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      const auto byte = static_cast<unsigned char>(c);
      const std::size_t length = detail::utf8_length(text, at);
      if (length == 0)
        out += "\\ufffd";
      else if (c == '"' || c == '\\')
        (out += '\\') += c;
      else if (c == '\n')
        out += "\\n";
      else if (c == '\t')
        out += "\\t";
      else if (c == '\r')
        out += "\\r";
      else if (byte < 0x20 || byte == 0x7f)
        ((out += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
      else
        out.append(text, at, length);
      at += length == 0 ? 1 : length;
    }
    out += '"';
  }

private:
  friend class JsonReader;
  static Json of(Kind kind) {
    Json value;
    value.kind_ = kind;
    return value;
  }
  static const char* name_of(Kind kind) {
    static constexpr const char* names[] = {"null", "a boolean", "an integer", "a number", "a string", "an array", "an object"};
    return names[static_cast<int>(kind)];
  }
  void expect(Kind kind, const char* what) const {
    if (kind_ != kind) [[unlikely]]
      fail("JSON: expected ", what, ", found ", name_of(kind_), ".");
  }

  void write(std::string& out, int indent, int level) const {
    char digits[32];
    switch (kind_) {
    case Kind::Null:
      out += "null";
      break;
    case Kind::Boolean:
      out += boolean_ ? "true" : "false";
      break;
    case Kind::Integer: {
      char* end = digits + sizeof digits;
      out.append(digits, large_ ? std::to_chars(digits, end, static_cast<std::uint64_t>(integer_)).ptr
                                : std::to_chars(digits, end, integer_).ptr);
      break;
    }
    case Kind::Real: {
      if (!std::isfinite(real_)) {
        out += "null";
        break;
      }
      const std::string_view text(digits,
                                  static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, real_).ptr - digits));
      out += text;
      if (text.find_first_of(".e") == text.npos) out += ".0"; // stays a real when read back
      break;
    }
    case Kind::String:
      quote(out, string_);
      break;
    case Kind::Array:
    case Kind::Object: {
      const bool object = kind_ == Kind::Object;
      const auto line = [&](int depth) {
        if (indent >= 0) (out += '\n').append(static_cast<std::size_t>(indent * depth), ' ');
      };
      out += object ? '{' : '[';
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i > 0) out += ',';
        line(level + 1);
        if (object) {
          quote(out, keys_[i]);
          out += indent >= 0 ? ": " : ":";
        }
        items_[i].write(out, indent, level + 1);
      }
      if (!items_.empty()) line(level);
      out += object ? '}' : ']';
      break;
    }
    }
  }

  Kind kind_ = Kind::Null;
  bool boolean_ = false;
  bool large_ = false; // integer_ holds the bits of a uint64 above the int64 range
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string string_;
  std::vector<Json> items_;       // elements, or values of members
  std::vector<std::string> keys_; // of an object, as long as items_
};

} // namespace pleat::inline v0_1

#include <pleat/io/json_reader.hpp>
