#pragma once
/// \file  Messages between edges by angle on CUDA: sums by slot for a tile of units of parallel edges, one product over all
/// slots, and one pass that gives each edge what its unit has.

#include <pleat/backend/cuda/angle_sums.hpp>
#include <pleat/backend/cuda/linear.hpp>
#include <pleat/ops/angle_linear.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// y_e = relu(slope (y_e + term of e's unit) + shift), or without slope as it is, for the edges of the units
// [begin, begin + rows); tails become zero. Bytes a row: 3 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    add_unit_terms(const T* terms, const std::int32_t* first, const std::int32_t* leaving, const T* slope, const T* shift, T* y,
                   Index begin, const Index* count, Index rows) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row(), unit = begin + r;
  if (r >= rows || unit >= *count) return;
  const auto term = Team::read(terms + r * Team::stride);
  for (std::int32_t p = first[unit]; p < first[unit + 1]; ++p) {
    T* const row = y + leaving[p] * Team::stride;
    auto v = Team::read(row);
#pragma unroll
    for (int i = 0; i < Team::values; ++i) v.at[i] = Team::is_channel(i) ? v.at[i] + term.at[i] : 0;
    if (slope != nullptr) {
      const auto by = Team::read(slope), plus = Team::read(shift);
#pragma unroll
      for (int i = 0; i < Team::values; ++i) v.at[i] = activated<Activation::Relu>(fused(by.at[i], v.at[i], plus.at[i]));
    }
    Team::write(row, v);
  }
}

// Row r of `to`: the sum of the rows of x of the edges of unit begin + r; zeros from *count on up to `rows`. Bytes a row: 2
// strides.
template <class T, class Operand, Index Width>
__global__ void __launch_bounds__(256) sum_units(const T* x, const std::int32_t* first, const std::int32_t* leaving, Operand* to,
                                                 Index begin, const Index* count, Index rows) {
  using Team = RowTeam<T, Width>;
  const Index r = Team::row();
  if (r >= rows) return;
  typename Team::Values sum = {};
  if (begin + r < *count)
    for (std::int32_t p = first[begin + r]; p < first[begin + r + 1]; ++p) {
      const auto v = Team::read(x + leaving[p] * Team::stride);
#pragma unroll
      for (int i = 0; i < Team::values; ++i) sum.at[i] += v.at[i];
    }
  Team::write(to + r * Team::stride, sum);
}

} // namespace cuda

