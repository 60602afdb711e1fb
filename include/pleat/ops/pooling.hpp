#pragma once
/// \file  From residues to sequences: mean, maximum, and mean with standard deviation over the rows of each sequence.

#include <pleat/core/error.hpp>
#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

/// How the rows of a sequence become one vector. `mean_std`: the mean, then the biased standard deviation, 2 x width channels.
enum class Pool : unsigned char { mean, max, mean_std };

struct pooling_op {
  template <class T> struct Forward {
    const T* x; // (rows, stride_of(width))
    T* y;       // (sequences, stride_of(width or 2 width))
    Segments segments;
    Index width;
    Pool pool;
  };
  template <class T> struct Backward {
    const T* x;  // (rows, stride_of(width)); not read for the mean
    const T* y;  // (sequences, stride_of(width or 2 width)); not read for the mean
    const T* dy; // (sequences, stride_of(width or 2 width))
    T* dx;       // (rows, stride_of(width))
    Segments segments;
    Index width;
    Pool pool;
    bool accumulate;
  };
};

namespace detail {

template <Pool pool, Index Out, class Context, Index Width>
constexpr Rows<Context, Out, Sequence> pooled(Context& run, const Rows<Context, Width>& x, const Segments& segments) {
  using T = typename Context::Stream;
  const Index count = x.count();
  auto y = run.template rows<Out, Sequence>(segments.sequences());
  run.count((pool == Pool::mean_std ? 4.0 : 1.0) * static_cast<double>(count) * Width,
            sizeof(T) * static_cast<double>(count) * Width);
  if constexpr (Context::computes) {
    require(segments.rows() == count, "pooling: ", count, " rows, but the segments cover ", segments.rows(), "; they must agree");
    KernelOf<pooling_op, Context, Width>::forward(run.device(),
                                                  pooling_op::Forward<T>{x.data(), y.data(), segments, Width, pool});
  }
  if constexpr (Context::records) {
    if (run.recording() && x.wants_gradient()) {
      struct Backward {
        Kept<Width, Token> x;
        Kept<Out, Sequence> y;
        Segments segments;
        int input, output;
        Index count;
        void operator()(Context& run) const {
          Rows<Context, Width> rows;
          Rows<Context, Out, Sequence> vectors;
          if (x.value >= 0) rows = run.take(x), vectors = run.take(y);
          auto dy = run.template take_gradient<Out, Sequence>(output, segments.sequences());
          if (!dy) return;
          if (auto dx = run.template contribute<Width>(input, count)) {
            if constexpr (Context::computes)
              KernelOf<pooling_op, Context, Width>::backward(
                  run.device(), pooling_op::Backward<T>{rows ? rows.data() : nullptr, vectors ? vectors.data() : nullptr,
                                                        dy.data(), dx.data, segments, Width, pool, dx.accumulate});
          }
        }
      };
      run.want(y);
      Kept<Width, Token> kept_x;
      Kept<Out, Sequence> kept_y;
      if (pool != Pool::mean) kept_x = run.keep(x), kept_y = run.keep(y);
      run.record(Backward{kept_x, kept_y, segments, x.value(), y.value(), count});
    }
  }
  return y;
}

} // namespace detail

/// Mean over the rows of each sequence: (sequences, Width). An empty sequence gives zeros, here and below; the sums are in the
/// order of the rows, so a sequence does not depend on its batch mates. The span of `segments` must outlive the pass.
template <class Context, Index Width>
constexpr Rows<Context, Width, Sequence> pool_mean(Context& run, const Rows<Context, Width>& x, const Segments& segments) {
  return detail::pooled<Pool::mean, Width>(run, x, segments);
}

/// Maximum over the rows, per channel; the gradient goes to the first of equal rows. Kept for backward: x and the result.
template <class Context, Index Width>
constexpr Rows<Context, Width, Sequence> pool_max(Context& run, const Rows<Context, Width>& x, const Segments& segments) {
  return detail::pooled<Pool::max, Width>(run, x, segments);
}

/// Mean in the first Width channels, biased standard deviation in the others (0 for one row; its gradient is 0 where it is 0).
/// Kept for backward: x and the result.
template <class Context, Index Width>
constexpr Rows<Context, 2 * Width, Sequence> pool_mean_std(Context& run, const Rows<Context, Width>& x,
                                                           const Segments& segments) {
  return detail::pooled<Pool::mean_std, 2 * Width>(run, x, segments);
}

/// Vectors and positions: refused in one sentence (the mean of vectors is `graph_mean`).
template <class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, Width, Sequence> pool_mean(Context&,
                                                                                          const Rows<Context, Width, Space>&,
                                                                                          const Segments&) {
  detail::require_invariant<Space>();
  return {};
}
template <class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, Width, Sequence> pool_max(Context&,
                                                                                         const Rows<Context, Width, Space>&,
                                                                                         const Segments&) {
  detail::require_invariant<Space>();
  return {};
}
template <class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, 2 * Width, Sequence> pool_mean_std(
    Context&, const Rows<Context, Width, Space>&, const Segments&) {
  detail::require_invariant<Space>();
  return {};
}

} // namespace pleat::inline v0_1
