#pragma once
/// \file  Noise and dropout on CUDA: bit for bit the text of core/philox.hpp; and numbers that the host sends.

#include <cmath>

#include <pleat/backend/cuda/segments.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/ops/dropout.hpp>
#include <pleat/ops/random.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// The words of channel group `group` of a row; `key` are the two words of the pass's key.
struct NoiseRows {
  const std::uint32_t* key;
  const Index* offsets;
  const std::uint32_t* records;
  const Index* starts; // or null: 0
  Index sequences;
  std::uint32_t draw;
  __device__ PhiloxBlock words(Index row, std::uint32_t group) const {
    const Index s = sequence_of(offsets, sequences, row), start = starts != nullptr ? starts[s] : 0;
    return philox4x32({key[0], key[1]}, {draw, records[s], static_cast<std::uint32_t>(start + row - offsets[s]), group});
  }
};

// Four channels a thread. Bytes a row: a stride. FLOPs a channel: 30, and a quarter of ten rounds of integers.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    normal_rows(const std::uint32_t* key, const Index* offsets, const std::uint32_t* records, const Index* starts,
                const Index* sequence_count, std::uint32_t draw, T* y, const Index* row_count) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), r = i / (stride / 4), c = i % (stride / 4) * 4;
  if (r >= rows) return;
  const auto four =
      normals(NoiseRows{key, offsets, records, starts, sequences, draw}.words(r, static_cast<std::uint32_t>(c / 4)));
  for (int k = 0; k < 4; ++k) y[r * stride + c + k] = c + k < Width ? static_cast<T>(four[static_cast<std::size_t>(k)]) : T(0);
}

// The same words as normals of this draw have. Bytes a row and part: 2 strides, 3 where it accumulates; integers as above.
template <class T, Index Width>
__global__ void __launch_bounds__(256)
    dropout_rows(const std::uint32_t* key, const Index* offsets, const std::uint32_t* records, const Index* starts,
                 const Index* sequence_count, std::uint32_t draw, const T* x, T* y, const Index* row_count, Index each,
                 std::uint32_t threshold, double factor, bool accumulate) {
  const Index rows = *row_count;
  const Index sequences = *sequence_count;
  constexpr Index stride = stride_of(Width);
  const Index i = global_thread(), r = i / (stride / 4), c = i % (stride / 4) * 4;
  if (r >= rows) return;
  const auto words = NoiseRows{key, offsets, records, starts, sequences, draw}.words(r, static_cast<std::uint32_t>(c / 4));
  for (Index part = 0; part < each; ++part)
    for (int k = 0; k < 4; ++k) {
      const Index at = (each * r + part) * stride + c + k;
      const bool kept = c + k < Width && words[static_cast<std::size_t>(k)] >> 9 >= threshold;
      const T value = kept ? x[at] * static_cast<T>(factor) : T(0);
      y[at] = accumulate && c + k < Width ? y[at] + value : value;
    }
}

/// The key of a pass on the device.
inline const std::uint32_t* key_of(const Cuda& cuda, NoiseKey key) {
  const auto words = key_words(key);
  return cuda.stream->send(words.data(), 2);
}

} // namespace cuda

template <> struct kernel<random_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void normal(const Cuda& cuda, const random_op::Normal<T>& a) {
      const Index rows = a.batch.rows(), sequences = a.batch.sequences();
      cuda::launch(cuda, cuda::bucket_grid(rows, stride_of(Width) / 4), cuda::normal_rows<T, Width>, cuda::key_of(cuda, a.key),
                   cuda::offsets_of(cuda, a.batch.segments), cuda.stream->view(a.batch.records.data(), sequences),
                   cuda.stream->view(a.batch.starts.data(), static_cast<Index>(a.batch.starts.size())),
                   cuda.stream->count(sequences), a.draw, a.y, cuda.stream->count(rows));
    }
  };
};

template <> struct kernel<dropout_op, Cuda> {
  template <Index Width> struct At {
    template <class T> static void forward(const Cuda& cuda, const dropout_op::Forward<T>& a) {
      const Index rows = a.batch.rows(), sequences = a.batch.sequences();
      // uniform_float(bits) = (2 (bits >> 9) + 1) 2^-24 < rate, in integers: bits >> 9 below this.
      const auto threshold = static_cast<std::uint32_t>(std::ceil((a.rate * 0x1p24 - 1) / 2));
      cuda::launch(cuda, cuda::bucket_grid(rows, stride_of(Width) / 4), cuda::dropout_rows<T, Width>, cuda::key_of(cuda, a.key),
                   cuda::offsets_of(cuda, a.batch.segments), cuda.stream->view(a.batch.records.data(), sequences),
                   cuda.stream->view(a.batch.starts.data(), static_cast<Index>(a.batch.starts.size())),
                   cuda.stream->count(sequences), a.draw, a.x, a.y, cuda.stream->count(rows), a.each, threshold, 1 / (1 - a.rate),
                   a.accumulate);
    }
  };
};

namespace cuda {
// Bytes an element: a double, and what becomes of it.
template <class T> __global__ void __launch_bounds__(256) convert(const double* from, T* to, const Index* count) {
  const Index i = global_thread();
  if (i < *count) to[i] = static_cast<T>(from[i]);
}
} // namespace cuda

template <> struct kernel<upload_op, Cuda> {
  template <class T> static void run(const Cuda& cuda, T* to, const double* from, Index count) {
    if (count > 0)
      cuda::launch(cuda, cuda::bucket_grid(count), cuda::convert<T>, cuda.stream->send(from, count), to,
                   cuda.stream->count(count));
  }
};

} // namespace pleat::inline v0_1
