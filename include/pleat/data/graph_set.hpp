#pragma once
/// \file  Whole structures of which batches are the graphs, for models that take a structure as it is.

#include <utility>

#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_set.hpp>

namespace pleat::inline v0_1 {

/// What a session on graphs is trained on. A record is a structure; its number is the key of its noise.
template <class Graph> class GraphSet {
public:
  explicit GraphSet(StructureSet structures) : structures_(std::move(structures)) {}
  const StructureSet& structures() const { return structures_; }
  Index size() const { return structures_.size(); }
  const std::vector<Index>& lengths() const { return structures_.lengths(); }
  Index residues() const { return structures_.residues(); }

private:
  StructureSet structures_;
};

/// The graphs of a planned batch, of whole structures: pieces say which ones only. Errors: a structure without a node.
template <class Graph> OwnedGraphs<Graph> owned_batch(const GraphSet<Graph>& set, const BatchPieces& pieces) {
  OwnedGraphs<Graph> batch;
  for (const Index record : pieces.records)
    batch.add(graph_source(*set.structures()[record]), static_cast<std::uint32_t>(record));
  return batch;
}

} // namespace pleat::inline v0_1
