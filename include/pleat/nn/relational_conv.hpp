#pragma once
/// \file  Relational graph convolution over nodes, and over edges by the angles they make.

#include <pleat/nn/batch_norm.hpp>
#include <pleat/ops/angle_linear.hpp>
#include <pleat/ops/linear.hpp>
#include <pleat/ops/one_hot_angle_linear.hpp>
#include <pleat/ops/one_hot_relational.hpp>
#include <pleat/ops/relational_sum.hpp>

namespace pleat::inline v0_1 {

namespace detail {
/// Weights and biases as the published layers draw them: the spread of a uniform law of +- 1 / sqrt(fan-in).
inline constexpr Init conv_weight{.deviation = 0.57735026918962576, .over_fan_in = true};
constexpr Init conv_bias(Index fan_in) {
  double root = 1;
  for (int i = 0; i < 64; ++i) root = (root + static_cast<double>(fan_in) / root) / 2;
  return init::normal(0.57735026918962576 / root);
}
} // namespace detail

/// Convolution over nodes (GearNet, arXiv 2203.06125, as torchdrug 0.2.1 has it): z_v = W [M_{v,0}; ...] + b + W_self h_v +
/// b_self with M_{v,r} the sum of h_u over edges u -> v of relation r, then ReLU(batch norm). Tensors `linear.*` (Out, Relations
/// * In), `self_loop.*` (Out, In), `batch_norm.*`.
template <Index Relations, Index In, Index Out> struct RelationalConv {
  Matrix<Out, Relations * In> weight;
  Vector<Out> bias;
  Matrix<Out, In> self;
  Vector<Out> self_bias;
  BatchNorm<Out> norm;

  constexpr explicit RelationalConv(Layout at)
      : weight((at / "linear").template matrix<Out, Relations * In>("weight", detail::conv_weight)),
        bias((at / "linear").template vector<Out>("bias", detail::conv_bias(Relations * In))),
        self((at / "self_loop").template matrix<Out, In>("weight", detail::conv_weight)),
        self_bias((at / "self_loop").template vector<Out>("bias", detail::conv_bias(In))), norm(at / "batch_norm") {}

  /// (nodes, In) -> (nodes, Out); `shortcut` (nodes, Out) is added after the ReLU, `outer` is a batch norm of the whole. At
  /// inference both batch norms are part of the store of the product.
  template <class Context, class Node>
  constexpr Rows<Context, Out, Node> operator()(Context& run, const GraphTopology& graph, const Rows<Context, In, Node>& h,
                                                const Rows<Context, Out, Node>* shortcut = nullptr,
                                                const BatchNorm<Out>* outer = nullptr) const {
    auto messages = linear(run, weight, bias, sum_of_neighbours<Relations>(run, graph, h));
    if (!run.recording()) {
      const auto first = fold_batch_norm(run, norm.tensors);
      const auto last = outer != nullptr ? fold_batch_norm(run, outer->tensors) : decltype(fold_batch_norm(run, norm.tensors)){};
      return linear_folded(run, self, self_bias, h, {&messages, &first, shortcut, outer != nullptr ? &last : nullptr});
    }
    auto z = linear_add(run, self, self_bias, h, messages);
    messages = {};
    z = norm.relu(run, z, graph.node_groups, shortcut);
    return outer != nullptr ? (*outer)(run, z, graph.node_groups) : z;
  }
  /// The same of rows with ones at `columns` (nodes, hot), which are never made (ops/one_hot_relational.hpp).
  template <class Node, class Context>
  constexpr Rows<Context, Out, Node> one_hot(Context& run, const GraphTopology& graph, std::span<const std::int32_t> columns,
                                             Index hot, const BatchNorm<Out>* outer = nullptr) const {
    auto z = one_hot_relational<Relations, Node>(run, weight, bias, self, self_bias, columns, hot, graph);
    z = norm.relu(run, z, graph.node_groups);
    return outer != nullptr ? (*outer)(run, z, graph.node_groups) : z;
  }
  /// `onto` + ReLU(W [U_{v,0}; ...] + b), then the batch norm `outer`, with U_{v,r} the sum of the rows of the edges into v under
  /// relation r: the weight and bias of the nodes serve the edges a second time.
  template <class Context, class Node>
  constexpr Rows<Context, Out, Node> add_edges(Context& run, const GraphTopology& graph, const Rows<Context, In, Edge>& f,
                                               const Rows<Context, Out, Node>& onto, const BatchNorm<Out>& outer) const {
    const auto sums = sum_of_edges<Relations, Node>(run, graph, f);
    if (!run.recording()) {
      const auto last = fold_batch_norm(run, outer.tensors);
      return linear_folded(run, weight, bias, sums, {nullptr, nullptr, &onto, &last});
    }
    const auto c = detail::linear<Context, Out, Relations * In, Node>(run, weight, bias, sums, Activation::Relu, &onto);
    return outer(run, c, graph.node_groups);
  }
};

/// The same convolution over the edges of a graph: an edge a -> b flows into every edge b -> c, under the bin of the angle at b.
template <Index Bins, Index In, Index Out> struct AngleConv {
  AngleLinearTensors<Bins, In, Out> tensors;
  BatchNorm<Out> norm;

  constexpr explicit AngleConv(Layout at)
      : tensors{(at / "linear").template table<Out, Bins * In>("weight", detail::conv_weight, Decay::yes),
                (at / "linear").template vector<Out>("bias", detail::conv_bias(Bins * In)),
                (at / "self_loop").template table<Out, In>("weight", detail::conv_weight, Decay::yes),
                (at / "self_loop").template vector<Out>("bias", detail::conv_bias(In))},
        norm(at / "batch_norm") {}

  /// (edges, In) -> (edges, Out); `bins` are the tables of angle_bins.
  template <class Context>
  constexpr Rows<Context, Out, Edge> operator()(Context& run, const GraphTopology& graph,
                                                const Rows<Context, 1, std::uint8_t>& bins,
                                                const Rows<Context, In, Edge>& f) const {
    if (!run.recording()) return angle_linear(run, tensors, f, graph, bins, fold_batch_norm(run, norm.tensors));
    return norm.relu(run, angle_linear(run, tensors, f, graph, bins), graph.edge_groups);
  }
  /// The same of rows with ones at `columns` (edges, hot) and `length` in the last column, which are never made
  /// (ops/one_hot_angle_linear.hpp).
  template <class Context>
  constexpr Rows<Context, Out, Edge> one_hot(Context& run, const GraphTopology& graph, const Rows<Context, 1, std::uint8_t>& bins,
                                             std::span<const std::int32_t> columns, Index hot,
                                             const Rows<Context, 1, Edge>& length) const {
    if (!run.recording())
      return one_hot_angle_linear(run, tensors, columns, hot, length, graph, bins, fold_batch_norm(run, norm.tensors));
    return norm.relu(run, one_hot_angle_linear(run, tensors, columns, hot, length, graph, bins), graph.edge_groups);
  }
};

} // namespace pleat::inline v0_1
