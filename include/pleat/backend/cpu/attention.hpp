#pragma once
/// \file  Exact softmax attention with rotary positions over packed sequences of any lengths, forward and backward.
///
/// For each sequence and head: queries (scaled by head_dim^-1/2, then rotated) times rotated keys, softmax over the keys of the
/// same sequence, times values. Rotation pairs channel i with i + head_dim / 2 at the angle position * 10000^(-2 i / head_dim);
/// positions restart at 0 in every sequence. Memory is linear in the length. One task does one head of one sequence, so the bits
/// of a sequence depend neither on its batch mates nor on the number of threads. Nothing is allocated.

#include <algorithm>
#include <cmath>

#include <pleat/backend/cpu/product.hpp>
#include <pleat/ops/attention.hpp>

namespace pleat::inline v0_1::cpu {

/// q, k, v, out are (offsets[sequences], stride), head h at columns [h * head_dim, (h + 1) * head_dim); the columns after the
/// last head are written as zeros. head_dim is even.
template <class T> struct AttentionShape {
  Index heads = 0, head_dim = 0, stride = 0;
  const Index* offsets = nullptr; ///< (sequences + 1), in rows, from 0
  Index sequences = 0;
};

namespace detail {
using pleat::detail::attention_scratch::backward_elements;
using pleat::detail::attention_scratch::backward_query_block;
using pleat::detail::attention_scratch::forward_elements;
using pleat::detail::attention_scratch::query_block;
using pleat::detail::attention_scratch::rotary_elements;
using pleat::detail::attention_scratch::score_stride;

/// cos and sin (longest, head_dim / 2) of position * 10000^(-2 i / head_dim), in double: exact every 32 positions, turned on
/// between.
template <class T> void fill_rotary(T* cosine, T* sine, Index longest, Index head_dim) {
  const Index half = head_dim / 2;
  double step_cos[64], step_sin[64], c[64], s[64], angle[64];
  for (Index first = 0; first < half; first += 64) { // heads wider than 128 channels take several turns
    const Index count = (std::min)(Index(64), half - first);
    for (Index i = 0; i < count; ++i) {
      angle[i] = std::pow(10000.0, -2.0 * double(first + i) / double(head_dim));
      step_cos[i] = std::cos(angle[i]), step_sin[i] = std::sin(angle[i]);
    }
    for (Index p = 0; p < longest; ++p)
      for (Index i = 0; i < count; ++i) {
        if (p % 32 == 0) {
          c[i] = std::cos(double(p) * angle[i]), s[i] = std::sin(double(p) * angle[i]);
        } else {
          const double turned = c[i] * step_cos[i] - s[i] * step_sin[i];
          s[i] = s[i] * step_cos[i] + c[i] * step_sin[i];
          c[i] = turned;
        }
        cosine[p * half + first + i] = T(c[i]), sine[p * half + first + i] = T(s[i]);
      }
  }
}

/// What a task needs to know; `cosine` and `sine` are (longest, head_dim / 2).
template <class T> struct AttentionTask {
  Index begin = 0, length = 0, head = 0, heads = 0, head_dim = 0, stride = 0;
  const T* cosine = nullptr;
  const T* sine = nullptr;
};
} // namespace detail

} // namespace pleat::inline v0_1::cpu

#define PLEAT_BODY <pleat/backend/cpu/body/attention.inl>
#include <pleat/backend/cpu/simd/for_each_level.inl>

namespace pleat::inline v0_1::cpu {

/// The length of the longest sequence.
template <class T> Index longest_sequence(const AttentionShape<T>& shape) {
  Index longest = 0;
  for (Index s = 0; s < shape.sequences; ++s) longest = (std::max)(longest, shape.offsets[s + 1] - shape.offsets[s]);
  return longest;
}

/// Bytes of scratch for sequences of at most `longest`.
template <class T> Index attention_scratch(const AttentionShape<T>& shape, Index longest, int threads, bool backward = true) {
  return attention_op::scratch_bytes<T>(longest, shape.head_dim, threads, backward);
}

namespace detail {
/// Calls task(AttentionTask, scratch of the thread) for every sequence and head.
template <class T, class Task>
void for_each_head(const Cpu& cpu, const AttentionShape<T>& shape, T* scratch, Index elements_each, Index longest, Task&& run) {
  const Index table = rotary_elements(longest, shape.head_dim);
  T* const cosine = scratch;
  T* const sine = scratch + table / 2;
  T* const own = scratch + table;
  fill_rotary(cosine, sine, longest, shape.head_dim);
  simd::level();
  cpu.pool->parallel_for_with_thread(shape.sequences * shape.heads, [&](Index t, int thread) {
    const Index sequence = t / shape.heads, begin = shape.offsets[sequence];
    const AttentionTask<T> task{
        begin, shape.offsets[sequence + 1] - begin, t % shape.heads, shape.heads, shape.head_dim, shape.stride, cosine, sine};
    if (task.length > 0) run(task, own + Index(thread) * elements_each);
  });
}
} // namespace detail

/// out = attention(q, k, v); log_sum_exp (rows, heads) is what the backward needs of the softmax.
template <class T>
void attention_forward(const Cpu& cpu, const AttentionShape<T>& shape, const T* q, const T* k, const T* v, T* out, T* log_sum_exp,
                       void* scratch) {
  const Index longest = longest_sequence(shape);
  detail::for_each_head(cpu, shape, static_cast<T*>(scratch), detail::forward_elements(longest, shape.head_dim), longest,
                        [&](const detail::AttentionTask<T>& task, T* own) {
                          PLEAT_AT_LEVEL(attention_forward_task<T>(task, q, k, v, out, log_sum_exp, own));
                        });
}

/// Gradients of q, k, v from dout and what the forward left. Each is overwritten, or added to where its flag says so.
template <class T>
void attention_backward(const Cpu& cpu, const AttentionShape<T>& shape, const T* q, const T* k, const T* v, const T* out,
                        const T* log_sum_exp, const T* dout, T* dq, T* dk, T* dv, void* scratch, bool accumulate_q = false,
                        bool accumulate_k = false, bool accumulate_v = false) {
  const Index longest = longest_sequence(shape);
  detail::for_each_head(cpu, shape, static_cast<T*>(scratch), detail::backward_elements(longest, shape.head_dim), longest,
                        [&](const detail::AttentionTask<T>& task, T* own) {
                          PLEAT_AT_LEVEL(attention_backward_task<T>(task, q, k, v, out, log_sum_exp, dout, dq, dk, dv, own,
                                                                    accumulate_q, accumulate_k, accumulate_v));
                        });
}

} // namespace pleat::inline v0_1::cpu

namespace pleat::inline v0_1 {

template <> struct kernel<attention_op, Cpu> {
  template <class T> static void forward(const Cpu& cpu, const attention_op::Forward<T>& a) {
    const cpu::AttentionShape<T> shape{a.heads, a.head_width, a.stride, a.offsets, a.sequences};
    cpu::attention_forward(cpu, shape, a.q, a.k, a.v, a.out, a.log_sum_exp, a.scratch);
  }
  template <class T> static void backward(const Cpu& cpu, const attention_op::Backward<T>& a) {
    const cpu::AttentionShape<T> shape{a.heads, a.head_width, a.stride, a.offsets, a.sequences};
    cpu::attention_backward(cpu, shape, a.q, a.k, a.v, a.out, a.log_sum_exp, a.dout, a.dq, a.dk, a.dv, a.scratch, a.accumulate_q,
                            a.accumulate_k, a.accumulate_v);
  }
};

} // namespace pleat::inline v0_1
