#pragma once
/// \file  Ragged batches: rows of all sequences packed one after another, plus offsets. No padding anywhere.

#include <cstdint>
#include <span>

#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// What one row of an activation stands for; part of its type, so that rows of different kinds cannot be mixed.
struct Token {};    ///< one residue of a sequence
struct Sequence {}; ///< one sequence of the batch
struct Batch {};    ///< one number for the whole batch (a loss)
struct Residue {};  ///< one residue of a structure
struct Atom {};     ///< one heavy atom of a structure
struct Edge {};     ///< one directed edge of a graph
struct Pair {};     ///< one unordered pair of nodes that an edge joins
struct Graph {};    ///< one graph of the batch

/// Boundaries of the sequences in packed rows: sequence s owns rows [offsets[s], offsets[s + 1]).
struct Segments {
  std::span<const Index> offsets; ///< (sequences + 1), starts with 0; empty: no sequence

  constexpr Index sequences() const { return offsets.empty() ? 0 : static_cast<Index>(offsets.size()) - 1; }
  constexpr Index rows() const { return offsets.empty() ? 0 : offsets[offsets.size() - 1]; }
  constexpr Index begin(Index s) const { return offsets[static_cast<std::size_t>(s)]; }
  constexpr Index end(Index s) const { return offsets[static_cast<std::size_t>(s) + 1]; }
  constexpr Index length(Index s) const { return end(s) - begin(s); }
  constexpr Index longest() const {
    Index longest = 0;
    for (Index s = 0; s < sequences(); ++s) longest = length(s) > longest ? length(s) : longest;
    return longest;
  }
};

/// A batch of sequences as the models read it; all spans are views.
struct SequenceBatch {
  std::span<const std::uint8_t> tokens;   ///< (rows) ESM-2 token numbers
  Segments segments;                      ///< of the rows
  std::span<const std::uint32_t> records; ///< (sequences) number of the record, the key of its noise
  std::span<const Index> starts; ///< (sequences) position in the record of the first row (crops and windows); none: all 0

  constexpr Index rows() const { return segments.rows(); }
  constexpr Index sequences() const { return segments.sequences(); }
};

/// What noise needs to know of the rows of a batch: their segments and records (core/graph.hpp has it of graphs).
constexpr const SequenceBatch& noise_rows(const SequenceBatch& batch) { return batch; }

} // namespace pleat::inline v0_1
