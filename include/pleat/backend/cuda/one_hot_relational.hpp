#pragma once
/// \file  Relational convolution of one-hot nodes on CUDA: forward adds up rows of the transposed weight, which stays in the
/// cache; the gradient of the weight is a product with counts of columns, formed for a tile of nodes at a time.

#include <pleat/backend/cuda/linear.hpp>
#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/one_hot_relational.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Weights of one-hot rows as rows: form (Slots + 1, In, stride_of(Out)) from weight (Out, Slots * In) and, last, self (Out, In).
// Bytes: the form, twice.
template <class T, Index Slots, Index In, Index Out>
__global__ void __launch_bounds__(256) one_hot_form(const T* weight, const T* self, T* form) {
  constexpr Index stride = stride_of(Out);
  const Index i = global_thread(), row = i / stride, o = i % stride;
  if (row >= (Slots + 1) * In) return;
  const bool own = row >= Slots * In;
  form[i] = o >= Out ? T(0) : own ? self[o * stride_of(In) + row - Slots * In] : weight[o * stride_of(Slots * In) + row];
}

// A thread has a pack of channels of a node; one chain over the edges in order, then the node itself. Bytes a row: a stride
// written, and one of the form for each edge and hot column.
template <class T, Index Relations, Index In, Index Out>
__global__ void __launch_bounds__(256)
    one_hot_relational_forward(const std::int32_t* columns, Index hot, const T* form, const T* bias, const T* self_bias, T* y,
                               const Index* incoming, const std::int32_t* source, const Index* nodes) {
  using Channels = PackOf<T>;
  constexpr Index stride = stride_of(Out), packs = stride / Channels::size;
  const Index v = global_thread() / packs, c = global_thread() % packs * Channels::size;
  if (v >= *nodes) return;
  auto sum = Channels::read(bias + c);
  const auto plus = [&](const T* row) {
    const auto other = Channels::read(row + c);
#pragma unroll
    for (int i = 0; i < Channels::size; ++i) sum.at[i] += other.at[i];
  };
  plus(self_bias);
  const auto add_columns = [&](Index relation, Index from) {
    for (Index h = 0; h < hot; ++h)
      if (const std::int32_t column = columns[from * hot + h]; column >= 0) plus(form + (relation * In + column) * stride);
  };
  for (Index r = 0; r < Relations; ++r)
    for (Index e = incoming[v * Relations + r]; e < incoming[v * Relations + r + 1]; ++e) add_columns(r, source[e]);
  add_columns(Relations, v);
  sum.write(y + v * stride + c);
}

// Row r of `counts` (rows, stride_of(Slots * In)): how often each column is hot on the edges into node begin + r by relation; of
// `own` (rows, stride_of(In)): on the node itself. Zeros from *nodes on. A thread has a column of a node. Bytes a row: its
// columns written, and hot indices an edge of the relation (from the cache).
template <class Operand, Index Relations, Index In>
__global__ void __launch_bounds__(256)
    count_hot_columns(const std::int32_t* columns, Index hot, const Index* incoming, const std::int32_t* source, Operand* counts,
                      Operand* own, Index begin, const Index* nodes, Index rows) {
  constexpr Index all = (Relations + 1) * In;
  const Index i = global_thread(), r = i / all, relation = i % all / In, c = i % In, v = begin + r;
  if (r >= rows) return;
  int count = 0;
  const auto add_columns = [&](Index from) {
    for (Index h = 0; h < hot; ++h) count += columns[from * hot + h] == c ? 1 : 0;
  };
  if (v < *nodes) {
    if (relation == Relations)
      add_columns(v);
    else
      for (Index e = incoming[v * Relations + relation]; e < incoming[v * Relations + relation + 1]; ++e) add_columns(source[e]);
  }
  Operand* const to = relation < Relations ? counts + r * stride_of(Relations * In) + relation * In : own + r * stride_of(In);
  to[c] = Operand(static_cast<float>(count)); // exact up to 256 also in bfloat16
}

} // namespace cuda

template <> struct kernel<one_hot_relational_op, Cuda> {
  template <Index Relations, Index In, Index Out> struct At {
    static constexpr Index in = stride_of(In), out = stride_of(Out), columns = stride_of(Relations * In);

    template <class T> static void forward(const Cuda& cuda, const one_hot_relational_op::Forward<T>& a) {
      const Index nodes = a.graph.node_count();
      const auto view = [&](const auto& span) { return cuda.stream->view(span.data(), static_cast<Index>(span.size())); };
      cuda::launch(cuda, cuda::grid_for(a.plan.form()), cuda::one_hot_form<T, Relations, In, Out>, a.weight, a.self, a.form);
      cuda::launch(cuda, cuda::bucket_grid(nodes, out / cuda::per_access<T>),
                   cuda::one_hot_relational_forward<T, Relations, In, Out>,
                   cuda.stream->view(a.columns, nodes * a.plan.hot, capacity_of(nodes) * a.plan.hot), a.plan.hot,
                   static_cast<const T*>(a.form), a.bias, a.self_bias, a.y, cuda::incoming_of(cuda, a.graph),
                   view(a.graph.source), cuda.stream->count(nodes));
    }
    template <class T, class Operand>
    static void backward(const Cuda& cuda, const one_hot_relational_op::Backward<T, Operand>& a) {
      const Index nodes = a.graph.node_count();
      const auto view = [&](const auto& span) { return cuda.stream->view(span.data(), static_cast<Index>(span.size())); };
      if (a.dbias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, nodes, a.dbias);
      if (a.dself_bias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, nodes, a.dself_bias);
      if (a.dweight == nullptr && a.dself == nullptr) return;
      constexpr Index tile = cuda::rows_at_once(cuda::Stream::workspace_bytes / ((columns + in) * Index(sizeof(Operand))));
      static_assert(tile > 0, "pleat: this layer does not fit into the workspace of a GPU; use fewer channels.");
      const Index* const count = cuda.stream->count(nodes);
      auto *const counts = cuda.stream->template workspace<Operand>(tile * (columns + in)), *const own = counts + tile * columns;
      if constexpr (sizeof(Operand) == sizeof(T)) cuda::clear_beyond_of<Out>(cuda, a.dy_operands, nodes);
      for (Index begin = 0, all = capacity_of(nodes); begin < all; begin += tile) {
        const Index rows = all - begin < tile ? all - begin : tile;
        cuda::launch(cuda, cuda::grid_for(rows * (Relations + 1) * In), cuda::count_hot_columns<Operand, Relations, In>,
                     cuda.stream->view(a.columns, nodes * a.plan.hot, capacity_of(nodes) * a.plan.hot), a.plan.hot,
                     cuda::incoming_of(cuda, a.graph), view(a.graph.source), counts, own, begin, count, rows);
        const Operand* const dy = a.dy_operands + begin * out;
        if (a.dweight != nullptr)
          cuda::gemm<T, Operand>(cuda, {counts, columns, false, dy, out, true, a.dweight, a.dweight, columns, nullptr,
                                        Relations * In, Out, rows, true, true});
        if (a.dself != nullptr)
          cuda::gemm<T, Operand>(cuda, {own, in, false, dy, out, true, a.dself, a.dself, in, nullptr, In, Out, rows, true, true});
      }
    }
  };
};

} // namespace pleat::inline v0_1