template <> struct kernel<angle_linear_op, Cuda> {
  template <Index Slots, Index In, Index Out> struct At {
    static constexpr Index in = stride_of(In), out = stride_of(Out);

    template <class T, class Operand> static void forward(const Cuda& cuda, const angle_linear_op::Forward<T, Operand>& a) {
      constexpr Index columns = cuda::angle_stride<Slots, In>;
      constexpr Index tile = cuda::angle_tile<columns * Index(sizeof(Operand)) + out * Index(sizeof(T))>();
      const auto graph = cuda::arcs_of(cuda, a.graph);
      const auto units = cuda::edge_units(cuda, a.graph);
      const Index all = capacity_of(units.count); // sums beyond the count are zero
      const Index* const count = cuda.stream->count(units.count);
      cuda::gemm<T, Operand>(cuda, {a.self, in, true, a.x_operands, in, false, nullptr, a.y, out, a.self_bias, Out,
                                    capacity_of(a.plan.edges), in, false, false});
      T* const terms = cuda.stream->template workspace<T>(tile * out);
      auto* const sums = reinterpret_cast<Operand*>(terms + tile * out);
      for (Index begin = 0; begin < all; begin += tile) {
        const Index rows = all - begin < tile ? all - begin : tile;
        cuda::sum_by_angle<Slots, In, cuda::Arcs::In>(cuda, a.x, a.bins, graph, units.first, sums, begin, count, rows);
        cuda::gemm<T, Operand>(cuda, {a.weight, columns, true, sums, columns, false, nullptr, terms, out, a.bias, Out, rows,
                                      Slots * In, false, false});
        cuda::launch(cuda, cuda::RowTeam<T, Out>::grid(rows), cuda::add_unit_terms<T, Out>, static_cast<const T*>(terms),
                     units.first, graph.leaving, a.slope, a.shift, a.y, begin, count, rows);
      }
    }

    template <class T, class Operand> static void backward(const Cuda& cuda, const angle_linear_op::Backward<T, Operand>& a) {
      constexpr Index columns = cuda::angle_stride<Slots, Out>;
      constexpr Index tile = cuda::angle_tile<columns * Index(sizeof(Operand)) + in * Index(sizeof(T))>();
      const Index edges = a.plan.edges;
      const bool trains = a.dweight != nullptr;
      const auto work = angle_linear_op::work(a.plan, true, trains);
      const auto graph = cuda::arcs_of(cuda, a.graph);
      const auto units = cuda::edge_units(cuda, a.graph);
      const Index all = capacity_of(units.count); // sums beyond the count are zero
      const Index* const count = cuda.stream->count(units.count);
      if (a.dself != nullptr) cuda::add_outer_product<T, Out, In>(cuda, a.dy_operands, a.x_operands, edges, a.dself);
      if (a.dbias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, edges, a.dbias);
      if (a.dself_bias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, edges, a.dself_bias);
      if (a.dx == nullptr && !trains) return;
      // (Slots * Out, in): the weight, and its gradient.
      auto* const form = reinterpret_cast<Operand*>(a.numbers + work.forms);
      T* const gradient = a.numbers + work.gradient;
      if (a.dx != nullptr) {
        cuda::launch(cuda, cuda::grid_for(Slots * Out * in), cuda::weight_by_slot<Operand, Slots, In, Out>, a.weight, form);
        cuda::gemm<T, Operand>(cuda, {a.self, in, false, a.dy_operands, out, false, a.dx, a.dx, in, nullptr, in,
                                      capacity_of(edges), Out, a.accumulate, false});
      }
      if (trains) cuda.stream->zero(gradient, Slots * Out * in * Index(sizeof(T)));
      // What arrives at a unit from the edges that leave its target, by slot: both gradients are products of it.
      T* const rows_of_units = cuda.stream->template workspace<T>(tile * in);
      auto *const units_operands = reinterpret_cast<Operand*>(rows_of_units), *const sums = reinterpret_cast<Operand*>(
                                                                                  rows_of_units + tile * in);
      for (Index begin = 0; begin < all; begin += tile) {
        const Index rows = all - begin < tile ? all - begin : tile;
        cuda::sum_by_angle<Slots, Out, cuda::Arcs::Out>(cuda, a.dy, a.bins, graph, units.first, sums, begin, count, rows);
        if (a.dx != nullptr) {
          cuda::gemm<T, Operand>(cuda, {form, in, false, sums, columns, false, nullptr, rows_of_units, in, nullptr, in, rows,
                                        Slots * Out, false, false});
          cuda::launch(cuda, cuda::RowTeam<T, In>::grid(rows), cuda::add_unit_terms<T, In>, static_cast<const T*>(rows_of_units),
                       units.first, graph.leaving, nullptr, nullptr, a.dx, begin, count, rows);
        }
        if (trains) {
          cuda::launch(cuda, cuda::RowTeam<T, In>::grid(rows), cuda::sum_units<T, Operand, In>, a.x, units.first, graph.leaving,
                       units_operands, begin, count, rows);
          cuda::gemm<T, Operand>(cuda, {units_operands, in, false, sums, columns, true, gradient, gradient, in, nullptr, in,
                                        Slots * Out, rows, true, true});
        }
      }
      if (trains)
        cuda::launch(cuda, cuda::grid_for(Out * Slots * In), cuda::add_weight_by_slot<T, Slots, In, Out>,
                     static_cast<const T*>(gradient), a.dweight);
    }
  };
};

} // namespace pleat::inline v0_1
