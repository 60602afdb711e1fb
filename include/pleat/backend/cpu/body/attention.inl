/// \file  One head of one sequence, forward and backward, on the register tiles of product.inl; see attention.hpp.

/// out (rows, width; a multiple of 16) = A B for A (rows, k) at a, or (k, rows) where `Down`; B (k, width); added to out if
/// `add`.
template <class T, bool Down>
PLEAT_TARGET void product_strip(const T* a, Index a_stride, Index rows, const T* b, Index b_stride, Index width, Index k, T* out,
                                Index out_stride, bool add) {
  using L = Lanes<T>;
  alignas(64) T tile[tile_rows * tile_vectors * L::size];
  for (Index c = 0; c < width;) {
    const bool narrow = width - c < tile_vectors * L::size;
    const Index wide = narrow ? L::size : tile_vectors * L::size;
    for (Index r = 0; r < rows;) {
      const Index left = rows - r, height = left >= tile_rows ? tile_rows : left >= tile_few ? tile_few : 1;
      T* const to = out + r * out_stride + c;
      any_tile<T, Down>(height, narrow, Down ? a + r : a + r * a_stride, a_stride, b + c, b_stride, k, add ? tile : to,
                        add ? wide : out_stride);
      if (add)
        for (Index i = 0; i < height; ++i)
          for (Index j = 0; j < wide; j += L::size)
            (L::load(to + i * out_stride + j) + L::load(tile + i * wide + j)).store(to + i * out_stride + j);
      r += height;
    }
    c += wide;
  }
}

/// Copies `count` rows of head_dim elements, scaled and rotated to their positions (`turn` 1) or back (-1); added if `add`.
template <class T>
PLEAT_TARGET void rotate_rows(const T* from, Index from_stride, T* to, Index to_stride, Index count, Index head_dim,
                              const T* cosine, const T* sine, T scaling, T turn, bool add) {
  using L = Lanes<T>;
  const Index half = head_dim / 2;
  for (Index r = 0; r < count; ++r)
    for (Index c = 0; c < half; c += L::size) {
      const Index left = half - c;
      const T* const x = from + r * from_stride + c;
      T* const y = to + r * to_stride + c;
      const L a = load_part<T>(x, left) * L::set(scaling), b = load_part<T>(x + half, left) * L::set(scaling);
      const L cs = load_part<T>(cosine + r * half + c, left), sn = load_part<T>(sine + r * half + c, left) * L::set(turn);
      L first = fma(a, cs, -(b * sn)), second = fma(b, cs, a * sn);
      if (add) first = first + load_part<T>(y, left), second = second + load_part<T>(y + half, left);
      first.store_first(y, left), second.store_first(y + half, left);
    }
}

/// Copies `count` rows of head_dim elements; added if `add`.
template <class T>
PLEAT_TARGET void copy_rows(const T* from, Index from_stride, T* to, Index to_stride, Index count, Index head_dim, bool add) {
  using L = Lanes<T>;
  for (Index r = 0; r < count; ++r)
    for (Index c = 0; c < head_dim; c += L::size) {
      const Index left = head_dim - c;
      L value = load_part<T>(from + r * from_stride + c, left);
      if (add) value = value + load_part<T>(to + r * to_stride + c, left);
      value.store_first(to + r * to_stride + c, left);
    }
}

/// Zeros of the columns [from, to) of `count` rows.
template <class T> PLEAT_TARGET void clear_columns(T* rows, Index stride, Index count, Index from, Index to) {
  for (Index r = 0; r < count; ++r)
    for (Index c = from; c < to; ++c) rows[r * stride + c] = T(0);
}

/// Panels of 32 keys, each (head_dim, 32), from rows (length, width) of keys; zeros beyond the last key.
template <class T> PLEAT_TARGET void turn_keys(const T* rows, Index width, Index length, Index head_dim, T* panels) {
  constexpr Index wide = cpu::detail::panel;
  for (Index key = 0; key < length; key += wide) {
    T* const to = panels + key * head_dim;
    const Index used = length - key < wide ? length - key : wide;
    for (Index j = 0; j < used; ++j)
      for (Index d = 0; d < head_dim; ++d) to[d * wide + j] = rows[(key + j) * width + d];
    if (used < wide) clear_columns<T>(to, wide, head_dim, used, wide);
  }
}

