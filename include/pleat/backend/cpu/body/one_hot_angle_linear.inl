/// \file  Bodies of the messages between one-hot edges of the centres [begin, end).

/// to (size) = the blocks of the hot features of edge e from element `first` on, and its length times the last block.
template <class T, class Arguments>
PLEAT_LANE void add_up_features(const Arguments& a, const T* form, Index e, Index first, Index size, T* to) {
  using L = Lanes<T>;
  const Index block = a.plan.block(), hot = a.plan.hot;
  const std::int32_t* const columns = a.columns + e * hot;
  const L length = L::set(a.length[e * stride_of(1)]);
  const T* const last = form + (a.plan.in - 1) * block + first;
  for (Index c = 0; c < size; c += L::size) {
    L sum = length * L::load(last + c);
    for (Index h = 0; h < hot; ++h)
      if (columns[h] >= 0) sum += L::load(form + columns[h] * block + first + c);
    sum.store(to + c);
  }
}

/// `Vectors` whole vectors of bias + the messages of all edges into a centre by the slots of one column of its table.
template <class T, int Vectors>
PLEAT_LANE void sum_messages(const T* messages, Index block, Index stride, const std::uint8_t* table, Index step, Index inside,
                             const T* bias, const T* self_bias, T* to) {
  using L = Lanes<T>;
  L sum[Vectors];
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) sum[v] = L::load(bias + v * L::size) + L::load(self_bias + v * L::size);
  for (Index i = 0; i < inside; ++i) {
    const T* const from = messages + i * block + Index(table[i * step]) * stride;
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) sum[v] += L::load(from + v * L::size);
  }
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) sum[v].store(to + v * L::size);
}

/// `own`: (degree, block) messages of the edges into a centre, then one row.
template <class T>
PLEAT_TARGET inline void one_hot_angle_forward(const one_hot_angle_op::Forward<T>& a, Index begin, Index end, T* own) {
  using L = Lanes<T>;
  const GraphTopology& graph = a.graph;
  const Index block = a.plan.block(), stride = stride_of(a.plan.out), slots = a.plan.slots;
  T* const sum = own + a.plan.degree * block;
  T* const self = sum + stride;
  for (Index b = begin; b < end; ++b) {
    const Index first_in = graph.in_begin(b), inside = graph.in_end(b) - first_in;
    const Index first_out = graph.outgoing[std::size_t(b)], outside = graph.outgoing[std::size_t(b) + 1] - first_out;
    for (Index i = 0; i < inside && outside > 0; ++i)
      add_up_features<T>(a, a.scratch, first_in + i, 0, slots * stride, own + i * block);
    std::int32_t last = -1;
    for (Index j = 0; j < outside; ++j) {
      const Index e = graph.leaving[std::size_t(first_out + j)];
      // Parallel edges lie together and make the same angles.
      if (graph.target[std::size_t(e)] != last) {
        last = graph.target[std::size_t(e)];
        const std::uint8_t* const table = a.bins + graph.arcs[std::size_t(b)] + j;
        Index c = 0;
        for (; c + 4 * L::size <= stride; c += 4 * L::size)
          sum_messages<T, 4>(own + c, block, stride, table, outside, inside, a.bias + c, a.self_bias + c, sum + c);
        for (; c + 2 * L::size <= stride; c += 2 * L::size)
          sum_messages<T, 2>(own + c, block, stride, table, outside, inside, a.bias + c, a.self_bias + c, sum + c);
        for (; c < stride; c += L::size)
          sum_messages<T, 1>(own + c, block, stride, table, outside, inside, a.bias + c, a.self_bias + c, sum + c);
      }
      add_up_features<T>(a, a.scratch, e, slots * stride, stride, self);
      for (Index c = 0; c < stride; c += L::size) {
        L value = L::load(sum + c) + L::load(self + c);
        if (a.slope != nullptr) value = relu(fma(value, L::load(a.slope + c), L::load(a.shift + c)));
        value.store(a.y + e * stride + c);
      }
    }
  }
}

/// `own`: (degree, block) gradients of the messages of the edges into a centre, then one row. `sums` (in, block) is added to, or
/// null.
template <class T>
PLEAT_TARGET inline void one_hot_angle_backward(const one_hot_angle_op::Backward<T>& a, Index begin, Index end, T* own, T* sums) {
  using L = Lanes<T>;
  const GraphTopology& graph = a.graph;
  const Index block = a.plan.block(), stride = stride_of(a.plan.out), slots = a.plan.slots, hot = a.plan.hot;
  T* const unit = own + a.plan.degree * block;
  const std::int32_t* const target = graph.target.data();
  for (Index b = begin; b < end; ++b) {
    const Index first_in = graph.in_begin(b), inside = graph.in_end(b) - first_in;
    const Index first_out = graph.outgoing[std::size_t(b)], outside = graph.outgoing[std::size_t(b) + 1] - first_out;
    for (Index c = 0; c < inside * block; c += L::size) L::zero().store(own + c);
    for (Index j = 0; j < outside;) {
      const std::int32_t* const edges = graph.leaving.data() + first_out;
      Index next = j + 1;
      while (next < outside && target[edges[next]] == target[edges[j]]) ++next;
      const T* from = a.dy + Index(edges[j]) * stride;
      if (next > j + 1) { // parallel edges make the same angles
        sum_listed<T>(a.dy, stride, edges + j, next - j, unit);
        from = unit;
      }
      const std::uint8_t* const table = a.bins + graph.arcs[std::size_t(b)] + j;
      for (Index i = 0; i < inside; ++i) {
        T* const to = own + i * block + Index(table[i * outside]) * stride;
        for (Index c = 0; c < stride; c += L::size) (L::load(to + c) + L::load(from + c)).store(to + c);
      }
      j = next;
    }
    for (Index i = 0; i < inside; ++i) {
      const Index e = first_in + i;
      T* const messages = own + i * block;
      for (Index c = 0; c < stride; c += L::size) L::load(a.dy + e * stride + c).store(messages + slots * stride + c);
      if (sums != nullptr) {
        for (Index h = 0; h < hot; ++h) {
          if (a.columns[e * hot + h] < 0) continue;
          T* const to = sums + a.columns[e * hot + h] * block;
          for (Index c = 0; c < block; c += L::size) (L::load(to + c) + L::load(messages + c)).store(to + c);
        }
        const L length = L::set(a.length[e * stride_of(1)]);
        T* const to = sums + (a.plan.in - 1) * block;
        for (Index c = 0; c < block; c += L::size) fma(length, L::load(messages + c), L::load(to + c)).store(to + c);
      }
      if (a.dlength != nullptr) {
        const T* const last = a.scratch + (a.plan.in - 1) * block;
        L sum = L::zero();
        for (Index c = 0; c < block; c += L::size) sum = fma(L::load(last + c), L::load(messages + c), sum);
        T* const to = a.dlength + e * stride_of(1);
        if (!a.accumulate)
          for (Index c = 0; c < stride_of(1); ++c) to[c] = T(0);
        to[0] += sum_of(sum);
      }
    }
  }
}
