#pragma once
/// \file  Linear layers on CUDA: a product by the library with bias and residual in its store, and where more follows, one pass
/// over it.

#include <pleat/backend/cuda/activation.hpp>
#include <pleat/backend/cuda/gemm.hpp>
#include <pleat/backend/cuda/operands.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/ops/linear.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// What follows a product: y = last(act(first(y + addend)) + residual), the value before the activation kept; tails become zero.
// 16 bytes a thread, however wide the rows are.
template <Activation F, class T, Index Width>
__global__ void __launch_bounds__(256)
    linear_store(T* y, T* before, const T* addend, const T* slope, const T* shift, const T* residual, const T* last_slope,
                 const T* last_shift, const Index* rows) {
  using P = PackOf<T>;
  constexpr Index packs = stride_of(Width) / P::size;
  const Index i = global_thread();
  if (i >= *rows * packs) return;
  const Index at = i * P::size, channel = i % packs * P::size;
  P v = P::read(y + at);
  const auto affine = [&](const T* by, const T* and_add) {
    const P s = P::read(by + channel), t = P::read(and_add + channel);
#pragma unroll
    for (int k = 0; k < P::size; ++k) v.at[k] = fused(s.at[k], v.at[k], t.at[k]);
  };
  const auto plus = [&](const T* rows_too) {
    const P w = P::read(rows_too + at);
#pragma unroll
    for (int k = 0; k < P::size; ++k) v.at[k] += w.at[k];
  };
#pragma unroll
  for (int k = 0; k < P::size; ++k) v.at[k] = channel + k < Width ? v.at[k] : 0;
  if (addend != nullptr) plus(addend);
  if (slope != nullptr) affine(slope, shift);
  if (before != nullptr) v.write(before + at);
#pragma unroll
  for (int k = 0; k < P::size; ++k) v.at[k] = activated<F>(v.at[k]);
  if (residual != nullptr) plus(residual);
  if (last_slope != nullptr) affine(last_slope, last_shift);
  v.write(y + at);
}

// Zeros in the tails of rows that a product wrote without them. Bytes a row: its tail.
template <class T, Index Width> __global__ void __launch_bounds__(256) clear_tails(T* y, const Index* row_count) {
  const Index rows = *row_count;
  constexpr Index stride = stride_of(Width), tail = stride - Width;
  const Index i = global_thread();
  if (i < rows * tail) y[i / tail * stride + Width + i % tail] = T(0);
}

// Partial sums over rows_of_sum rows, channel by channel. Bytes a row: a stride.
template <class T, Index Width>
__global__ void __launch_bounds__(256) sum_rows(const T* x, AccumulateOf<T>* partial, const Index* row_count) {
  const Index rows = *row_count;
  using A = AccumulateOf<T>;
  constexpr Index stride = stride_of(Width);
  const Index begin = block() * rows_of_sum, end = begin + rows_of_sum < rows ? begin + rows_of_sum : rows;
  for (Index c = thread(); c < stride; c += threads()) {
    A sum = 0;
    for (Index r = begin; r < end; ++r) sum += static_cast<A>(x[r * stride + c]);
    partial[block() * stride + c] = sum;
  }
}
/// Zeros in the tails of rows that a product wrote.
template <Index Width, class T> void clear_tails_of(const Cuda& cuda, T* y, Index rows) {
  if constexpr (stride_of(Width) != Width)
    launch(cuda, bucket_grid(rows, stride_of(Width) - Width), clear_tails<T, Width>, y, cuda.stream->count(rows));
}