/// scores (rows, score_stride(keys)) = A (rows, head_dim) times the panels of turn_keys.
template <class T>
PLEAT_TARGET void score_rows(const T* a, Index width, Index rows, const T* panels, Index keys, Index head_dim, T* scores) {
  constexpr Index wide = cpu::detail::panel;
  const Index stride = cpu::detail::score_stride(keys);
  for (Index key = 0; key < keys; key += wide)
    product_strip<T, false>(a, width, rows, panels + key * head_dim, wide, wide, head_dim, scores + key, stride, false);
}

/// row (keys) = exp(row - its maximum); returns the sum, and the maximum. Lanes of a fixed number of partial sums, then a tree.
template <class T> PLEAT_TARGET T exponentiate(T* row, Index keys, T& most) {
  using L = Lanes<T>;
  L top0 = L::load(row), top1 = L::load(row + L::size);
  for (Index j = 0; j < keys; j += 2 * L::size) {
    top0 = larger(top0, L::load(row + j));
    top1 = larger(top1, L::load(row + j + L::size));
  }
  most = largest_of(larger(top0, top1));
  const L shift = L::set(most);
  L sum0 = L::zero(), sum1 = L::zero();
  for (Index j = 0; j < keys; j += 2 * L::size) {
    const L e0 = exp(L::load(row + j) - shift), e1 = exp(L::load(row + j + L::size) - shift);
    e0.store(row + j), e1.store(row + j + L::size);
    sum0 = sum0 + e0, sum1 = sum1 + e1;
  }
  return sum_of(sum0 + sum1);
}

template <class T>
PLEAT_TARGET void attention_forward_task(const cpu::detail::AttentionTask<T>& task, const T* q, const T* k, const T* v, T* out,
                                         T* log_sum_exp, T* scratch) {
  using L = Lanes<T>;
  constexpr Index block = cpu::detail::query_block;
  const Index length = task.length, keys = round_up(length, cpu::detail::panel), stride = cpu::detail::score_stride(keys),
              dim = task.head_dim, width = stride_of(dim);
  const Index at = task.begin * task.stride + task.head * dim;
  T* const key_rows = scratch;
  T* const values = key_rows + keys * width;
  T* const panels = values + keys * width;
  T* const queries = panels + keys * dim;
  T* const scores = queries + block * width;
  const T scaling = T(1) / T(std::sqrt(T(dim)));
  rotate_rows<T>(k + at, task.stride, key_rows, width, length, dim, task.cosine, task.sine, T(1), T(1), false);
  turn_keys<T>(key_rows, width, length, dim, panels);
  copy_rows<T>(v + at, task.stride, values, width, length, dim, false);
  clear_columns<T>(values, width, length, dim, width);
  for (Index first = 0; first < length; first += block) {
    const Index rows = length - first < block ? length - first : block;
    const T* const cosine = task.cosine + first * (dim / 2);
    const T* const sine = task.sine + first * (dim / 2);
    rotate_rows<T>(q + at + first * task.stride, task.stride, queries, width, rows, dim, cosine, sine, scaling, T(1), false);
    score_rows<T>(queries, width, rows, panels, keys, dim, scores);
    T inverse[block];
    for (Index r = 0; r < rows; ++r) {
      T* const row = scores + r * stride;
      for (Index j = length; j < keys; ++j) row[j] = -T(HUGE_VAL);
      T most = 0;
      const T sum = exponentiate<T>(row, keys, most);
      inverse[r] = T(1) / sum;
      if (log_sum_exp != nullptr) log_sum_exp[(task.begin + first + r) * task.heads + task.head] = most + T(std::log(sum));
    }
    product_strip<T, false>(scores, stride, rows, values, width, width, length, queries, width, false);
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < dim; c += L::size)
        (L::load(queries + r * width + c) * L::set(inverse[r])).store_first(out + at + (first + r) * task.stride + c, dim - c);
  }
  if (task.head == task.heads - 1)
    clear_columns<T>(out + task.begin * task.stride, task.stride, length, task.heads * dim, task.stride);
}

