#pragma once
/// \file  Cross-entropy on CUDA: a team of lanes for each row; the loss is summed in double in a fixed order.

#include <pleat/backend/cuda/rows.hpp>
#include <pleat/ops/cross_entropy.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

// Bytes a row: a stride and 5 numbers. FLOPs a class: 4.
template <class T, Index Classes>
__global__ void __launch_bounds__(256) cross_entropy_rows(const T* logits, const std::uint8_t* targets, T* row_loss, T* row_hit,
                                                          T* normaliser, const Index* row_count) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Classes>;
  using A = typename Team::A;
  const Index row = Team::row(), r = row < rows ? row : rows - 1;
  const T* const x = logits + r * Team::stride;
  const auto v = Team::read(x);
  const int target = targets[r];
  const A wanted = target < Classes ? static_cast<A>(x[target]) : A(0);
  A most = -INFINITY, sum = 0;
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    if (Team::is_channel(i) && v.at[i] > most) most = v.at[i];
  most = Team::largest(most);
  A sooner = 0; // classes before the target whose logit is the largest too
#pragma unroll
  for (int i = 0; i < Team::values; ++i)
    if (Team::is_channel(i)) {
      sum += exponential(v.at[i] - most);
      if (Team::element(i) < target && v.at[i] == most) sooner = 1;
    }
  sum = Team::sum(sum), sooner = Team::sum(sooner);
  if (row >= rows || thread() % Team::lanes != 0) return;
  const A log_sum = logarithm(sum);
  normaliser[r] = static_cast<T>(most + log_sum);
  row_loss[r] = target < Classes ? static_cast<T>(log_sum - (wanted - most)) : T(0);
  row_hit[r] = static_cast<T>(target < Classes && wanted == most && sooner == 0 ? 1 : 0);
}

// Sums of w CE and of w over the rows of one thread, then of the block; one block, so that the order is fixed. Bytes a row: 2
// numbers and a target.
template <class T, Index Classes>
__global__ void __launch_bounds__(1024) cross_entropy_loss(const T* row_loss, const std::uint8_t* targets, const T* weights,
                                                           T* loss, double* scale, const Index* rows, bool weighted_mean) {
  struct Scratch {
    double loss[32], weight[32];
  };
  Scratch& scratch = shared_memory<Scratch>();
  double sum = 0, weight = 0;
  for (Index r = thread(); r < *rows; r += threads()) {
    const double w = static_cast<double>(weights[r]);
    if (w != 0 && targets[r] < Classes) sum += w * static_cast<double>(row_loss[r]), weight += w;
  }
  sum = block_sum(sum, scratch.loss), weight = block_sum(weight, scratch.weight);
  if (thread() >= stride_of(1)) return;
  const double over = weighted_mean ? weight : static_cast<double>(*rows), by = over == 0 ? 0.0 : 1.0 / over;
  if (thread() == 0) scale[0] = by;
  loss[thread()] = static_cast<T>(thread() == 0 ? sum * by : 0.0);
}

// d logit = w scale dloss (softmax - onehot). Bytes a row: 2 strides, 3 where it accumulates, 2 numbers and a target. FLOPs a
// class: 3 and an exponential.
template <class T, Index Classes>
__global__ void __launch_bounds__(256)
    cross_entropy_gradient(const T* logits, const std::uint8_t* targets, const T* weights, const T* normaliser,
                           const double* scale, const T* dloss, T* dlogits, const Index* row_count, bool accumulate) {
  const Index rows = *row_count;
  using Team = RowTeam<T, Classes>;
  using A = typename Team::A;
  const Index r = Team::row();
  if (r >= rows) return;
  auto v = Team::read(logits + r * Team::stride);
  const int target = targets[r];
  const bool counts = static_cast<double>(weights[r]) != 0 && scale[0] != 0 && target < Classes;
  const A factor = counts ? static_cast<A>(static_cast<double>(weights[r]) * scale[0] * static_cast<double>(dloss[0])) : A(0);
  const A shift = static_cast<A>(normaliser[r]);
#pragma unroll
  for (int i = 0; i < Team::values; ++i) {
    const bool one = Team::element(i) == target;
    v.at[i] = counts && Team::is_channel(i) ? factor * exponential(v.at[i] - shift) - (one ? factor : A(0)) : A(0);
  }
  Team::contribute(dlogits + r * Team::stride, v, accumulate);
}

} // namespace cuda

template <> struct kernel<cross_entropy_op, Cuda> {
  template <Index Classes> struct At {
    template <class T> static void forward(const Cuda& cuda, const cross_entropy_op::Forward<T>& a) {
      const std::uint8_t* const targets = cuda.stream->view(a.targets, a.rows);
      cuda::launch(cuda, cuda::RowTeam<T, Classes>::grid(a.rows), cuda::cross_entropy_rows<T, Classes>, a.logits, targets,
                   a.row_loss, a.row_hit, a.normaliser, cuda.stream->count(a.rows));
      cuda::launch(cuda, {1, 1024, 2 * 32 * sizeof(double)}, cuda::cross_entropy_loss<T, Classes>, a.row_loss, targets, a.weights,
                   a.loss, a.scale, cuda.stream->count(a.rows), a.reduction == Reduction::WeightedMean);
    }
    template <class T> static void backward(const Cuda& cuda, const cross_entropy_op::Backward<T>& a) {
      cuda::launch(cuda, cuda::RowTeam<T, Classes>::grid(a.rows), cuda::cross_entropy_gradient<T, Classes>, a.logits,
                   cuda.stream->view(a.targets, a.rows), a.weights, a.normaliser, a.scale, a.dloss, a.dlogits,
                   cuda.stream->count(a.rows), a.accumulate);
    }
  };
};

} // namespace pleat::inline v0_1
