#pragma once
/// \file  A strict reader of MessagePack, into the same values as JSON: what tables in LMDB files are packed with.

#include <bit>
#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/io/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace pleat::inline v0_1 {

/// Reads one MessagePack value that fills `bytes`. Strings must be UTF-8, keys of maps must be strings and differ; binary strings
/// and extension types are refused, nesting over `max_depth` too. Real numbers may be NaN or infinite. \throws Error with the
/// offset.
class MsgpackReader {
public:
  static Json parse(std::string_view bytes, std::string_view name = "MessagePack data", int max_depth = 64) {
    MsgpackReader reader(bytes, name, max_depth);
    Json value = reader.value(0);
    if (reader.at_ != bytes.size()) reader.error("more bytes follow the value");
    return value;
  }

private:
  MsgpackReader(std::string_view bytes, std::string_view name, int max_depth)
      : bytes_(bytes), name_(name), max_depth_(max_depth) {}

  [[noreturn]] void error(const char* what) const {
    fail(name_, ": ", what, " at byte ", at_, " of ", bytes_.size(), " (not the MessagePack that is read).");
  }
  std::uint64_t number(std::size_t width) {
    if (bytes_.size() - at_ < width) error("unexpected end");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
    return value;
  }
  std::string text(std::uint64_t size) {
    if (size > bytes_.size() - at_) error("a string is longer than what is left");
    const std::string_view found = bytes_.substr(at_, static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < found.size();) {
      const std::size_t length = detail::utf8_length(found, i);
      if (length == 0) error("a string is not UTF-8");
      i += length;
    }
    at_ += found.size();
    return std::string(found);
  }
  Json array(std::uint64_t count, int depth) {
    if (count > bytes_.size() - at_) error("an array is longer than what is left");
    Json result = Json::array();
    for (std::uint64_t i = 0; i < count; ++i) result.push(value(depth + 1));
    return result;
  }
  // Read apart from values, whose maps may nest: a key that is a map has a key, too.
  std::string key() {
    const auto code = static_cast<unsigned>(number(1));
    if (code >= 0xa0 && code < 0xc0) return text(code & 0x1f);
    if (code < 0xd9 || code > 0xdb) error("the key of a map is not a string");
    return text(number(std::size_t{1} << (code - 0xd9)));
  }
  Json map(std::uint64_t count, int depth) {
    if (count > (bytes_.size() - at_) / 2) error("a map is longer than what is left");
    Json result = Json::object();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string name = key();
      if (result.contains(name)) error("a key of a map stands twice");
      result.set(name, value(depth + 1));
    }
    return result;
  }
  Json value(int depth) {
    if (depth > max_depth_) error("nested too deeply");
    const auto code = static_cast<unsigned>(number(1));
    if (code < 0x80) return Json(static_cast<std::int64_t>(code));
    if (code < 0x90) return map(code & 0x0f, depth);
    if (code < 0xa0) return array(code & 0x0f, depth);
    if (code < 0xc0) return Json(text(code & 0x1f));
    if (code >= 0xe0) return Json(static_cast<std::int64_t>(code) - 256);
    switch (code) {
    case 0xc0:
      return Json();
    case 0xc2:
      return Json(false);
    case 0xc3:
      return Json(true);
    case 0xca:
      return Json(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(number(4)))));
    case 0xcb:
      return Json(std::bit_cast<double>(number(8)));
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return Json(number(std::size_t{1} << (code - 0xcc)));
    case 0xd0:
      return Json(static_cast<std::int64_t>(static_cast<std::int8_t>(number(1))));
    case 0xd1:
      return Json(static_cast<std::int64_t>(static_cast<std::int16_t>(number(2))));
    case 0xd2:
      return Json(static_cast<std::int64_t>(static_cast<std::int32_t>(number(4))));
    case 0xd3:
      return Json(static_cast<std::int64_t>(number(8)));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return Json(text(number(std::size_t{1} << (code - 0xd9))));
    case 0xdc:
    case 0xdd:
      return array(number(code == 0xdc ? 2 : 4), depth);
    case 0xde:
    case 0xdf:
      return map(number(code == 0xde ? 2 : 4), depth);
    case 0xc4:
    case 0xc5:
    case 0xc6:
      error("a binary string; text, numbers, arrays and maps are read,");
    default:
      error("an extension type or an unused code; text, numbers, arrays and maps are read,");
    }
  }

  std::string_view bytes_, name_;
  int max_depth_;
  std::size_t at_ = 0;
};

} // namespace pleat::inline v0_1
