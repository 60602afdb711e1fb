#pragma once
/// \file  Kernels over flat arrays of whole rows: sixteen bytes a thread.

#include <pleat/backend/cuda/rows.hpp>

namespace pleat::inline v0_1::cuda {

/// What a thread moves at once, as numbers that are computed with.
template <class T> struct PackOf {
  static constexpr int size = per_access<T>;
  using A = AccumulateOf<T>;
  A at[size];
  __device__ static PackOf read(const T* from) {
    const Pack<T> moved = load(from);
    PackOf p;
#pragma unroll
    for (int i = 0; i < size; ++i) p.at[i] = static_cast<A>(moved.at[i]);
    return p;
  }
  __device__ void write(T* to) const {
    Pack<T> moved;
#pragma unroll
    for (int i = 0; i < size; ++i) moved.at[i] = static_cast<T>(at[i]);
    store(to, moved);
  }
};
/// One thread for each pack of the rows of a bucket.
template <class T, Index Width> constexpr Grid pointwise_grid(Index rows) {
  return bucket_grid(rows, stride_of(Width) / per_access<T>);
}

} // namespace pleat::inline v0_1::cuda
