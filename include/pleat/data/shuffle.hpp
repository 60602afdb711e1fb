#pragma once
/// \file  Random orders as pure functions of a seed: the same on every platform, without state and without tables.

#include <cstdint>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/core/philox.hpp>

namespace pleat::inline v0_1 {

/// Mixes 64 bits thoroughly (the finaliser of SplitMix64; Steele, Lea, Flood 2014).
constexpr std::uint64_t mix_bits(std::uint64_t x) { return detail::mix64(x + 0x9e3779b97f4a7c15u); }

/// A key from any number of integers; the order counts.
template <class... More> constexpr std::uint64_t hash_of(std::uint64_t first, More... more) {
  std::uint64_t hash = mix_bits(first);
  ((hash = mix_bits(hash ^ static_cast<std::uint64_t>(more))), ...);
  return hash;
}

/// A number in [0, count) from a hash, count in [1, 2^32).
constexpr Index below(std::uint64_t hash, Index count) {
  return static_cast<Index>(((hash >> 32) * static_cast<std::uint64_t>(count)) >> 32);
}

/// Where `position` of [0, count) goes in the random order named by `key`: a bijection, computed in constant time and memory by a
/// six-round Feistel network on the next even number of bits, repeated until the value falls inside (at most 4 turns on average).
constexpr Index permuted(Index position, Index count, std::uint64_t key) {
  int half = 1;
  while ((Index{1} << (2 * half)) < count) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  auto value = static_cast<std::uint64_t>(position);
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (int round = 0; round < 6; ++round) {
      const std::uint64_t next = left ^ (hash_of(key, round, right) & mask);
      left = right;
      right = next;
    }
    value = (left << half) | right;
  } while (value >= static_cast<std::uint64_t>(count));
  return static_cast<Index>(value);
}

} // namespace pleat::inline v0_1
