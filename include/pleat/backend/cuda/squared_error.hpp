#pragma once
/// \file  Squared error on CUDA: one block for each sequence, so that its mean does not depend on its batch mates.

#include <pleat/backend/cuda/segments.hpp>
#include <pleat/ops/squared_error.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: 2 strides.
template <class T, Index Width>
__global__ void __launch_bounds__(256) squared_error_sequences(const T* prediction, const T* target, const Index* offsets,
                                                               T* sequence_loss, const Index* sequence_count) {
  struct Scratch {
    double sum[8];
  };
  Scratch& scratch = shared_memory<Scratch>();
  constexpr Index stride = stride_of(Width);
  if (block() >= *sequence_count) return;
  const Index s = block(), rows = offsets[s + 1] - offsets[s], begin = offsets[s] * stride, count = rows * stride;
  double sum = 0;
  for (Index i = thread(); i < count; i += threads()) {
    const double d = static_cast<double>(prediction[begin + i]) - static_cast<double>(target[begin + i]);
    sum += d * d;
  }
  sum = block_sum(sum, scratch.sum);
  if (thread() == 0) sequence_loss[s] = static_cast<T>(rows > 0 ? sum / (static_cast<double>(rows) * Width) : 0.0);
}

// What the losses of the sequences are divided by.
__device__ inline double error_denominator(const Index* offsets, Index sequences, bool positions) {
  if (positions) return static_cast<double>(offsets[sequences]);
  double count = 0;
  for (Index s = 0; s < sequences; ++s) count += offsets[s + 1] > offsets[s] ? 1 : 0;
  return count;
}

// The loss, and twice one over the denominator for the backward: one thread goes over the sequences in order. Bytes a sequence: a
// loss, a weight and an offset.
template <class T>
__global__ void squared_error_loss(const T* sequence_loss, const double* weights, const Index* offsets,
                                   const Index* sequence_count, T* loss, bool positions) {
  const Index sequences = *sequence_count;
  if (thread() >= stride_of(1)) return;
  double sum = 0;
  if (thread() == 0) {
    for (Index s = 0; s < sequences; ++s) {
      const double rows = static_cast<double>(offsets[s + 1] - offsets[s]), share = positions ? rows : rows > 0 ? 1.0 : 0.0;
      sum += (weights != nullptr ? weights[s] : 1.0) * share * static_cast<double>(sequence_loss[s]);
    }
    const double over = error_denominator(offsets, sequences, positions);
    sum = over == 0 ? 0.0 : sum / over;
  }
  loss[thread()] = static_cast<T>(sum);
}

// Rows of no sequence get a gradient of zero. Bytes a row: 3 strides, 4 where it accumulates. FLOPs a channel: 2.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    squared_error_gradient(const T* prediction, const T* target, const double* weights, const T* dloss, T* gradient,
                           const Index* offsets, const Index* sequence_count, const Index* row_count, bool positions, double sign,
                           bool accumulate) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  using Team = RowTeam<T, Width>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= rows) return;
  const Index s = sequence_of(offsets, sequences, r);
  const double length = static_cast<double>(offsets[s + 1] - offsets[s]), share = positions ? 1.0 : 1.0 / length;
  const bool counts = r < offsets[sequences];
  const A factor = counts
                       ? static_cast<A>(sign * 2 * static_cast<double>(dloss[0]) * (weights != nullptr ? weights[s] : 1.0) *
                                        share / (error_denominator(offsets, sequences, positions) * static_cast<double>(Width)))
                       : A(0);
  auto v = Team::read(prediction + r * Team::stride);
  const auto w = Team::read(target + r * Team::stride);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) v.at[i] = factor * (v.at[i] - w.at[i]);
  Team::contribute(gradient + r * Team::stride, v, accumulate);
}

} // namespace cuda

template <> struct kernel<squared_error_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const squared_error_op::Forward<T>& a) {
      const Index sequences = a.segments.sequences();
      const Index* const offsets = cuda::offsets_of(cuda, a.segments);
      cuda::launch(cuda, {capacity_of(sequences), 256, 8 * sizeof(double)}, cuda::squared_error_sequences<T, Width>, a.prediction,
                   a.target, offsets, a.sequence_loss, cuda.stream->count(sequences));
      cuda::launch(cuda, {1, 32, 0}, cuda::squared_error_loss<T>, static_cast<const T*>(a.sequence_loss),
                   cuda.stream->view(a.weights, sequences), offsets, cuda.stream->count(sequences), a.loss,
                   a.reduction == ErrorReduction::Positions);
    }
    template <class T> static void backward(const Cuda& cuda, const squared_error_op::Backward<T>& a) {
      const Index sequences = a.segments.sequences(), rows = a.segments.rows();
      cuda::launch(cuda, cuda::RowTeam<T, Width>::grid(rows), cuda::squared_error_gradient<T, Width>, a.prediction, a.target,
                   cuda.stream->view(a.weights, sequences), a.dloss, a.gradient, cuda::offsets_of(cuda, a.segments),
                   cuda.stream->count(sequences), cuda.stream->count(rows), a.reduction == ErrorReduction::Positions, a.sign,
                   a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
