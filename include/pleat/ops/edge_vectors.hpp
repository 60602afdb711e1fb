#pragma once
/// \file  Positions to vectors: the difference of the two ends of each edge, which does not see where the structure lies.

#include <pleat/ops/gather_rows.hpp>

namespace pleat::inline v0_1 {

/// y_e = x[target of e] - x[source of e] in Angstrom: one vector channel per edge. The gradient reaches the positions. An edge
/// from a node to itself gives the zero vector. The spans of the topology must outlive the pass.
template <class Context, class Node>
constexpr Rows<Context, 1, Equivariant<Edge>> edge_vectors(Context& run, const GraphTopology& topology,
                                                           const Rows<Context, 1, Coordinates<Node>>& positions) {
  return detail::gather<Context, 1, Coordinates<Node>, Equivariant<Edge>>(run, topology, &positions, &positions, nullptr, -1);
}

} // namespace pleat::inline v0_1
