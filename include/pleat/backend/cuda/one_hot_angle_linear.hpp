#pragma once
/// \file  Messages between one-hot edges by angle on CUDA: forward adds up rows of the transposed weight, which stays in the
/// cache. The gradients are those of messages of rows (angle_linear.hpp), the one-hot rows made for a tile of edges at a time.

#include <pleat/backend/cuda/angle_sums.hpp>
#include <pleat/backend/cuda/one_hot_relational.hpp>
#include <pleat/ops/one_hot_angle_linear.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// A thread has a pack of channels of the edge at a position of `leaving`: both biases, the messages of the edges into its source
// in their order, each added up before, then its own. Bytes a row: a stride written, and (hot + 1) of the form for each arc (from
// the cache).
template <class T, Index Slots, Index In, Index Out>
__global__ void __launch_bounds__(256)
    one_hot_angle_forward(const std::int32_t* columns, Index hot, const T* length, const T* form, const T* bias,
                          const T* self_bias, const T* slope, const T* shift, T* y, const std::uint8_t* bins,
                          const Index* incoming, Index relations, const Index* outgoing, const Index* table_begin,
                          const std::int32_t* source, const std::int32_t* leaving, const Index* edges) {
  using Channels = PackOf<T>;
  using A = typename Channels::A;
  constexpr Index stride = stride_of(Out), packs = stride / Channels::size;
  const Index position = global_thread() / packs, c = global_thread() % packs * Channels::size;
  if (position >= *edges) return;
  auto sum = Channels::read(bias + c);
  const auto plus = [](Channels& to, const Channels& other) {
#pragma unroll
    for (int i = 0; i < Channels::size; ++i) to.at[i] += other.at[i];
  };
  plus(sum, Channels::read(self_bias + c));
  const auto add_message = [&](Index from, Index slot) {
    const T* const rows = form + slot * In * stride + c;
    auto message = Channels::read(rows + (In - 1) * stride);
    const A by = static_cast<A>(length[from * stride_of(1)]);
#pragma unroll
    for (int i = 0; i < Channels::size; ++i) message.at[i] *= by;
    for (Index h = 0; h < hot; ++h)
      if (const std::int32_t column = columns[from * hot + h]; column >= 0) plus(message, Channels::read(rows + column * stride));
    plus(sum, message);
  };
  const Index e = leaving[position], b = source[e], first_out = outgoing[b], outside = outgoing[b + 1] - first_out;
  const Index first_in = incoming[b * relations], end_in = incoming[(b + 1) * relations];
  const std::uint8_t* const table = bins + table_begin[b] + position - first_out;
  for (Index a = first_in; a < end_in; ++a) add_message(a, table[(a - first_in) * outside]);
  add_message(e, Slots);
  if (slope != nullptr) {
    const auto by = Channels::read(slope + c), add = Channels::read(shift + c);
#pragma unroll
    for (int i = 0; i < Channels::size; ++i) sum.at[i] = activated<Activation::Relu>(fused(by.at[i], sum.at[i], add.at[i]));
  }
  sum.write(y + e * stride + c);
}

// Row r of `to` (rows, stride_of(In)): ones at the columns of edge begin + r, and its length last; zeros from *edges on. Bytes a
// row: a stride, its columns and a length.
template <class T, class Operand, Index In>
__global__ void __launch_bounds__(256) one_hot_edges(const std::int32_t* columns, Index hot, const T* length, Operand* to,
                                                     Index begin, const Index* edges, Index rows) {
  constexpr Index stride = stride_of(In);
  const Index i = global_thread(), e = begin + i / stride, c = i % stride;
  if (i >= rows * stride) return;
  T value = 0;
  if (e < *edges) {
    for (Index h = 0; h < hot; ++h) value += columns[e * hot + h] == c ? T(1) : T(0);
    if (c == In - 1) value += length[e * stride_of(1)];
  }
  to[i] = Operand(value);
}

// last (Slots + 1, Out): what the length of an edge is multiplied by, for each slot and for the edge itself. Bytes: twice these.
template <class T, Index Slots, Index In, Index Out>
__global__ void __launch_bounds__(256) columns_of_length(const T* weight, const T* self, T* last) {
  const Index i = global_thread(), slot = i / Out, o = i % Out;
  if (slot > Slots) return;
  last[i] = slot < Slots ? weight[o * angle_stride<Slots, In> + slot * In + In - 1] : self[o * stride_of(In) + In - 1];
}

// dlength_e = `last` times what arrives at the edge, by slot (`sums`, as products read them) and by itself (dy): a warp for each
// of the edges [begin, begin + rows). Bytes a row: Slots + 1 times Out.
template <class T, class Operand, Index Slots, Index Out>
__global__ void __launch_bounds__(256) one_hot_length_gradient(const Operand* sums, const T* dy, const T* last, T* dlength,
                                                               Index begin, const Index* edges, Index rows, bool accumulate) {
  using A = AccumulateOf<T>;
  const Index r = global_thread() / warp_size, e = begin + r;
  const bool mine = r < rows && e < *edges;
  A sum = 0;
  if (mine) {
    for (Index i = lane(); i < Slots * Out; i += warp_size)
      sum = fused(static_cast<A>(last[i]), static_cast<A>(sums[r * angle_stride<Slots, Out> + i]), sum);
    for (Index o = lane(); o < Out; o += warp_size)
      sum = fused(static_cast<A>(last[Slots * Out + o]), static_cast<A>(dy[e * stride_of(Out) + o]), sum);
  }
  sum = group_sum(sum);
  if (!mine || lane() >= stride_of(1)) return;
  T* const to = dlength + e * stride_of(1) + lane();
  const A d = lane() == 0 ? sum : A(0);
  *to = static_cast<T>(accumulate ? static_cast<A>(*to) + d : d);
}

} // namespace cuda

