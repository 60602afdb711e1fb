/// \file  Bodies of the relational convolution of one-hot nodes.

template <class T>
PLEAT_TARGET inline void one_hot_relational_forward(const one_hot_relational_op::Forward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const GraphTopology& graph = a.graph;
  const Index stride = stride_of(a.plan.out), hot = a.plan.hot, relations = a.plan.relations, of_relation = a.plan.in * stride;
  for (Index v = begin; v < end; ++v) {
    T* const y = a.y + v * stride;
    for (Index c = 0; c < stride; c += L::size) (L::load(a.bias + c) + L::load(a.self_bias + c)).store(y + c);
    for (Index r = 0; r <= relations; ++r) {
      const bool own = r == relations;
      const Index first = own ? v : graph.incoming[std::size_t(v * relations + r)];
      const Index last = own ? v + 1 : graph.incoming[std::size_t(v * relations + r + 1)];
      for (Index e = first; e < last; ++e) {
        const Index from = own ? v : Index(graph.source[std::size_t(e)]);
        for (Index h = 0; h < hot; ++h) {
          const std::int32_t column = a.columns[from * hot + h];
          if (column < 0) continue;
          const T* const row = a.form + r * of_relation + column * stride;
          for (Index c = 0; c < stride; c += L::size) (L::load(y + c) + L::load(row + c)).store(y + c);
        }
      }
    }
  }
}

/// Channels [first, last) of the form: the gradient of every node on the rows that were added up for it.
template <class T>
PLEAT_TARGET inline void one_hot_relational_backward(const one_hot_relational_op::Backward<T>& a, Index begin, Index end) {
  using L = Lanes<T>;
  const GraphTopology& graph = a.graph;
  const Index stride = stride_of(a.plan.out), hot = a.plan.hot, relations = a.plan.relations, of_relation = a.plan.in * stride;
  for (Index v = 0; v < graph.node_count(); ++v) {
    const T* const dy = a.dy + v * stride;
    for (Index r = 0; r <= relations; ++r) {
      const bool own = r == relations;
      const Index first = own ? v : graph.incoming[std::size_t(v * relations + r)];
      const Index last = own ? v + 1 : graph.incoming[std::size_t(v * relations + r + 1)];
      for (Index e = first; e < last; ++e) {
        const Index from = own ? v : Index(graph.source[std::size_t(e)]);
        for (Index h = 0; h < hot; ++h) {
          const std::int32_t column = a.columns[from * hot + h];
          if (column < 0) continue;
          T* const row = a.form + r * of_relation + column * stride;
          for (Index c = begin; c < end; c += L::size) (L::load(row + c) + L::load(dy + c)).store(row + c);
        }
      }
    }
  }
}