template <class T>
PLEAT_TARGET void attention_backward_task(const cpu::detail::AttentionTask<T>& task, const T* q, const T* k, const T* v,
                                          const T* out, const T* log_sum_exp, const T* dout, T* dq, T* dk, T* dv, T* scratch,
                                          bool accumulate_q, bool accumulate_k, bool accumulate_v) {
  using L = Lanes<T>;
  constexpr Index block = cpu::detail::backward_query_block;
  const Index length = task.length, keys = round_up(length, cpu::detail::panel), stride = cpu::detail::score_stride(keys),
              dim = task.head_dim, width = stride_of(dim);
  const Index at = task.begin * task.stride + task.head * dim;
  T* const key_rows = scratch;
  T* const key_sums = key_rows + keys * width; // dk and dv, rows of `width`
  T* const value_sums = key_sums + keys * width;
  T* const key_panels = value_sums + keys * width;
  T* const value_panels = key_panels + keys * dim;
  T* const queries = value_panels + keys * dim;
  T* const outer = queries + block * width; // rows of dout
  T* const turned = outer + block * width;  // rows of dq, still rotated
  T* const weights = turned + block * width;
  T* const scores = weights + block * stride; // dout v^T, then the gradient of the scores
  const T scaling = T(1) / T(std::sqrt(T(dim)));
  copy_rows<T>(v + at, task.stride, key_rows, width, length, dim, false);
  turn_keys<T>(key_rows, width, length, dim, value_panels);
  rotate_rows<T>(k + at, task.stride, key_rows, width, length, dim, task.cosine, task.sine, T(1), T(1), false);
  turn_keys<T>(key_rows, width, length, dim, key_panels);
  clear_columns<T>(key_rows, width, length, dim, width);
  clear_columns<T>(queries, width, 2 * block, dim, width); // also those of `outer`
  for (Index first = 0; first < length; first += block) {
    const Index rows = length - first < block ? length - first : block, row_at = at + first * task.stride;
    const T* const cosine = task.cosine + first * (dim / 2);
    const T* const sine = task.sine + first * (dim / 2);
    rotate_rows<T>(q + row_at, task.stride, queries, width, rows, dim, cosine, sine, scaling, T(1), false);
    copy_rows<T>(dout + row_at, task.stride, outer, width, rows, dim, false);
    score_rows<T>(queries, width, rows, key_panels, keys, dim, weights);
    score_rows<T>(outer, width, rows, value_panels, keys, dim, scores);
    for (Index r = 0; r < rows; ++r) {
      const L shift = L::set(log_sum_exp[(task.begin + first + r) * task.heads + task.head]);
      L sum = L::zero();
      for (Index c = 0; c < dim; c += L::size)
        sum = fma(L::load(outer + r * width + c), load_part<T>(out + row_at + r * task.stride + c, dim - c), sum);
      const L delta = L::set(sum_of(sum));
      T* const weight = weights + r * stride;
      T* const score = scores + r * stride;
      for (Index j = 0; j < keys; j += L::size) { // columns beyond the last key hold nothing of meaning and are not read
        const L p = exp(L::load(weight + j) - shift);
        p.store(weight + j);
        (p * (L::load(score + j) - delta)).store(score + j);
      }
    }
    product_strip<T, false>(scores, stride, rows, key_rows, width, width, length, turned, width, false);
    rotate_rows<T>(turned, width, dq + row_at, task.stride, rows, dim, cosine, sine, scaling, T(-1), accumulate_q);
    product_strip<T, true>(scores, stride, length, queries, width, width, rows, key_sums, width, first > 0);
    product_strip<T, true>(weights, stride, length, outer, width, width, rows, value_sums, width, first > 0);
  }
  rotate_rows<T>(key_sums, width, dk + at, task.stride, length, dim, task.cosine, task.sine, T(1), T(-1), accumulate_k);
  copy_rows<T>(value_sums, width, dv + at, task.stride, length, dim, accumulate_v);
  if (task.head != task.heads - 1) return;
  const Index tail = task.begin * task.stride, end = task.heads * dim;
  if (!accumulate_q) clear_columns<T>(dq + tail, task.stride, length, end, task.stride);
  if (!accumulate_k) clear_columns<T>(dk + tail, task.stride, length, end, task.stride);
  if (!accumulate_v) clear_columns<T>(dv + tail, task.stride, length, end, task.stride);
}
