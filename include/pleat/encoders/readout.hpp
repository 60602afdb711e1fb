#pragma once
/// \file  From the nodes of a graph to one row, as the encoders of structures publish it.

#include <pleat/ops/segment_mean.hpp>

namespace pleat::inline v0_1 {

/// How the nodes of a graph become one row: their sum (GearNet at residue level) or their mean (atom level, Gvp).
enum class Readout : unsigned char { sum, mean };

/// (nodes, Width) -> (graphs, Width); a graph without nodes gets zeros. The spans of the topology must outlive the pass.
template <class Context, Index Width, class Node>
constexpr Rows<Context, Width, Graph> read_out(Context& run, const GraphTopology& graph, const Rows<Context, Width, Node>& h,
                                               Readout readout) {
  detail::require_invariant<Node>();
  return readout == Readout::sum ? graph_sum(run, graph, h) : graph_mean(run, graph, h);
}

} // namespace pleat::inline v0_1
