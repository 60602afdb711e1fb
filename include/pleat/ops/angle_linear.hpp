#pragma once
/// \file  Messages between edges by the angle they make: the linear layer of a line graph that is never built.

#include <pleat/core/error.hpp>
#include <pleat/core/graph.hpp>
#include <pleat/ops/operands.hpp>

namespace pleat::inline v0_1 {

struct angle_linear_op {
  /// The sizes that forward and backward share. Edges are taken in tiles of `tile` of them, tiles in blocks.
  struct Plan {
    Index in = 0, out = 0, slots = 0;
    Index nodes = 0, edges = 0;
    Index degree = 0;  ///< most edges in or out of a node
    Index tile = 0;    ///< edges of a tile
    Index block = 0;   ///< tiles of a block: what the gradient of the weight looks at together
    Index threads = 1; ///< each has scratch of its own
    /// The slot whose sum is the sum of all slots less the others; its product is taken once a node. Exact, and it should be a
    /// slot that is seldom empty: empty slots of an edge cost nothing.
    constexpr Index skipped() const { return slots / 2; }
    constexpr Index tiles() const { return (edges + tile - 1) / tile; }
    static constexpr Index pad = 16; ///< rows a tile may be rounded up by
  };
  /// Where the work of a call lies, in elements of the two scratch buffers: per thread, then shared.
  struct Work {
    Index numbers = 0, integers = 0;                // of one thread
    Index forms = 0, node_sums = 0, node_terms = 0; // shared, from here offsets; forms[slots + 1][packed]
    Index partner_sums = 0, gathered = 0, partner = 0, gradient = 0;
    Index total = 0;
    Index rows = 0, counts = 0, total_integers = 0; // shared integers
  };
  // A device without threads of the host (`threads` 0) keeps the weight slot by slot at `forms` and its gradient at `gradient`.
  // Forward gathers rows of `in` and makes `out`; the gradient of the input the other way round.
  static constexpr Work work(const Plan& p, bool backward, bool trains) {
    const Index from = stride_of(backward ? p.out : p.in), to = stride_of(backward ? p.in : p.out);
    Work w;
    if (p.threads == 0) {
      w.gradient = backward ? p.slots * p.out * stride_of(p.in) : 0;
      w.total = trains ? 2 * w.gradient : w.gradient;
      return w;
    }
    w.numbers = round_up((p.tile + Plan::pad) * from + 2 * p.tile * to, 64);
    w.integers = round_up(4 * p.tile + Plan::pad + p.tile * (p.slots + 1) + p.tile * p.degree, 64);
    w.forms = p.threads * w.numbers;
    w.node_sums = w.forms + (p.slots + 1) * to * (backward ? p.out : p.in);
    w.node_terms = w.node_sums + p.nodes * from;
    w.partner_sums = w.node_terms + p.nodes * to;
    w.total = w.partner_sums;
    w.rows = w.total_integers = p.threads * w.integers;
    if (!trains) return w;
    w.gathered = w.partner_sums + p.nodes * to;
    w.partner = w.gathered + p.slots * p.block * (p.tile + Plan::pad) * from;
    w.gradient = w.partner + p.block * p.tile * to;
    w.total = w.gradient + p.slots * p.out * stride_of(p.in);
    w.counts = w.rows + p.slots * p.block * (p.tile + Plan::pad);
    w.total_integers = w.counts + p.slots * p.block;
    return w;
  }

