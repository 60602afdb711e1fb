/// \file  Bodies of relational sums over the rows [begin, end) of the output.

template <class T>
PLEAT_TARGET inline void relational_sum_forward(const relational_sum_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index relations = a.graph.relations, from = stride_of(a.width), to = stride_of(relations * a.width);
  const Index* const incoming = a.graph.incoming.data();
  const std::int32_t* const source = a.graph.source.data();
  for (Index v = begin; v < end; ++v) {
    T* const y = a.y + v * to;
    for (Index r = 0; r < relations; ++r) {
      const Index first = incoming[v * relations + r], last = incoming[v * relations + r + 1];
      for (Index c = 0; c < a.width; c += L::size) {
        L sum = L::zero();
        for (Index e = first; e < last; ++e) sum += L::load(a.x + (a.of_edges ? e : Index(source[e])) * from + c);
        if (c + L::size <= a.width)
          sum.store(y + r * a.width + c);
        else
          sum.store_first(y + r * a.width + c, a.width - c);
      }
    }
    for (Index c = relations * a.width; c < to; ++c) y[c] = T(0);
  }
}

template <class T>
PLEAT_TARGET inline void relational_sum_backward(const relational_sum_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const Index relations = a.graph.relations, to = stride_of(a.width), from = stride_of(relations * a.width);
  const std::int32_t* const target = a.graph.target.data();
  const std::uint8_t* const relation = a.graph.relation.data();
  for (Index row = begin; row < end; ++row) {
    const Index first = a.of_edges ? row : a.graph.outgoing[std::size_t(row)],
                last = a.of_edges ? row + 1 : a.graph.outgoing[std::size_t(row) + 1];
    for (Index c = 0; c < to; c += L::size) {
      const Index left = a.width > c ? a.width - c : 0;
      L sum = a.accumulate ? L::load(a.dx + row * to + c) : L::zero();
      for (Index k = first; k < last; ++k) {
        const Index e = a.of_edges ? k : Index(a.graph.leaving[std::size_t(k)]);
        const T* const dy = a.dy + Index(target[e]) * from + Index(relation[e]) * a.width + c;
        if (left >= L::size)
          sum += L::load(dy);
        else if (left > 0)
          sum += L::load_first(dy, left);
      }
      sum.store(a.dx + row * to + c);
    }
  }
}
