#pragma once
// Runs a body once per instruction set of this machine and restores the level that was in use.
#include <vector>

#include <pleat/backend/cpu/simd/level.hpp>

inline std::vector<pleat::simd::Level> levels() {
  std::vector<pleat::simd::Level> all;
  for (auto level : {pleat::simd::Level::Portable, pleat::simd::Level::Avx2, pleat::simd::Level::Avx512})
    if (level <= pleat::simd::highest_level()) all.push_back(level);
  return all;
}

template <class Body> void at_each_level(Body&& body) {
  const pleat::simd::Level before = pleat::simd::level();
  for (auto level : levels()) {
    pleat::simd::set_level(level);
    body(pleat::simd::level_name(level));
  }
  pleat::simd::set_level(before);
}
