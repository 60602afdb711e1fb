#pragma once
/// \file  A batch of graphs as the encoders of structures read it: who is joined to whom, and the columns of one-hot features.

#include <cstdint>
#include <span>

#include <pleat/core/error.hpp>
#include <pleat/core/segments.hpp>

namespace pleat::inline v0_1 {

/// Edges of a batch of graphs packed one after another; node numbers count through the batch. All spans are views. Edges are
/// sorted by (target, relation, source), so that what flows into a node lies together; the same ordered pair may be joined under
/// several relations. No coordinates: they enter a pass as rows of their own, and may be noised while the edges stay.
struct GraphTopology {
  Segments nodes;                         ///< of the graphs
  Index relations = 0;                    ///< kinds of edges
  std::span<const std::int32_t> source;   ///< (edges)
  std::span<const std::int32_t> target;   ///< (edges)
  std::span<const std::uint8_t> relation; ///< (edges)
  std::span<const Index> incoming; ///< (nodes * relations + 1): edges into v under r are [incoming[v * relations + r], next)
  std::span<const Index> outgoing; ///< (nodes + 1): edges out of u are leaving[outgoing[u]], ... before outgoing[u + 1]
  std::span<const std::int32_t> leaving;     ///< (edges) edge numbers sorted by (source, target, relation)
  std::span<const Index> arcs;               ///< (nodes + 1): where the (in, out) table of angle bins of a centre starts
  std::span<const std::int32_t> pair;        ///< (edges) number of the unordered pair an edge joins; -1: an edge to itself
  std::span<const std::int32_t> pair_first;  ///< (pairs) the lower node number
  std::span<const std::int32_t> pair_second; ///< (pairs) the higher node number
  Segments node_groups = {}; ///< rows of nodes that batch norm sees as batches of their own (conformers); empty: all are one
  Segments edge_groups = {}; ///< the same of edges: group g of edges joins the nodes of group g

  constexpr Index graphs() const { return nodes.sequences(); }
  constexpr Index node_count() const { return nodes.rows(); }
  constexpr Index edge_count() const { return static_cast<Index>(source.size()); }
  constexpr Index pair_count() const { return static_cast<Index>(pair_first.size()); }
  /// Cells of all tables of angle bins: pairs of an edge into a node and an edge out of it, `a -> b -> c`.
  constexpr Index arc_count() const { return arcs.empty() ? 0 : arcs[arcs.size() - 1]; }
  /// Edges into v lie in [in_begin(v), in_end(v)).
  constexpr Index in_begin(Index v) const { return incoming[static_cast<std::size_t>(v * relations)]; }
  constexpr Index in_end(Index v) const { return incoming[static_cast<std::size_t>((v + 1) * relations)]; }
};

/// What an encoder of structures reads beside coordinates; all spans are views.
struct GraphBatch {
  GraphTopology topology;
  std::span<const std::int32_t> node_columns; ///< (nodes, hot columns of a node) which columns of the node features are 1
  std::span<const std::int32_t> edge_columns; ///< (edges, hot columns of an edge) which columns of the edge features are 1
  std::span<const float> positions;           ///< (nodes, 3) Angstrom
  std::span<const std::uint32_t> records;     ///< (graphs) number of the record, the key of its noise
};

/// How the noise of the nodes of graphs is keyed: by the record of the graph and the place of the node in it.
constexpr SequenceBatch noise_rows(const GraphBatch& batch) { return {{}, batch.topology.nodes, batch.records, {}}; }

/// One sentence where a batch cannot be one of `Graph` (data/graph_policy.hpp): for models that are handed views.
template <class Graph> constexpr void require_level(const GraphBatch& batch) {
  const GraphTopology& graph = batch.topology;
  if (graph.relations != Graph::relations ||
      static_cast<Index>(batch.node_columns.size()) != graph.node_count() * Graph::node_columns ||
      static_cast<Index>(batch.edge_columns.size()) != graph.edge_count() * Graph::edge_columns)
    fail("these graphs are none that a model of the ", Graph::name, " reads: they have ", graph.relations,
         " kinds of edges where it has ", Graph::relations, "; make them with OwnedGraphs of the model's own graph");
}

} // namespace pleat::inline v0_1
