#pragma once
// Made-up batches of sequences for steps of training.

#include <pleat/core/philox.hpp>
#include <pleat/session/owned_batch.hpp>

namespace contract {

using namespace pleat;

inline OwnedBatch toy_batch(std::uint64_t seed, const std::vector<Index>& lengths = {40, 13, 1, 0, 70}) {
  OwnedBatch batch;
  Philox draws(seed, 50);
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    std::vector<std::uint8_t> tokens;
    for (Index i = 0; i < lengths[s]; ++i) tokens.push_back(static_cast<std::uint8_t>(4 + draws.index(20)));
    batch.add(tokens, static_cast<std::uint32_t>(seed * 100 + s));
  }
  return batch;
}

} // namespace contract
