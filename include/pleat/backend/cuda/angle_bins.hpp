#pragma once
/// \file  Angle bins on CUDA: the signs of cos(t), cos(2t) and cos(4t) as on the CPU, and next to a boundary between bins the bin
/// of `angle_bin`, bit for bit, without its arc tangent.

#include <pleat/backend/cuda/topology.hpp>
#include <pleat/ops/angle_bins.hpp>

namespace pleat::inline v0_1 {

namespace cuda {

/// Boundaries between bins. Bin k begins at the double next to k pi / 8, and an arc tangent is that double or one above it where
/// the angle is beyond the middle m_k between it and the double below. Cosine and sine of m_k, each as the sum of two doubles:
/// with them the side of m_k is known to 100 bits. The arc tangent of the C library is off by some hundredths of its last place
/// more than by its rounding, so that only an angle as near to m_k as that could be told otherwise.
struct AngleBoundary {
  double cosine, cosine_rest, sine, sine_rest;
};
__device__ inline AngleBoundary angle_boundary(int k) {
  switch (k) {
  case 1:
    return {0x1.d906bcf328d46p-1, 0x1.3abee5cf5ebcep-55, 0x1.87de2a6aea962p-2, 0x1.a2b8e1b6fb501p-58};
  case 2:
    return {0x1.6a09e667f3bcdp-1, 0x1.cf8eac73a7b86p-57, 0x1.6a09e667f3bccp-1, 0x1.075d26cc98726p-59};
  case 3:
    return {0x1.87de2a6aea965p-2, 0x1.b95e592f37963p-56, 0x1.d906bcf328d46p-1, -0x1.87377a0473841p-55};
  case 4:
    return {0x1.8d313198a2e03p-53, 0x1.c1cd129024e08p-107, 1.0, -0x1.3420cea3b79acp-106};
  case 5:
    return {-0x1.87de2a6aea960p-2, 0x1.35f46e6d6845ap-56, 0x1.d906bcf328d47p-1, -0x1.8e739f24889b3p-56};
  case 6:
    return {-0x1.6a09e667f3bcbp-1, 0x1.bd01ecab4a9cep-55, 0x1.6a09e667f3bcfp-1, -0x1.bea495cb01ee8p-55};
  default:
    return {-0x1.d906bcf328d45p-1, -0x1.8c9b0c274e054p-59, 0x1.87de2a6aea968p-2, 0x1.3107bcfd8783cp-56};
  }
}

/// min(floor(8 atan2(sine, cosine) / pi), 7) as the host computes it in double, for sine >= 0; without a number 0.
__device__ inline int bin_of_direction(double sine, double cosine) {
  constexpr double huge = 1e200, tiny = 1e-200, power = 0x1p600, infinity = HUGE_VAL;
  const auto size = [](double x) { return x < 0 ? -x : x; };
  const double most = size(sine) > size(cosine) ? size(sine) : size(cosine);
  if (most == infinity) { // as the arc tangent has it: infinite ones are alike
    if (!(sine == sine && cosine == cosine)) return 0;
    sine = sine == infinity ? 1.0 : 0.0;
    cosine = size(cosine) == infinity ? (cosine > 0 ? 1.0 : -1.0) : 0.0;
  } else if (most > huge) {
    sine /= power, cosine /= power;
  } else if (most < tiny) {
    sine *= power, cosine *= power;
  }
  int bin = 0;
#pragma unroll
  for (int k = 1; k < angle_bin_count; ++k) { // sin(angle - m_k) > 0
    const AngleBoundary m = angle_boundary(k);
    const double up = rounded_product(sine, m.cosine), down = rounded_product(cosine, m.sine);
    const double rest = fused(sine, m.cosine, -up) - fused(cosine, m.sine, -down) +
                        fused(sine, m.cosine_rest, -rounded_product(cosine, m.sine_rest));
    bin += rounded_sum(rounded_sum(up, -down), rest) > 0 ? 1 : 0;
  }
  return bin;
}

/// `angle_bin` (ops/angle_bins.hpp), rounded where the host rounds: products are not fused with sums.
template <class T> __device__ int bin_in_double(const T* x, Index stride, Index from, Index centre, Index to) {
  double u[3], w[3];
#pragma unroll
  for (int k = 0; k < 3; ++k) {
    const double at = static_cast<double>(x[(3 * centre + k) * stride]);
    u[k] = static_cast<double>(x[(3 * to + k) * stride]) - at, w[k] = static_cast<double>(x[(3 * from + k) * stride]) - at;
  }
  const auto product = [](double a, double b) { return rounded_product(a, b); };
  const auto cross = [&](int a, int b) { return rounded_sum(product(u[a], w[b]), -product(u[b], w[a])); };
  const auto squares = [&](double a, double b, double c) {
    return rounded_sum(rounded_sum(product(a, a), product(b, b)), product(c, c));
  };
  const double dot = rounded_sum(rounded_sum(rounded_sum(0.0, product(u[0], w[0])), product(u[1], w[1])), product(u[2], w[2]));
  return bin_of_direction(square_root(squares(cross(1, 2), cross(2, 0), cross(0, 1))), dot);
}

/// Unit vectors to the other ends of edges, in shared memory; `none` is 2 where the ends coincide: it makes the "cosine" 2 or 4,
/// which is bin 0. Vectors whose squared length leaves the range of T are NaN and looked at in double.
inline constexpr int angle_chunk = 128;
template <class T> struct Directions {
  T x[angle_chunk], y[angle_chunk], z[angle_chunk], none[angle_chunk];
  __device__ void put(int i, const T* coordinates, Index stride, Index from, Index to) {
    constexpr T lowest = sizeof(T) == 4 ? T(1e-30) : T(1e-280), highest = sizeof(T) == 4 ? T(1e30) : T(1e280);
    T d[3];
#pragma unroll
    for (int k = 0; k < 3; ++k) d[k] = coordinates[(3 * to + k) * stride] - coordinates[(3 * from + k) * stride];
    const T square = fused(d[0], d[0], fused(d[1], d[1], d[2] * d[2]));
    const bool nothing = d[0] == 0 && d[1] == 0 && d[2] == 0;
    const T scale = nothing ? T(0) : lowest < square && square < highest ? T(1) / square_root(square) : static_cast<T>(NAN);
    x[i] = d[0] * scale, y[i] = d[1] * scale, z[i] = d[2] * scale, none[i] = nothing ? T(2) : T(0);
  }
};
template <class T> struct AngleScratch { Directions<T> in, out; };

// A block has a centre. Bytes: an arc 1, an edge twice 3 numbers. FLOPs an arc: 10 and, one in 10^4 in float, 150 in double.
template <class T>
__global__ void __launch_bounds__(128)
    angle_bins_of_centres(const T* coordinates, Index stride, const std::int32_t* source, const std::int32_t* target,
                          const Index* incoming, const Index* outgoing, const std::int32_t* leaving, const Index* arcs,
                          std::uint8_t* bins, const Index* node_count, Index relations) {
  const Index v = block();
  if (v >= *node_count) return;
  auto& scratch = shared_memory<AngleScratch<T>>();
  constexpr T margin = sizeof(T) == 4 ? T(0x1p-15) : T(0x1p-44); // body/angle_bins.inl says why
  const Index first_out = outgoing[v], outs = outgoing[v + 1] - first_out, first_in = incoming[v * relations],
              ins = incoming[(v + 1) * relations] - first_in;
  for (Index left = 0; left < outs; left += angle_chunk)
    for (Index above = 0; above < ins; above += angle_chunk) {
      const int columns = static_cast<int>(outs - left < angle_chunk ? outs - left : angle_chunk),
                rows = static_cast<int>(ins - above < angle_chunk ? ins - above : angle_chunk);
      barrier();
      if (above == 0 && thread() < columns)
        scratch.out.put(thread(), coordinates, stride, v, target[leaving[first_out + left + thread()]]);
      if (thread() < rows) scratch.in.put(thread(), coordinates, stride, v, source[first_in + above + thread()]);
      barrier();
      // Threads have cells of the table in the order of their memory; row and column go along without a division.
      const int rows_on = threads() / columns, columns_on = threads() % columns;
      std::uint8_t* const table = bins + arcs[v] + above * outs + left;
      for (int i = thread() / columns, j = thread() % columns; i < rows;) {
        const auto &in = scratch.in, &out = scratch.out;
        const T c1 = fused(in.x[i], out.x[j], fused(in.y[i], out.y[j], fused(in.z[i], out.z[j], in.none[i] + out.none[j])));
        const T c2 = fused(c1 + c1, c1, T(-1)), c4 = fused(c2 + c2, c2, T(-1));
        const auto clear = [](T c) { return c > margin || c < -margin; };             // false for NaN
        const int sign1 = c1 < 0, sign2 = sign1 ^ (c2 < 0), sign4 = sign2 ^ (c4 < 0); // Gray code
        int bin = 4 * sign1 + 2 * sign2 + sign4;
        if (!(clear(c1) && clear(c2) && clear(c4)))
          bin = bin_in_double(coordinates, stride, source[first_in + above + i], v, target[leaving[first_out + left + j]]);
        table[i * outs + j] = static_cast<std::uint8_t>(bin);
        i += rows_on, j += columns_on;
        if (j >= columns) j -= columns, ++i;
      }
    }
}

} // namespace cuda

template <> struct kernel<angle_bins_op, Cuda> {
  template <class T> static void forward(const Cuda& cuda, const angle_bins_op::Forward<T>& a) {
    const GraphTopology& g = a.graph;
    const Index nodes = g.node_count();
    cuda::launch(cuda, {capacity_of(nodes), cuda::angle_chunk, sizeof(cuda::AngleScratch<T>)}, cuda::angle_bins_of_centres<T>,
                 a.coordinates, a.stride, cuda::device_view(cuda, g.source), cuda::device_view(cuda, g.target),
                 cuda::incoming_of(cuda, g), cuda::outgoing_of(cuda, g), cuda::device_view(cuda, g.leaving),
                 cuda::arc_tables_of(cuda, g), a.bins, cuda.stream->count(nodes), g.relations);
  }
};

} // namespace pleat::inline v0_1
