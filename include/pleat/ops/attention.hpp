#pragma once
/// \file  Exact softmax attention with rotary positions over ragged packed sequences; memory linear in length.

#include <pleat/core/pass.hpp>
#include <pleat/core/symmetry.hpp>

namespace pleat::inline v0_1 {

namespace detail::attention_scratch {
inline constexpr Index query_block = 12;          ///< queries whose scores are held at a time, forward
inline constexpr Index backward_query_block = 48; ///< ... and backward: more, since each block adds to dk and dv of every key

/// Elements between two rows of scores: off the powers of two, at which rows would fall on the same cache lines.
constexpr Index score_stride(Index keys) { return keys + 16; }

/// Elements of scratch: rotary tables shared by all threads, and what each thread holds.
constexpr Index rotary_elements(Index longest, Index head_dim) { return 2 * round_up(longest * (head_dim / 2), 16); }
constexpr Index forward_elements(Index length, Index head_dim) {
  const Index keys = round_up(length, 32), width = stride_of(head_dim);
  return keys * (2 * width + head_dim) + query_block * (width + score_stride(keys));
}
constexpr Index backward_elements(Index length, Index head_dim) {
  const Index keys = round_up(length, 32), width = stride_of(head_dim);
  return keys * (3 * width + 2 * head_dim) + backward_query_block * (3 * width + 2 * score_stride(keys));
}
} // namespace detail::attention_scratch

// T is the type of rows, Operand what products read: it may be narrower.
struct attention_op {
  template <class T, class Operand = T> struct Forward {
    const T *q, *k, *v;   // (rows, stride), head h in columns [h head_width, (h + 1) head_width)
    T* out;               // (rows, stride)
    T* log_sum_exp;       // (rows, heads) of the scores of a query, or null
    std::byte* scratch;   // scratch_bytes<T>(...)
    const Index* offsets; // (sequences + 1)
    Index sequences, heads, head_width, stride, longest;
  };
  template <class T, class Operand = T> struct Backward {
    const T *q, *k, *v, *out, *log_sum_exp, *dout;
    T *dq, *dk, *dv; // (rows, stride)
    bool accumulate_q, accumulate_k, accumulate_v;
    std::byte* scratch;
    const Index* offsets;
    Index sequences, heads, head_width, stride, longest;
  };
  /// Scratch of a pass on the host's threads: rotary tables, and per thread copies of one head of the longest sequence and a
  /// block of scores. None for a device without threads.
  template <class T> static constexpr Index scratch_bytes(Index longest, Index head_width, int threads, bool backward) {
    namespace scratch = detail::attention_scratch;
    if (threads == 0) return 0;
    const Index each =
        backward ? scratch::backward_elements(longest, head_width) : scratch::forward_elements(longest, head_width);
    return static_cast<Index>(sizeof(T)) * (scratch::rotary_elements(longest, head_width) + Index{threads} * each);
  }
};

/// out_i = sum_j softmax_j(R(q_i / sqrt(d)) . R(k_j)) v_j within each sequence and head; R rotates pairs (c, c + d / 2) by
/// position * 10000^(-2c / d) (RoPE, Su et al. 2021, rotate-half form), positions counted from 0 in each sequence. q, k, v and
/// the result are (rows, Width), head h in channels [h d, (h + 1) d), d = Width / Heads. All of them must be rows of the batch
/// that `segments` describes, or the call is refused; its offsets must outlive the pass. Kept for backward: q, k, v, the result,
/// and the log normaliser of each row and head.
template <Index Heads, class Context, Index Width>
constexpr Rows<Context, Width> attention(Context& run, const Rows<Context, Width>& q, const Rows<Context, Width>& k,
                                         const Rows<Context, Width>& v, const Segments& segments) {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  constexpr Index head_width = Width / Heads;
  const Index count = q.count(), longest = segments.longest();
  if (segments.rows() != count || k.count() != count || v.count() != count)
    fail("attention: ", count, " queries, ", k.count(), " keys and ", v.count(), " values for segments of ", segments.rows(),
         " rows; all four must agree.");
  const bool recorded = run.recording() && (q.wants_gradient() || k.wants_gradient() || v.wants_gradient());
  auto out = run.template rows<Width>(count);
  auto saved = run.template buffer<T>(recorded ? count : 0, Heads);
  double pairs = 0;
  for (Index s = 0; s < segments.sequences(); ++s)
    pairs += static_cast<double>(segments.length(s)) * static_cast<double>(segments.length(s));
  run.count(4.0 * pairs * Width, 4.0 * sizeof(T) * static_cast<double>(count) * Width);
  {
    auto scratch =
        run.template buffer<std::byte>(attention_op::scratch_bytes<T>(longest, head_width, run.device().threads(), false));
    if constexpr (Context::computes)
      KernelOf<attention_op, Context, Heads, Width>::forward(
          run.device(), attention_op::Forward<T, Operand>{
                            q.data(), k.data(), v.data(), out.data(), recorded ? run.data(saved) : nullptr, run.data(scratch),
                            segments.offsets.data(), segments.sequences(), Heads, head_width, stride_of(Width), longest});
  }
  if constexpr (Context::records) {
    if (recorded) {
      struct Backward {
        Kept<Width, Token> q, k, v, out;
        Kept<1, T> saved;
        int in_q, in_k, in_v, output;
        Index count, longest;
        const Index* offsets;
        Index sequences;
        double pairs;
        void operator()(Context& run) const {
          auto q_rows = run.take(q), k_rows = run.take(k), v_rows = run.take(v), out_rows = run.take(out);
          auto lse = run.take(saved);
          auto dy = run.template take_gradient<Width, Token>(output, count);
          if (!dy) return;
          auto dq = run.template contribute<Width>(in_q, count);
          auto dk = run.template contribute<Width>(in_k, count);
          auto dv = run.template contribute<Width>(in_v, count);
          // The kernel makes all three; what nobody wants goes to rows that are dropped.
          Rows<Context, Width> unwanted;
          if (!dq || !dk || !dv) unwanted = run.template rows<Width>(count);
          if constexpr (Context::computes)
            for (auto* d : {&dq, &dk, &dv})
              if (!*d) *d = {unwanted.data(), false, false};
          auto scratch =
              run.template buffer<std::byte>(attention_op::scratch_bytes<T>(longest, head_width, run.device().threads(), true));
          run.count(10.0 * pairs * Width, 0);
          if constexpr (Context::computes)
            KernelOf<attention_op, Context, Heads, Width>::backward(
                run.device(), attention_op::Backward<T, Operand>{
                                  q_rows.data(), k_rows.data(), v_rows.data(), out_rows.data(), run.data(lse), dy.data(), dq.data,
                                  dk.data, dv.data, dq.accumulate, dk.accumulate, dv.accumulate, run.data(scratch), offsets,
                                  sequences, Heads, head_width, stride_of(Width), longest});
        }
      };
      run.want(out);
      run.record(Backward{run.keep(q), run.keep(k), run.keep(v), run.keep(out), run.keep(saved), q.value(), k.value(), v.value(),
                          out.value(), count, longest, segments.offsets.data(), segments.sequences(), pairs});
    }
  }
  return out;
}

/// Vectors and positions: refused in one sentence.
template <Index Heads, class Context, Index Width, class Space>
requires(!detail::is_invariant<Space>) constexpr Rows<Context, Width, Space> attention(Context&,
                                                                                       const Rows<Context, Width, Space>& q,
                                                                                       const Rows<Context, Width, Space>&,
                                                                                       const Rows<Context, Width, Space>&,
                                                                                       const Segments&) {
  detail::require_invariant<Space>();
  return q;
}

} // namespace pleat::inline v0_1
