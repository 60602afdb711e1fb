#pragma once
/// \file  Messages between edges by angle whose features are a few ones and a length: columns of the weight are added up, no
/// product is formed.

#include <pleat/ops/angle_linear.hpp>
#include <pleat/ops/one_hot.hpp>

namespace pleat::inline v0_1 {

struct one_hot_angle_op {
  struct Plan {
    Index in = 0, out = 0, slots = 0, hot = 0;
    Index nodes = 0, edges = 0;
    Index degree = 0;  ///< most edges into a node
    Index threads = 1; ///< each has scratch of its own
    /// Elements that one feature adds to the messages of an edge: one row for each slot, one for the edge itself.
    constexpr Index block() const { return (slots + 1) * stride_of(out); }
    constexpr Index form() const { return in * block(); }
    constexpr Index own() const { return (degree + 1) * block(); } ///< scratch of a thread
    /// Centres of one partial sum of the gradient of the weight, and how many there are: functions of the graph only.
    constexpr Index centres() const { return nodes > 32 * 32 ? (nodes + 31) / 32 : 32; }
    constexpr Index partials() const { return (nodes + centres() - 1) / centres(); }
    /// A device without threads of the host keeps a form only.
    constexpr Index scratch(bool backward) const {
      return form() + threads * own() + (backward && threads > 0 ? partials() * form() : 0);
    }
  };

