#pragma once
/// \file  Graphs on CUDA: their arrays on the device, differences of positions, and rows of one number.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/core/graph.hpp>

namespace pleat::inline v0_1::cuda {

/// An array of the batch on the device.
template <class T> const T* device_view(const Cuda& cuda, std::span<const T> array) {
  return cuda.stream->view(array.data(), static_cast<Index>(array.size()));
}
/// Of a node and a relation the edges into it, of a node those out of it, where the angle table of a node starts.
inline const Index* incoming_of(const Cuda& cuda, const GraphTopology& g) {
  return cuda.stream->view(g.incoming.data(), static_cast<Index>(g.incoming.size()),
                           capacity_of(g.node_count()) * g.relations + 1);
}
inline const Index* outgoing_of(const Cuda& cuda, const GraphTopology& g) {
  return cuda.stream->view(g.outgoing.data(), static_cast<Index>(g.outgoing.size()), capacity_of(g.node_count()) + 1);
}
inline const Index* arc_tables_of(const Cuda& cuda, const GraphTopology& g) {
  return cuda.stream->view(g.arcs.data(), static_cast<Index>(g.arcs.size()), capacity_of(g.node_count()) + 1);
}
/// d = x_u - x_v for positions (nodes, 3), elements stride_of(1) apart; returns |d|^2.
template <class T> __device__ T difference(const T* x, Index u, Index v, T* d) {
  constexpr Index stride = stride_of(1);
#pragma unroll
  for (int k = 0; k < 3; ++k) d[k] = x[(3 * u + k) * stride] - x[(3 * v + k) * stride];
  return fused(d[2], d[2], fused(d[1], d[1], d[0] * d[0]));
}

/// Writes a row of one number, or adds to it; called by `Lanes` neighbouring lanes that all have the number.
template <int Lanes, class T> __device__ void put_number(T* row, AccumulateOf<T> value, bool accumulate = false) {
  constexpr int packs = static_cast<int>(stride_of(1)) / per_access<T>;
  for (int p = thread() % Lanes; p < packs; p += Lanes) {
    Pack<T> moved{};
    if (p == 0) moved.at[0] = static_cast<T>(accumulate ? static_cast<AccumulateOf<T>>(row[0]) + value : value);
    store(row + p * per_access<T>, moved);
  }
}

} // namespace pleat::inline v0_1::cuda
