// Kernels whose rows are wider than a warp moves at once, and lists of rows of every length: what the ops' own contracts, which
// are held to central differences as well, are too narrow for.

#if !defined(PLEAT_CONTRACT_DEVICE)
#define PLEAT_CONTRACT_DEVICE pleat::Cuda
#endif
#if !defined(PLEAT_CUDA_EMULATOR) && !defined(__CUDACC__)
#define PLEAT_CUDA_EMULATOR "cuda/emulator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include "support/op_contract.hpp"

#include <pleat/ops/concat.hpp>
#include <pleat/ops/gather_rows.hpp>
#include <pleat/ops/group_mean.hpp>
#include <pleat/ops/pair_product.hpp>
#include <pleat/ops/pooling.hpp>
#include <pleat/ops/relational_sum.hpp>
#include <pleat/ops/sigmoid.hpp>

using namespace pleat;
using namespace contract;

namespace {

// x is used twice, so that one of its gradients is added to another.
template <Index Width, class Space> struct GraphSumCase {
  constexpr explicit GraphSumCase(Layout) {}
  using Inputs = Signature<In<Width, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Space>& x) const {
    return add(run, graph_sum(run, batch.graph.topology(), x), graph_mean(run, batch.graph.topology(), x));
  }
};

template <Index Width, class Space> struct ThereAndBackCase {
  constexpr explicit ThereAndBackCase(Layout) {}
  using Inputs = Signature<In<Width, Space>>;
  template <class Run> auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Space>& x) const {
    const GraphTopology graph = batch.graph.topology();
    const auto e = gather_add(run, graph, x, x);
    return add(run, segment_mean<Residue>(run, graph, e),
               segment_sum<Residue>(run, graph, add(run, e, gather_source(run, graph, x))));
  }
};

template <Index Width> struct RelationalCase {
  constexpr explicit RelationalCase(Layout) {}
  using Inputs = Signature<In<Width, Residue>, In<Width, Edge>>;
  template <class Run>
  auto operator()(Run& run, const TestBatch& batch, const Rows<Run, Width, Residue>& x, const Rows<Run, Width, Edge>& e) const {
    const GraphTopology graph = batch.graph.topology();
    const auto once = add(run, sum_of_neighbours<2>(run, graph, x), sum_of_edges<2, Residue>(run, graph, e));
    return add(run, once, sum_of_edges<2, Residue>(run, graph, add(run, e, gather_target(run, graph, x))));
  }
};

template <Index Width, Pool pool> struct PoolCase {
  constexpr explicit PoolCase(Layout) {}
  using Inputs = Signature<In<Width>>;
  template <class Run> auto operator()(Run& run, const SequenceBatch& batch, const Rows<Run, Width>& x) const {
    if constexpr (pool == Pool::mean)
      return add(run, pool_mean(run, x, batch.segments), pool_mean(run, x, batch.segments));
    else if constexpr (pool == Pool::max)
      return add(run, pool_max(run, x, batch.segments), pool_mean(run, x, batch.segments));
    else
      return add(run, pool_mean_std(run, x, batch.segments), pool_mean_std(run, x, batch.segments));
  }
};

template <Index Width> struct ConcatCase {
  constexpr explicit ConcatCase(Layout) {}
  using Inputs = Signature<In<Width>, In<Width>>;
  template <class Run>
  auto operator()(Run& run, const SequenceBatch&, const Rows<Run, Width>& a, const Rows<Run, Width>& b) const {
    return concat(run, std::array<Rows<Run, Width>, 3>{sigmoid(run, a), b, add(run, a, b)});
  }
};

// Sequences of none to many rows; check_device adds some more.
const ContractOptions lengths{.lengths = {{0, 3, 64, 65, 0}, {}}};
template <class Case> void check() { check_device<Cuda, Case>(typename Case::Inputs{}, lengths); }

} // namespace

BOOST_AUTO_TEST_SUITE(wide_rows)

BOOST_AUTO_TEST_CASE(sums_of_graphs_and_nodes) {
  check<GraphSumCase<260, Residue>>();
  check<GraphSumCase<1, Equivariant<Residue>>>();
  check<ThereAndBackCase<130, Residue>>();
  check<ThereAndBackCase<33, Equivariant<Residue>>>();
}
BOOST_AUTO_TEST_CASE(sums_by_relation) {
  check<RelationalCase<1>>();
  check<RelationalCase<12>>();
  check<RelationalCase<128>>();
  check<RelationalCase<150>>();
}
BOOST_AUTO_TEST_CASE(poolings_of_wide_rows) {
  check<PoolCase<131, Pool::mean>>();
  check<PoolCase<272, Pool::max>>();
  check<PoolCase<144, Pool::mean_std>>();
  check<PoolCase<141, Pool::mean_std>>();
}
BOOST_AUTO_TEST_CASE(blocks_of_wide_rows) {
  check<ConcatCase<130>>();
  check<ConcatCase<160>>();
}

BOOST_AUTO_TEST_SUITE_END()