  // T is the type of rows and parameters, Operand what products read: it may be narrower.
  template <class T, class Operand = T> struct Forward {
    const T* x;                // (edges, stride_of(in))
    const Operand* x_operands; // x as products read it
    const Operand* weight;     // (out, stride_of(slots * in))
    const Operand* self;       // (out, stride_of(in))
    const T *bias, *self_bias; // (stride_of(out))
    const T *slope, *shift;    // (stride_of(out)) y = relu(slope y + shift), or null: y as it is
    T* y;                      // (edges, stride_of(out))
    const std::uint8_t* bins;  // (arcs)
    GraphTopology graph;
    Plan plan;
    T* numbers;
    std::int32_t* integers; // scratch as `work` says
  };
  template <class T, class Operand = T> struct Backward {
    const T* x;  // (edges, stride_of(in))
    const T* dy; // (edges, stride_of(out))
    const Operand *x_operands, *dy_operands;
    const Operand *weight, *self; // as above
    T *dweight, *dself;           // added to, or null
    T *dbias, *dself_bias;        // (stride_of(out)), added to, or null
    T* dx;                        // (edges, stride_of(in)), or null
    const std::uint8_t* bins;
    GraphTopology graph;
    Plan plan;
    T* numbers;
    std::int32_t* integers;
    bool accumulate;
  };
};

/// Tensors of a relational layer: `linear` has a block of `In` columns for each slot, `self_loop` is for the row itself.
template <Index Slots, Index In, Index Out> struct AngleLinearTensors {
  Matrix<Out, Slots * In> weight;
  Vector<Out> bias;
  Matrix<Out, In> self;
  Vector<Out> self_bias;
};

namespace detail {

template <class T>
constexpr angle_linear_op::Plan angle_plan(const GraphTopology& graph, Index in, Index out, Index slots, Index threads) {
  angle_linear_op::Plan p{in, out, slots, graph.node_count(), graph.edge_count(), 0, 0, 0, threads};
  for (Index v = 0; v < p.nodes; ++v) {
    const Index inside = graph.in_end(v) - graph.in_begin(v);
    const Index outside = graph.outgoing[static_cast<std::size_t>(v) + 1] - graph.outgoing[static_cast<std::size_t>(v)];
    p.degree = inside > p.degree ? inside : p.degree;
    p.degree = outside > p.degree ? outside : p.degree;
  }
  // Rows gathered for a slot and the tile of results share the second-level cache with a part of the weight.
  p.tile = (in + out) * static_cast<Index>(sizeof(T)) > 2048 ? 96 : 192;
  const Index each = slots * p.tile * stride_of(out) * static_cast<Index>(sizeof(T)), tiles = (Index(8) << 20) / each;
  p.block = tiles < 4 ? 4 : tiles > 16 ? 16 : tiles;
  p.block = p.block < 2 * threads ? 2 * threads : p.block;
  p.block = p.block < p.tiles() ? p.block : p.tiles();
  return p;
}

template <class Context, Index Slots, Index In, Index Out> struct AngleLinearBackward {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  AngleLinearTensors<Slots, In, Out> layer;
  Kept<In, Edge> x;
  Kept<1, std::uint8_t> bins;
  int output;
  GraphTopology graph;
  void operator()(Context& run) const {
    auto rows = run.take(x);
    auto table = run.take(bins);
    auto dy = run.template take_gradient<Out, Edge>(output, x.count);
    if (!dy) return;
    const bool trains = run.trains(layer.weight);
    auto x_operands = operands_of(run, rows);
    auto dy_operands = operands_of_gradient(run, dy);
    auto dx = run.template contribute<In>(x.value, x.count);
    const auto plan = angle_plan<T>(graph, In, Out, Slots, run.device().threads());
    const auto work = angle_linear_op::work(plan, true, trains);
    auto numbers = run.template buffer<T>(work.total);
    auto integers = run.template buffer<std::int32_t>(work.total_integers);
    run.count(4.0 * static_cast<double>(x.count) * (Slots + 1) * In * Out, 0);
    if constexpr (Context::computes)
      KernelOf<angle_linear_op, Context, Slots, In, Out>::backward(
          run.device(), angle_linear_op::Backward<T, Operand>{
                            rows.data(), dy.data(), operand_data(run, x_operands), operand_data(run, dy_operands),
                            run.operand(layer.weight), run.operand(layer.self), trains ? run.gradient(layer.weight) : nullptr,
                            run.trains(layer.self) ? run.gradient(layer.self) : nullptr,
                            run.trains(layer.bias) ? run.gradient(layer.bias) : nullptr,
                            run.trains(layer.self_bias) ? run.gradient(layer.self_bias) : nullptr, dx ? dx.data : nullptr,
                            run.data(table), graph, plan, run.data(numbers), run.data(integers), dx.accumulate});
  }
};

} // namespace detail

/// y_e = sum over slots k of W_k M_{e,k} + b + W_self x_e + b_self for every edge e = (b -> c), where M_{e,k} is the sum of the
/// rows x_a of all edges a into b that make an angle of bin k with e (`bins`: tables of ops/angle_bins.hpp), b's way back and
/// edges to itself included. x (edges, In), y (edges, Out), W (Out, Slots * In). The sums are formed for a tile of edges at a
/// time and fed to the product; messages of parallel edges are formed once. Differentiable in x and in the tensors. Kept for
/// backward: x and the bins. With `folded` (fold_batch_norm), at inference only, y = relu(slope y + shift) follows in the same
/// store. The arrays of `graph` must outlive the pass. Errors: rows or tables of another graph.
template <class Context, Index Slots, Index In, Index Out>
constexpr Rows<Context, Out, Edge> angle_linear(Context& run, const AngleLinearTensors<Slots, In, Out>& layer,
                                                const Rows<Context, In, Edge>& x, const GraphTopology& graph,
                                                const Rows<Context, 1, std::uint8_t>& bins,
                                                const Rows<Context, 1, typename Context::Stream>& folded = {}) {
  using T = typename Context::Stream;
  using Operand = typename Context::Precision::Operand;
  const Index edges = graph.edge_count();
  if (x.count() != edges || bins.count() != graph.arc_count())
    fail("angle_linear: ", x.count(), " rows and ", bins.count(), " angle bins for a graph of ", edges, " edges and ",
         graph.arc_count(), " arcs; pass those of that graph");
  if (folded && run.recording()) fail("angle_linear: batch norm is folded at inference only; call batch_norm while training");
  auto operands = detail::operands_of(run, x);
  auto y = run.template rows<Out, Edge>(edges);
  const auto n = static_cast<double>(edges);
  run.count(2.0 * n * (Slots + 1) * In * Out, sizeof(T) * (n * (In + Out) + (Slots + 1.0) * In * Out));
  {
    const auto plan = detail::angle_plan<T>(graph, In, Out, Slots, run.device().threads());
    const auto work = angle_linear_op::work(plan, false, false);
    auto numbers = run.template buffer<T>(work.total);
    auto integers = run.template buffer<std::int32_t>(work.total_integers);
    if constexpr (Context::computes) {
      const T* const slope = folded ? run.data(folded) : nullptr;
      KernelOf<angle_linear_op, Context, Slots, In, Out>::forward(
          run.device(),
          angle_linear_op::Forward<T, Operand>{x.data(), detail::operand_data(run, operands), run.operand(layer.weight),
                                               run.operand(layer.self), run.data(layer.bias), run.data(layer.self_bias), slope,
                                               slope != nullptr ? slope + stride_of(Out) : nullptr, y.data(), run.data(bins),
                                               graph, plan, run.data(numbers), run.data(integers)});
    }
  }
  if constexpr (Context::records) {
    if (run.recording() && (run.trains(layer.weight) || run.trains(layer.self) || run.trains(layer.bias) ||
                            run.trains(layer.self_bias) || x.wants_gradient())) {
      run.want(y);
      run.record(detail::AngleLinearBackward<Context, Slots, In, Out>{layer, run.keep(x), run.keep(bins), y.value(), graph});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
