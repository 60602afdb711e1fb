/// \file  Gradient of a table: each task owns 16 columns of all its rows.

// Adds 16 channels of `from` to `to`.
template <class T> PLEAT_LANE void add_16(T* to, const T* from) {
  constexpr Index n = Lanes<T>::size;
  for (Index c = 0; c < 16; c += n) (Lanes<T>::load(to + c) + Lanes<T>::load(from + c)).store(to + c);
}

// Rows in order in chunks of rows_of_task, the chunks in order: a frequent token's sum loses no more bits than a short one's.
template <class T> PLEAT_TARGET inline void embedding_backward(const embedding_op::Backward<T>& a, Index column) {
  const Index stride = stride_of(a.width);
  for (Index begin = 0; begin < a.rows; begin += cpu::rows_of_task) {
    const Index end = begin + cpu::rows_of_task < a.rows ? begin + cpu::rows_of_task : a.rows;
    for (Index v = 0; v < a.vocabulary; ++v)
      for (Index c = 0; c < 16; ++c) a.partial[v * stride + column + c] = T(0);
    for (Index r = begin; r < end; ++r) add_16(a.partial + a.tokens[r] * stride + column, a.dy + r * stride + column);
    for (Index v = 0; v < a.vocabulary; ++v) add_16(a.dtable + v * stride + column, a.partial + v * stride + column);
  }
}
