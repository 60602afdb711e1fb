#pragma once
// Graphs for tests, from plain lists of edges: the topology that encoders read, built in the most obvious way.

#include <algorithm>
#include <numeric>
#include <tuple>
#include <vector>

#include <pleat/core/graph.hpp>
#include <pleat/core/philox.hpp>

namespace contract {

using namespace pleat;

// Edges may come in any order; `sorted` brings a published array of their rows into ours (target, relation, source).
class TestGraph {
public:
  TestGraph(const std::vector<Index>& nodes_of_graphs, const std::vector<std::int32_t>& source,
            const std::vector<std::int32_t>& target, const std::vector<std::int32_t>& relation = {}, Index relations = 1)
      : relations_(relations) {
    for (Index n : nodes_of_graphs) {
      records_.push_back(static_cast<std::uint32_t>(10 + records_.size()));
      offsets_.push_back(offsets_.back() + n);
    }
    const std::size_t edges = source.size();
    const auto relation_of = [&](Index e) { return relation.empty() ? 0 : relation[static_cast<std::size_t>(e)]; };
    order_.resize(edges);
    std::iota(order_.begin(), order_.end(), Index(0));
    std::sort(order_.begin(), order_.end(), [&](Index a, Index b) {
      const auto key = [&](Index e) {
        return std::tuple(target[static_cast<std::size_t>(e)], relation_of(e), source[static_cast<std::size_t>(e)], e);
      };
      return key(a) < key(b);
    });
    incoming_.assign(static_cast<std::size_t>(offsets_.back() * relations + 1), 0);
    outgoing_.assign(static_cast<std::size_t>(offsets_.back() + 1), 0);
    for (Index e : order_) {
      source_.push_back(source[static_cast<std::size_t>(e)]);
      target_.push_back(target[static_cast<std::size_t>(e)]);
      relation_.push_back(static_cast<std::uint8_t>(relation_of(e)));
      ++incoming_[static_cast<std::size_t>(target_.back() * relations + relation_.back() + 1)];
      ++outgoing_[static_cast<std::size_t>(source_.back() + 1)];
    }
    std::partial_sum(incoming_.begin(), incoming_.end(), incoming_.begin());
    std::partial_sum(outgoing_.begin(), outgoing_.end(), outgoing_.begin());
    leaving_.resize(edges);
    std::iota(leaving_.begin(), leaving_.end(), 0);
    std::sort(leaving_.begin(), leaving_.end(), [&](std::int32_t a, std::int32_t b) {
      const auto key = [&](std::int32_t e) {
        const auto i = static_cast<std::size_t>(e);
        return std::tuple(source_[i], target_[i], relation_[i], e);
      };
      return key(a) < key(b);
    });
    for (Index v = 0; v < offsets_.back(); ++v) {
      const auto i = static_cast<std::size_t>(v), r = static_cast<std::size_t>(relations);
      arcs_.push_back(arcs_.back() + (incoming_[(i + 1) * r] - incoming_[i * r]) * (outgoing_[i + 1] - outgoing_[i]));
    }
    find_pairs();
  }

  // About `degree` edges into each node from nodes of its graph; graphs of one node have none, and the last node of each neither.
  static TestGraph made_up(const std::vector<Index>& nodes_of_graphs, Index degree, Index relations = 1, std::uint64_t seed = 3) {
    Philox draws(seed, 5);
    std::vector<std::int32_t> source, target, relation;
    Index first = 0;
    for (Index n : nodes_of_graphs) {
      for (Index v = 0; v + 1 < n; ++v)
        for (Index k = 0; k < degree; ++k) {
          source.push_back(static_cast<std::int32_t>(first + draws.index(n)));
          target.push_back(static_cast<std::int32_t>(first + v));
          relation.push_back(static_cast<std::int32_t>(draws.index(relations)));
        }
      first += n;
    }
    return TestGraph(nodes_of_graphs, source, target, relation, relations);
  }

  GraphTopology topology() const {
    GraphTopology t;
    t.nodes = {offsets_};
    t.relations = relations_;
    t.source = source_, t.target = target_, t.relation = relation_;
    t.incoming = incoming_, t.outgoing = outgoing_, t.leaving = leaving_, t.arcs = arcs_;
    t.pair = pair_, t.pair_first = pair_first_, t.pair_second = pair_second_;
    return t;
  }
  GraphBatch view() const {
    GraphBatch batch;
    batch.topology = topology();
    batch.node_columns = node_columns, batch.edge_columns = edge_columns, batch.positions = positions, batch.records = records_;
    return batch;
  }
  Index nodes() const { return offsets_.back(); }
  Index pairs() const { return static_cast<Index>(pair_first_.size()); }
  Index edges() const { return static_cast<Index>(source_.size()); }
  std::int32_t source(Index e) const { return source_[static_cast<std::size_t>(e)]; }
  std::int32_t target(Index e) const { return target_[static_cast<std::size_t>(e)]; }
  template <class T> std::vector<T> sorted(const std::vector<T>& rows) const {
    const std::size_t width = order_.empty() ? 0 : rows.size() / order_.size();
    std::vector<T> out;
    for (Index e : order_)
      for (std::size_t c = 0; c < width; ++c) out.push_back(rows[static_cast<std::size_t>(e) * width + c]);
    return out;
  }

  std::vector<std::int32_t> node_columns; // (nodes, hot columns), to be filled by the test
  std::vector<std::int32_t> edge_columns; // (edges, hot columns), likewise
  std::vector<float> positions;           // (nodes, 3)

private:
  // Unordered pairs of different nodes that an edge joins, by (lower, higher).
  void find_pairs() {
    std::vector<std::pair<std::int32_t, std::int32_t>> all;
    const auto of = [&](std::size_t e) { return std::pair(std::min(source_[e], target_[e]), std::max(source_[e], target_[e])); };
    for (std::size_t e = 0; e < source_.size(); ++e)
      if (source_[e] != target_[e]) all.push_back(of(e));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const auto& [low, high] : all) pair_first_.push_back(low), pair_second_.push_back(high);
    for (std::size_t e = 0; e < source_.size(); ++e)
      pair_.push_back(source_[e] == target_[e]
                          ? -1
                          : static_cast<std::int32_t>(std::lower_bound(all.begin(), all.end(), of(e)) - all.begin()));
  }

  Index relations_;
  std::vector<Index> offsets_{0}, order_, incoming_, outgoing_, arcs_{0};
  std::vector<std::int32_t> source_, target_, leaving_, pair_, pair_first_, pair_second_;
  std::vector<std::uint8_t> relation_;
  std::vector<std::uint32_t> records_;
};

} // namespace contract