template <> struct kernel<one_hot_angle_op, Cuda> {
  template <Index Slots, Index In, Index Out> struct At {
    static constexpr Index in = stride_of(In), out = stride_of(Out);

    template <class T> static void forward(const Cuda& cuda, const one_hot_angle_op::Forward<T>& a) {
      const auto graph = cuda::arcs_of(cuda, a.graph);
      const Index edges = a.plan.edges, hot = a.plan.hot;
      cuda::launch(cuda, cuda::grid_for(a.plan.form()), cuda::one_hot_form<T, Slots, In, Out>, a.weight, a.self, a.scratch);
      cuda::launch(cuda, cuda::bucket_grid(edges, out / cuda::per_access<T>), cuda::one_hot_angle_forward<T, Slots, In, Out>,
                   cuda.stream->view(a.columns, edges * hot, capacity_of(edges) * hot), hot, a.length,
                   static_cast<const T*>(a.scratch), a.bias, a.self_bias, a.slope, a.shift, a.y, a.bins, graph.incoming,
                   graph.relations, graph.outgoing, graph.arcs, graph.source, graph.leaving, cuda.stream->count(edges));
    }

    template <class T, class Operand> static void backward(const Cuda& cuda, const one_hot_angle_op::Backward<T, Operand>& a) {
      const Index edges = a.plan.edges, hot = a.plan.hot;
      if (a.dbias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, edges, a.dbias);
      if (a.dself_bias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, edges, a.dself_bias);
      if (a.dweight == nullptr && a.dself == nullptr && a.dlength == nullptr) return;
      // Of the workspace: the gradient of the weight slot by slot, then for each edge of a tile what arrives at it and its row.
      constexpr Index columns = cuda::angle_stride<Slots, Out>, of_form = Slots * Out * in,
                      bytes_of_form = of_form * Index(sizeof(T));
      constexpr Index tile = cuda::angle_tile<(columns + in) * Index(sizeof(Operand)), bytes_of_form>();
      const auto graph = cuda::arcs_of(cuda, a.graph);
      const std::int32_t* const hot_columns = cuda.stream->view(a.columns, edges * hot, capacity_of(edges) * hot);
      const Index* const count = cuda.stream->count(edges);
      T *const gradient = cuda.stream->template workspace<T>(of_form), *const last = a.scratch;
      auto *const sums = reinterpret_cast<Operand*>(gradient + of_form), *const x = sums + tile * columns;
      if (a.dweight != nullptr) cuda.stream->zero(gradient, bytes_of_form);
      if (a.dlength != nullptr)
        cuda::launch(cuda, cuda::grid_for((Slots + 1) * Out), cuda::columns_of_length<T, Slots, In, Out>, a.weight, a.self, last);
      if constexpr (sizeof(Operand) == sizeof(T))
        if (a.dself != nullptr) cuda::clear_beyond_of<Out>(cuda, a.dy_operands, edges);
      for (Index begin = 0, all = capacity_of(edges); begin < all; begin += tile) {
        const Index rows = all - begin < tile ? all - begin : tile;
        if (a.dweight != nullptr || a.dlength != nullptr)
          cuda::sum_by_angle<Slots, Out, cuda::Arcs::Out>(cuda, a.dy, a.bins, graph, nullptr, sums, begin, count, rows);
        if (a.dlength != nullptr)
          cuda::launch(cuda, cuda::grid_for(rows, cuda::warp_size), cuda::one_hot_length_gradient<T, Operand, Slots, Out>,
                       static_cast<const Operand*>(sums), a.dy, static_cast<const T*>(last), a.dlength, begin, count, rows,
                       a.accumulate);
        if (a.dweight == nullptr && a.dself == nullptr) continue;
        cuda::launch(cuda, cuda::grid_for(rows * in), cuda::one_hot_edges<T, Operand, In>, hot_columns, hot, a.length, x, begin,
                     count, rows);
        if (a.dweight != nullptr)
          cuda::gemm<T, Operand>(
              cuda, {x, in, false, sums, columns, true, gradient, gradient, in, nullptr, In, Slots * Out, rows, true, true});
        if (a.dself != nullptr)
          cuda::gemm<T, Operand>(cuda, {x, in, false, a.dy_operands + begin * out, out, true, a.dself, a.dself, in, nullptr, In,
                                        Out, rows, true, true});
      }
      if (a.dweight != nullptr)
        cuda::launch(cuda, cuda::grid_for(Out * Slots * In), cuda::add_weight_by_slot<T, Slots, In, Out>,
                     static_cast<const T*>(gradient), a.dweight);
    }
  };
};

} // namespace pleat::inline v0_1