// Zeros in the rows of a block beyond the count, up to its capacity. Bytes: a stride for each of these.
template <class T, Index Width>
__global__ void __launch_bounds__(256) clear_beyond(T* y, const Index* row_count, Index capacity) {
  constexpr Index stride = stride_of(Width);
  const Index i = *row_count * stride + global_thread();
  if (i < capacity * stride) y[i] = T{};
}
/// The same as a call, for products that sum over rows.
template <Index Width, class T> void clear_beyond_of(const Cuda& cuda, const T* y, Index rows) {
  const Index capacity = capacity_of(rows), most = capacity > 16 ? capacity / 4 : capacity; // what a bucket holds beyond a count
  launch(cuda, grid_for(most * stride_of(Width)), clear_beyond<T, Width>, const_cast<T*>(y), cuda.stream->count(rows), capacity);
}
/// dweight (Out, stride_of(In)) += dy^T x, the one product that sums over rows: those beyond the count are zero in rounded
/// copies, and are cleared first in rows, in both blocks.
template <class T, Index Out, Index In, class Operand>
void add_outer_product(const Cuda& cuda, const Operand* dy, const Operand* x, Index rows, T* dweight) {
  constexpr Index out = stride_of(Out), in = stride_of(In);
  if constexpr (sizeof(Operand) == sizeof(T)) {
    clear_beyond_of<Out>(cuda, dy, rows);
    clear_beyond_of<In>(cuda, x, rows);
  }
  gemm<T, Operand>(cuda, {x, in, false, dy, out, true, dweight, dweight, in, nullptr, in, Out, capacity_of(rows), true, true});
}

/// to (stride) += sum of the rows of x, in a fixed order.
template <class T, Index Width> void add_row_sum(const Cuda& cuda, const T* x, Index rows, T* to) {
  using A = AccumulateOf<T>;
  const Index parts = sums_of(rows), stride = stride_of(Width);
  A* const partial = cuda.stream->workspace<A>(parts * stride);
  launch(cuda, {parts, 256, 0}, sum_rows<T, Width>, x, partial, cuda.stream->count(rows));
  launch(cuda, grid_for(stride), finish_sums<A, T>, static_cast<const A*>(partial), parts, stride, to);
}

} // namespace cuda

// Not inline, since programs that are compiled without CUDA call it; weak, since several sources may have it.
[[gnu::weak]] void kernel<prepare_op, Cuda>::round(const Cuda& device, Bfloat16* to, const float* values, Index count) {
  cuda::launch(device, cuda::grid_for(count / cuda::per_access<Bfloat16>), cuda::round_elements<float, Bfloat16>, values, to,
               nullptr, Index(0), count);
}

template <> struct kernel<linear_op, Cuda> {
  // Products run over whole strides where these are zero in both factors: more even sizes for the library, and zeros in tails.
  template <Index Out, Index In> struct At {
    static constexpr Index out = stride_of(Out), in = stride_of(In);

    template <class T, class Operand> static void forward(const Cuda& cuda, const linear_op::Forward<T, Operand>& a) {
      const bool plain = a.activation == Activation::None && a.addend == nullptr && a.slope == nullptr && a.before == nullptr &&
                         a.last_slope == nullptr && (a.residual == nullptr || out == Out);
      const T* const added = plain ? a.residual : nullptr;
      cuda::gemm<T, Operand>(cuda, {a.form, in, true, a.x, in, false, added, a.y, out, a.bias, Out, capacity_of(a.rows), in,
                                    added != nullptr, false});
      if (plain) return cuda::clear_tails_of<Out>(cuda, a.y, a.rows);
      cuda::with_activation(a.activation, [&](auto f) {
        cuda::launch(cuda, cuda::pointwise_grid<T, Out>(a.rows), cuda::linear_store<decltype(f)::value, T, Out>, a.y, a.before,
                     a.addend, a.slope, a.shift, a.residual, a.last_slope, a.last_shift, cuda.stream->count(a.rows));
      });
    }
    template <class T, class Operand>
    static void input_gradient(const Cuda& cuda, const linear_op::InputGradient<T, Operand>& a) {
      cuda::gemm<T, Operand>(cuda, {a.form, in, false, a.dy, out, false, a.dx, a.dx, in, nullptr, in, capacity_of(a.rows), Out,
                                    a.accumulate, false});
    }
    template <class T, class Operand>
    static void weight_gradient(const Cuda& cuda, const linear_op::WeightGradient<T, Operand>& a) {
      if (a.dweight != nullptr) cuda::add_outer_product<T, Out, In>(cuda, a.dy_operands, a.x, a.rows, a.dweight);
      if (a.dbias != nullptr) cuda::add_row_sum<T, Out>(cuda, a.dy, a.rows, a.dbias);
    }
  };
};

} // namespace pleat::inline v0_1
