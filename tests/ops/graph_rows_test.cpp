// Ops between the nodes, the edges and the graphs of a batch.

#include <boost/test/unit_test.hpp>

#include "support/loss_run.hpp"

#include <pleat/ops/edge_vectors.hpp>

using namespace pleat;
using namespace contract;

namespace {

using V = Equivariant<Residue>;

struct SourceCase {
  constexpr explicit SourceCase(Layout) {}
  using Inputs = Signature<In<7, Residue>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 7, Residue>& x) const {
    return gather_source(run, batch.graph.topology(), x);
  }
};

struct TargetCase {
  constexpr explicit TargetCase(Layout) {}
  using Inputs = Signature<In<20, V>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 20, V>& x) const {
    return gather_target(run, batch.graph.topology(), x);
  }
};

template <class Space> struct SumCase { // the same nodes at both ends
  constexpr explicit SumCase(Layout) {}
  using AtEdges = MovedTo<Space, Edge>;
  using Inputs = Signature<In<9, Space>, In<9, AtEdges>>;
  template <class Run>
  auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 9, Space>& x, const Rows<Run, 9, AtEdges>& e) const {
    return gather_add(run, batch.graph.topology(), x, add(run, x, x), e);
  }
};

struct EndsCase {
  constexpr explicit EndsCase(Layout) {}
  using Inputs = Signature<In<16, Residue>, In<16, Residue>>;
  template <class Run>
  auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 16, Residue>& a, const Rows<Run, 16, Residue>& b) const {
    return gather_add(run, batch.graph.topology(), a, b);
  }
};

struct VectorsCase {
  constexpr explicit VectorsCase(Layout) {}
  using Inputs = Signature<In<1, Coordinates<Residue>>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Coordinates<Residue>>& x) const {
    return edge_vectors(run, batch.graph.topology(), x);
  }
};

template <bool Mean, class Space> struct SegmentCase {
  constexpr explicit SegmentCase(Layout) {}
  using Inputs = Signature<In<18, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 18, Space>& x) const {
    if constexpr (Mean)
      return segment_mean<Residue>(run, batch.graph.topology(), x);
    else
      return segment_sum<Residue>(run, batch.graph.topology(), x);
  }
};

template <bool Mean, class Space> struct GraphCase {
  constexpr explicit GraphCase(Layout) {}
  using Inputs = Signature<In<6, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 6, Space>& x) const {
    if constexpr (Mean)
      return graph_mean(run, batch.graph.topology(), x);
    else
      return graph_sum(run, batch.graph.topology(), x);
  }
};

template <Index Centres> struct RbfCase {
  constexpr explicit RbfCase(Layout) {}
  using Inputs = Signature<In<1, Edge>>;
  template <class Run> auto operator()(Run& run, const TestBatch&, const Rows<Run, 1, Edge>& d) const {
    return rbf<Centres>(run, d, 0.0, 4.0);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(graph_rows)

BOOST_AUTO_TEST_CASE(contract_of_rows_at_edges) {
  check_op_contract<SourceCase>();
  check_op_contract<TargetCase>();
  check_op_contract<SumCase<Residue>>();
  check_op_contract<SumCase<V>>();
  check_op_contract<EndsCase>();
  check_op_contract<VectorsCase>();
}
BOOST_AUTO_TEST_CASE(contract_of_sums_and_means) {
  check_op_contract<SegmentCase<true, Edge>>();
  check_op_contract<SegmentCase<false, Equivariant<Edge>>>();
  check_op_contract<GraphCase<true, Residue>>();
  check_op_contract<GraphCase<false, V>>();
}
BOOST_AUTO_TEST_CASE(contract_of_radial_basis_functions) {
  check_op_contract<RbfCase<16>>();
  check_op_contract<RbfCase<21>>();
}

// Nodes 0 .. 3; edges 0 -> 1, 2 -> 1, 1 -> 1, 1 -> 3 (nothing into 0 and 2).
BOOST_AUTO_TEST_CASE(values_of_a_small_graph) {
  const TestGraph graph({4}, {0, 2, 1, 1}, {1, 1, 1, 3});
  LossRun<Float64> test;
  auto& run = test.run;
  const auto x = test.input<1, Residue>({1, 10, 100, 1000});
  // Sorted by target, then source: 0 -> 1, 1 -> 1, 2 -> 1, 1 -> 3.
  check_close(dense_of(gather_source(run, graph.topology(), x)), {1, 10, 100, 10}, 1e-12, "source");
  check_close(dense_of(gather_target(run, graph.topology(), x)), {10, 10, 10, 1000}, 1e-12, "target");
  check_close(dense_of(gather_add(run, graph.topology(), x, x)), {11, 20, 110, 1010}, 1e-12, "both");
  const auto e = test.input<1, Edge>({1, 2, 6, 8});
  check_close(dense_of(segment_mean<Residue>(run, graph.topology(), e)), {0, 3, 0, 8}, 1e-12, "mean");
  check_close(dense_of(segment_sum<Residue>(run, graph.topology(), e)), {0, 9, 0, 8}, 1e-12, "sum");
  check_close(dense_of(graph_mean(run, graph.topology(), x)), {277.75}, 1e-12, "graph");
  const auto p = test.input<1, Coordinates<Residue>>({0, 0, 0, 1, 2, 3, 4, 4, 4, 1, 2, 5});
  check_close(dense_of(edge_vectors(run, graph.topology(), p)), {1, 2, 3, 0, 0, 0, -3, -2, -1, 0, 0, 2}, 1e-12, "vectors");
}

BOOST_AUTO_TEST_CASE(radial_basis_functions_are_gaussians_of_the_distance) {
  LossRun<Float64> test;
  const auto y = dense_of(rbf<16>(test.run, test.input<1, Edge>({0, 3.7, 25}), 0.0, 20.0));
  const double at[3] = {0, 3.7, 25};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t k = 0; k < 16; ++k) {
      const double u = (at[i] - 20.0 * static_cast<double>(k) / 15) / 1.25;
      BOOST_CHECK_SMALL(y[16 * i + k] - std::exp(-u * u), 1e-14);
    }
}

BOOST_AUTO_TEST_CASE(rows_of_another_batch_are_errors) {
  const TestGraph graph({4}, {0, 2, 1, 1}, {1, 1, 1, 3});
  LossRun<Float64> test;
  const auto x = test.input<1, Residue>({1, 10, 100});
  const auto e = test.input<1, Edge>({1, 2, 6});
  BOOST_CHECK_THROW(gather_source(test.run, graph.topology(), x), Error);
  BOOST_CHECK_THROW(segment_mean<Residue>(test.run, graph.topology(), e), Error);
  BOOST_CHECK_THROW(graph_mean(test.run, graph.topology(), x), Error);
}

BOOST_AUTO_TEST_SUITE_END()
