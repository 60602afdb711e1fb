// Products of the ends of pairs, means over listed rows, and the map to vectors without edges to themselves.

#include "support/loss_run.hpp"

#include <pleat/diffusion/denoising_batch.hpp>

using namespace pleat;
using namespace contract;

namespace {

// Arrays of a batch, kept as long as the passes of a case run.
struct Pairs {
  PairIndex index;
  explicit Pairs(const TestBatch& batch, bool mirrored) {
    const Index nodes = batch.graph.nodes();
    index.set(batch.graph.topology(), nodes, [&](Index v) { return mirrored ? nodes - 1 - v : v; });
  }
};

template <bool Mirrored> struct ProductCase {
  constexpr explicit ProductCase(Layout) {}
  using Inputs = Signature<In<19, Residue>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 19, Residue>& x) const {
    static thread_local std::vector<std::unique_ptr<Pairs>> kept; // backward runs after this returns
    kept.push_back(std::make_unique<Pairs>(batch, Mirrored));
    if (kept.size() > 4) kept.erase(kept.begin());
    return pair_product(run, x, kept.back()->index.view());
  }
};

// With `Again`, every row is in a second group as well.
template <Index Width, bool Again> struct GroupCase {
  constexpr explicit GroupCase(Layout) {}
  using Inputs = Signature<In<Width, Residue>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Residue>& x) const {
    static thread_local std::vector<std::unique_ptr<std::pair<std::vector<Index>, std::vector<std::int32_t>>>> kept;
    kept.push_back(std::make_unique<std::pair<std::vector<Index>, std::vector<std::int32_t>>>());
    if (kept.size() > 4) kept.erase(kept.begin());
    auto& [begin, member] = *kept.back();
    begin.push_back(0);
    for (Index v = batch.graph.nodes() - 1; v >= 0; v -= 2) { // every second row backwards, in groups of 0, 1, 2, 0, ...
      if (v % 3 == 0) begin.push_back(Index(member.size()));
      member.push_back(std::int32_t(v));
      if (v % 5 < 3) begin.push_back(Index(member.size()));
    }
    begin.push_back(Index(member.size())), begin.push_back(Index(member.size()));
    for (Index v = 0; Again && v < batch.graph.nodes(); ++v) {
      member.push_back(std::int32_t(v));
      if (v % 4 == 3) begin.push_back(Index(member.size()));
    }
    begin.back() = Index(member.size());
    return group_mean<Graph>(run, x, {begin, member});
  }
};

template <class Space> struct WithoutLoopsCase {
  constexpr explicit WithoutLoopsCase(Layout) {}
  using Inputs = Signature<In<1, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, 1, Space>& scores) const {
    const auto x = fill<Run, 1, Coordinates<Residue>>(run, values_of(3 * batch.graph.nodes(), 8, 3));
    return invariant_to_equivariant(run, batch.graph.topology(), scores, x, SelfLoops::LeftOut);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(pairs)

BOOST_AUTO_TEST_CASE(contract_of_products) {
  check_op_contract<ProductCase<false>>();
  check_op_contract<ProductCase<true>>();
}

BOOST_AUTO_TEST_CASE(contract_of_means) {
  check_op_contract<GroupCase<70, true>>({.lengths = {{5, 1, 9}, {}}});
  check_op_contract<GroupCase<19, false>>();
}

BOOST_AUTO_TEST_CASE(contract_without_self_loops) {
  check_op_contract<WithoutLoopsCase<Edge>>();
  check_op_contract<WithoutLoopsCase<Pair>>();
}

BOOST_AUTO_TEST_CASE(values) {
  const TestGraph graph({3}, {0, 2, 1, 1}, {1, 1, 1, 0});
  PairIndex pairs;
  pairs.set(graph.topology(), 3, [](Index v) { return v; });
  LossRun<Float64> test;
  const auto x = test.input<2, Residue>({1, 2, 3, 4, 5, 6});
  check_close(dense_of(pair_product(test.run, x, pairs.view())), {3, 8, 15, 24}, 1e-15, "products");
  const std::vector<Index> begin{0, 0, 2, 3};
  const std::vector<std::int32_t> member{2, 0, 1};
  check_close(dense_of(group_mean<Graph>(test.run, x, {begin, member})), {0, 0, 3, 4, 3, 4}, 1e-15, "means");
  // Node 1 has an edge to itself, which counts or does not: its means are over 3 or 2 edges in, 2 or 1 edges out.
  const auto y = test.input<1, Coordinates<Residue>>({2, 0, 0, 0, 0, 0, 0, 5, 0});
  const auto s = test.input<1, Pair>({3, -6});
  check_close(dense_of(invariant_to_equivariant(test.run, graph.topology(), s, y)), {6, 0, 0, -2.5, 2, 0, 0, -6, 0}, 1e-9,
              "counted");
  check_close(dense_of(invariant_to_equivariant(test.run, graph.topology(), s, y, SelfLoops::LeftOut)),
              {6, 0, 0, -4.5, 3, 0, 0, -6, 0}, 1e-9, "left out");
}

BOOST_AUTO_TEST_CASE(rows_of_another_batch_are_errors) {
  const TestGraph graph({3}, {0, 2}, {1, 1});
  PairIndex pairs;
  pairs.set(graph.topology(), 3, [](Index v) { return v; });
  LossRun<Float64> test;
  const auto x = test.input<2, Residue>({1, 2, 3, 4});
  BOOST_CHECK_THROW(pair_product(test.run, x, pairs.view()), Error);
  const std::vector<Index> begin{0, 1};
  const std::vector<std::int32_t> member{2};
  BOOST_CHECK_THROW(group_mean<Graph>(test.run, x, {begin, member}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