  template <class T> struct Forward {
    const std::int32_t* columns; // (edges, hot); a negative one is none
    const T* length;             // (edges, stride_of(1)) value of the last column
    const T* weight;             // (out, stride_of(slots * in))
    const T* self;               // (out, stride_of(in))
    const T *bias, *self_bias;   // (stride_of(out))
    const T *slope, *shift;      // (stride_of(out)) y = relu(slope y + shift), or null: y as it is
    T* y;                        // (edges, stride_of(out))
    const std::uint8_t* bins;    // (arcs)
    GraphTopology graph;
    Plan plan;
    T* scratch;
  };
  template <class T, class Operand = T> struct Backward {
    const std::int32_t* columns;
    const T *length, *dy;
    const Operand* dy_operands; // dy as products read it
    const T *weight, *self;
    T *dweight, *dself;    // added to, or null
    T *dbias, *dself_bias; // (stride_of(out)), added to, or null
    T* dlength;            // (edges, stride_of(1)), or null
    const std::uint8_t* bins;
    GraphTopology graph;
    Plan plan;
    T* scratch;
    bool accumulate;
  };
};

namespace detail {

constexpr one_hot_angle_op::Plan one_hot_angle_plan(const GraphTopology& graph, Index in, Index out, Index slots, Index hot,
                                                    Index threads) {
  one_hot_angle_op::Plan p{in, out, slots, hot, graph.node_count(), graph.edge_count(), 0, threads};
  for (Index v = 0; v < p.nodes; ++v) {
    const Index inside = graph.in_end(v) - graph.in_begin(v);
    p.degree = inside > p.degree ? inside : p.degree;
  }
  return p;
}

template <class Context, Index Slots, Index In, Index Out> struct OneHotAngleBackward {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  AngleLinearTensors<Slots, In, Out> layer;
  Kept<1, Edge> length;
  Kept<1, std::uint8_t> bins;
  const std::int32_t* columns;
  Index hot;
  int output;
  GraphTopology graph;
  void operator()(Context& run) const {
    auto lengths = run.take(length);
    auto table = run.take(bins);
    auto dy = run.template take_gradient<Out, Edge>(output, length.count);
    if (!dy) return;
    auto operands = operands_of_gradient(run, dy);
    auto dlength = run.template contribute<1>(length.value, length.count);
    const auto plan = one_hot_angle_plan(graph, In, Out, Slots, hot, run.device().threads());
    auto scratch = run.template buffer<T>(plan.scratch(true));
    run.count(static_cast<double>(graph.arc_count() + 2 * length.count * (Slots + 1) * (hot + 2)) * Out, 0);
    if constexpr (Context::computes)
      KernelOf<one_hot_angle_op, Context, Slots, In, Out>::backward(
          run.device(),
          one_hot_angle_op::Backward<T, Operand>{
              columns, lengths.data(), dy.data(), operand_data(run, operands), run.data(layer.weight), run.data(layer.self),
              run.trains(layer.weight) ? run.gradient(layer.weight) : nullptr,
              run.trains(layer.self) ? run.gradient(layer.self) : nullptr,
              run.trains(layer.bias) ? run.gradient(layer.bias) : nullptr,
              run.trains(layer.self_bias) ? run.gradient(layer.self_bias) : nullptr, dlength ? dlength.data : nullptr,
              run.data(table), graph, plan, run.data(scratch), dlength.accumulate});
  }
};

} // namespace detail

/// `angle_linear` of the rows that `one_hot_and<In>(run, columns, hot, length)` would make, which are never made: each edge adds
/// up the columns of W that are its ones (and `length` times the last one) for every slot, each arc adds one of these sums.
/// columns (edges, hot), below In - 1, negative: none; length (edges, 1). Differentiable in the length and in the tensors. Kept
/// for backward: the lengths and the bins; the columns and the arrays of `graph` must outlive the pass. `folded` and errors as of
/// `angle_linear`.
template <class Context, Index Slots, Index In, Index Out>
constexpr Rows<Context, Out, Edge>
one_hot_angle_linear(Context& run, const AngleLinearTensors<Slots, In, Out>& layer, std::span<const std::int32_t> columns,
                     Index hot, const Rows<Context, 1, Edge>& length, const GraphTopology& graph,
                     const Rows<Context, 1, std::uint8_t>& bins, const Rows<Context, 1, typename Context::Stream>& folded = {}) {
  using T = typename Context::Stream;
  const Index edges = graph.edge_count();
  if (length.count() != edges || bins.count() != graph.arc_count())
    fail("one_hot_angle_linear: ", length.count(), " lengths and ", bins.count(), " angle bins for a graph of ", edges,
         " edges and ", graph.arc_count(), " arcs; pass those of that graph");
  detail::require_columns<Context::computes>("one_hot_angle_linear", columns, hot, edges, In - 1);
  if (folded && run.recording())
    fail("one_hot_angle_linear: batch norm is folded at inference only; call batch_norm while training");
  auto y = run.template rows<Out, Edge>(edges);
  run.count(static_cast<double>(graph.arc_count() + edges * (Slots + 1) * (hot + 2)) * Out,
            sizeof(T) * (static_cast<double>(edges) * Out + (Slots + 1.0) * In * Out));
  {
    const auto plan = detail::one_hot_angle_plan(graph, In, Out, Slots, hot, run.device().threads());
    auto scratch = run.template buffer<T>(plan.scratch(false));
    if constexpr (Context::computes) {
      const T* const slope = folded ? run.data(folded) : nullptr;
      KernelOf<one_hot_angle_op, Context, Slots, In, Out>::forward(
          run.device(), one_hot_angle_op::Forward<T>{columns.data(), length.data(), run.data(layer.weight), run.data(layer.self),
                                                     run.data(layer.bias), run.data(layer.self_bias), slope,
                                                     slope != nullptr ? slope + stride_of(Out) : nullptr, y.data(),
                                                     run.data(bins), graph, plan, run.data(scratch)});
    }
  }
  if constexpr (Context::records) {
    if (run.recording() && (run.trains(layer.weight) || run.trains(layer.self) || run.trains(layer.bias) ||
                            run.trains(layer.self_bias) || length.wants_gradient())) {
      run.want(y);
      run.record(detail::OneHotAngleBackward<Context, Slots, In, Out>{layer, run.keep(length), run.keep(bins), columns.data(),
                                                                      hot, y.value(), graph});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
