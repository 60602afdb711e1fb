#pragma once
/// \file  Angle bins of a batch of graphs: for each centre a table over (edge in, edge out) in place of the line graph.

#include <cmath>

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// Bins of [0, pi] that the angle between two edges falls into.
inline constexpr Index angle_bin_count = 8;

struct angle_bins_op {
  template <class T> struct Forward {
    const T* coordinates; // (nodes, 3), elements `stride` apart
    Index stride;
    GraphTopology graph;
    std::uint8_t* bins; // (arcs)
  };
};

/// Bin of the angle at b between the directions to a and to c by the published formula, in double: theta = atan2(|u x w|, u.w),
/// min(floor(8 theta / pi), 7). Where a or c lies on b (an edge to itself) theta is 0. Without a number (NaN, infinity) bin 0.
inline int angle_bin(const double a[3], const double b[3], const double c[3]) {
  const double u[3] = {c[0] - b[0], c[1] - b[1], c[2] - b[2]}, w[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  const double dot = 0.0 + u[0] * w[0] + u[1] * w[1] + u[2] * w[2]; // never -0, whose angle would be pi
  const double x = u[1] * w[2] - u[2] * w[1], y = u[2] * w[0] - u[0] * w[2], z = u[0] * w[1] - u[1] * w[0];
  const double place = std::atan2(std::sqrt(x * x + y * y + z * z), dot) * 8 / 3.14159265358979323846;
  return place >= 7 ? 7 : place > 0 ? static_cast<int>(place) : 0;
}

/// Bins (arc_count) of 8 bits: element `arcs[v] + i * outdegree(v) + j` is the bin at v between its i-th edge in (edge
/// `in_begin(v) + i`) and its j-th edge out (edge `leaving[outgoing[v] + j]`), going back to where one came from included (bin
/// 0). `x`: current coordinates in Angstrom, noised or not. The bins are those of `angle_bin`, the same at every instruction set,
/// and in double the same as in float for coordinates that are float numbers. A step function: no gradient. Errors: another
/// number of nodes. The arrays of `graph` must outlive the pass.
template <class Context, class Node>
constexpr Rows<Context, 1, std::uint8_t> angle_bins(Context& run, const GraphTopology& graph,
                                                    const Rows<Context, 1, Coordinates<Node>>& x) {
  using T = typename Context::Stream;
  const Index arcs = graph.arc_count();
  auto bins = run.template buffer<std::uint8_t>(arcs);
  run.count(32.0 * static_cast<double>(arcs) + 40.0 * static_cast<double>(graph.edge_count()),
            static_cast<double>(arcs) + 6.0 * sizeof(T) * static_cast<double>(graph.edge_count()));
  if constexpr (Context::computes) {
    require(x.count() == vector_components * graph.node_count(), "angle bins: ", x.count(), " rows of coordinates for ",
            graph.node_count(), " nodes; give three rows (x, y, z) a node");
    KernelOf<angle_bins_op, Context>::forward(run.device(),
                                              angle_bins_op::Forward<T>{x.data(), stride_of(1), graph, run.data(bins)});
  }
  return bins;
}

} // namespace pleat::inline v0_1
