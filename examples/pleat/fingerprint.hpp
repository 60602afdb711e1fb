#pragma once
/// \file  Sixteen letters that tell whether a run is continued on the same values or data.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include <pleat/data/shuffle.hpp>

namespace tool {

inline std::string fingerprint(std::span<const std::byte> bytes) {
  std::uint64_t hash = bytes.size();
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, (std::min)(std::size_t{8}, bytes.size() - i));
    hash = pleat::hash_of(hash, word);
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

} // namespace tool
