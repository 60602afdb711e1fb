#pragma once
/// \file  A batch of sequences that owns its arrays.

#include <vector>

#include <pleat/core/segments.hpp>
#include <pleat/data/batches.hpp>
#include <pleat/data/sequences.hpp>

namespace pleat::inline v0_1 {

struct OwnedBatch {
  std::vector<std::uint8_t> tokens;   ///< (rows)
  std::vector<Index> offsets{0};      ///< (sequences + 1)
  std::vector<std::uint32_t> records; ///< (sequences)
  std::vector<Index> starts;          ///< (sequences)

  /// Appends a piece of record `record` that begins at residue `start`.
  void add(std::span<const std::uint8_t> piece, std::uint32_t record, Index start = 0) {
    tokens.insert(tokens.end(), piece.begin(), piece.end());
    offsets.push_back(static_cast<Index>(tokens.size()));
    records.push_back(record), starts.push_back(start);
  }
  void clear() {
    tokens.clear(), records.clear(), starts.clear();
    offsets.assign(1, 0);
  }
  Index rows() const { return static_cast<Index>(tokens.size()); }
  /// Valid until the batch changes.
  SequenceBatch view() const { return {tokens, {offsets}, records, starts}; }
};

namespace detail {
template <class Objective> struct BatchOfObjective { using type = OwnedBatch; };
template <class Objective>
requires requires { typename Objective::Batch; }
struct BatchOfObjective<Objective> {
  using type = typename Objective::Batch;
};
} // namespace detail
/// What an objective trains on: sequences, or what it names as its `Batch` (OwnedStructures). Its view() is what the objective
/// reads.
template <class Objective> using BatchOf = typename detail::BatchOfObjective<Objective>::type;

/// The tokens of a planned batch.
inline OwnedBatch owned_batch(const SequenceSet& set, const BatchPieces& pieces) {
  OwnedBatch batch;
  for (std::size_t i = 0; i < pieces.records.size(); ++i)
    batch.add(set.tokens(pieces.records[i])
                  .subspan(static_cast<std::size_t>(pieces.starts[i]), static_cast<std::size_t>(pieces.lengths[i])),
              static_cast<std::uint32_t>(pieces.records[i]), pieces.starts[i]);
  return batch;
}

} // namespace pleat::inline v0_1
