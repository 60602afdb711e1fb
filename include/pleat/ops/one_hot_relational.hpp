#pragma once
/// \file  Relational convolution of one-hot nodes: columns of the weight are added up along the edges, no product is formed.

#include <pleat/core/graph.hpp>
#include <pleat/ops/one_hot.hpp>
#include <pleat/ops/operands.hpp>

namespace pleat::inline v0_1 {

struct one_hot_relational_op {
  struct Plan {
    Index in = 0, out = 0, relations = 0, hot = 0;
    /// Elements of the transposed weights: (relations + 1, in, stride_of(out)); the last block is that of the node itself.
    constexpr Index form() const { return (relations + 1) * in * stride_of(out); }
  };
  template <class T> struct Forward {
    const std::int32_t* columns; // (nodes, hot); a negative one is none
    const T* weight;             // (out, stride_of(relations * in))
    const T* self;               // (out, stride_of(in))
    const T *bias, *self_bias;   // (stride_of(out))
    T* y;                        // (nodes, stride_of(out))
    GraphTopology graph;
    Plan plan;
    T* form; // scratch
  };
  template <class T, class Operand = T> struct Backward {
    const std::int32_t* columns;
    const T* dy;                // (nodes, stride_of(out))
    const Operand* dy_operands; // dy as products read it
    T *dweight, *dself;         // added to, or null
    T *dbias, *dself_bias;      // (stride_of(out)), added to, or null
    GraphTopology graph;
    Plan plan;
    T* form; // scratch
  };
};

/// y_v (nodes, Out) = sum over relations r and edges u -> v under r of the columns r * In + columns(u) of `weight` (Out,
/// Relations * In), + those of `self` (Out, In) at columns(v), + both biases: what `linear` makes of the sums of neighbours of
/// the rows of `one_hot`, which are never made. columns (nodes, hot), below In, negative: none; they and the arrays of `graph`
/// must outlive the pass. Differentiable in the tensors. Errors: columns that are not those of the nodes, a graph of other
/// relations.
template <Index Relations, class Node, class Context, Index In, Index Out>
constexpr Rows<Context, Out, Node>
one_hot_relational(Context& run, const Matrix<Out, Relations * In>& weight, const Vector<Out>& bias, const Matrix<Out, In>& self,
                   const Vector<Out>& self_bias, std::span<const std::int32_t> columns, Index hot, const GraphTopology& graph) {
  using T = typename Context::Stream;
  const Index nodes = graph.node_count();
  if (graph.relations != Relations)
    fail("one_hot_relational: a graph of ", graph.relations, " relations for a layer of ", Relations, "; they must agree");
  detail::require_columns<Context::computes>("one_hot_relational", columns, hot, nodes, In);
  const one_hot_relational_op::Plan plan{In, Out, Relations, hot};
  const double sums = static_cast<double>((graph.edge_count() + nodes) * hot + nodes) * Out;
  auto y = run.template rows<Out, Node>(nodes);
  run.count(sums, sizeof(T) * (static_cast<double>(nodes) * Out + static_cast<double>(plan.form())));
  {
    auto form = run.template buffer<T>(plan.form());
    if constexpr (Context::computes)
      KernelOf<one_hot_relational_op, Context, Relations, In, Out>::forward(
          run.device(), one_hot_relational_op::Forward<T>{columns.data(), run.data(weight), run.data(self), run.data(bias),
                                                          run.data(self_bias), y.data(), graph, plan, run.data(form)});
  }
  if constexpr (Context::records) {
    if (run.recording() && (run.trains(weight) || run.trains(self) || run.trains(bias) || run.trains(self_bias))) {
      struct Backward {
        Matrix<Out, Relations * In> weight;
        Vector<Out> bias;
        Matrix<Out, In> self;
        Vector<Out> self_bias;
        const std::int32_t* columns;
        GraphTopology graph;
        one_hot_relational_op::Plan plan;
        int output;
        double sums;
        void operator()(Context& run) const {
          auto dy = run.template take_gradient<Out, Node>(output, graph.node_count());
          if (!dy) return;
          auto operands = detail::operands_of_gradient(run, dy);
          auto form = run.template buffer<T>(plan.form());
          run.count(sums, 0);
          if constexpr (Context::computes)
            KernelOf<one_hot_relational_op, Context, Relations, In, Out>::backward(
                run.device(),
                one_hot_relational_op::Backward<T, typename Context::Precision::Operand>{
                    columns, dy.data(), detail::operand_data(run, operands), run.trains(weight) ? run.gradient(weight) : nullptr,
                    run.trains(self) ? run.gradient(self) : nullptr, run.trains(bias) ? run.gradient(bias) : nullptr,
                    run.trains(self_bias) ? run.gradient(self_bias) : nullptr, graph, plan, run.data(form)});
        }
      };
      run.want(y);
      run.record(Backward{weight, bias, self, self_bias, columns.data(), graph, plan, y.value(), sums});
    }
  }
  return y;
}

} // namespace pleat::inline v0_1
