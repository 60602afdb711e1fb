#pragma once
// Golden files of GearNet-Edge: the graph of their edge list, parameters and statistics under the published names.

#include <algorithm>
#include <numeric>

#include <pleat/data/graph_batch.hpp>
#include <pleat/io/safetensors.hpp>

#include "support/op_contract.hpp"

namespace contract {

// Arrays of a topology from a list of edges in any order.
struct ListedGraph {
  pleat::detail::TopologyArrays t;
  Index relations = 1;
  std::vector<std::size_t> order; // edge e of the topology is edge order[e] of the list
  std::vector<float> positions;
  std::vector<std::int32_t> node_columns, edge_columns;
  std::vector<std::uint32_t> records;

  GraphTopology topology() const {
    return {{t.offsets}, relations, t.source, t.target, t.relation,   t.incoming,
            t.outgoing,  t.leaving, t.arcs,   t.pair,   t.pair_first, t.pair_second};
  }
  GraphBatch view() const { return {topology(), node_columns, edge_columns, positions, records}; }

  // `edges`: (edges, 3) source, target, relation; `offsets` of the nodes of graphs.
  void build(const std::vector<std::array<std::int64_t, 3>>& edges, const std::vector<Index>& offsets, Index relation_count) {
    relations = relation_count;
    order.resize(edges.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    const auto key = [&](std::size_t e) { return std::array<std::int64_t, 3>{edges[e][1], edges[e][2], edges[e][0]}; };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    std::size_t next = 0;
    for (std::size_t g = 0; g + 1 < offsets.size(); ++g) {
      const Index first_edge = Index(t.source.size());
      for (Index v = offsets[g]; v < offsets[g + 1]; ++v)
        for (Index r = 0; r < relations; ++r) {
          for (; next < order.size() && edges[order[next]][1] == v && edges[order[next]][2] == r; ++next) {
            t.source.push_back(std::int32_t(edges[order[next]][0]));
            t.target.push_back(std::int32_t(v));
            t.relation.push_back(std::uint8_t(r));
          }
          t.incoming.push_back(Index(t.source.size()));
        }
      t.offsets.push_back(offsets[g + 1]);
      records.push_back(std::uint32_t(g));
      t.finish_graph(offsets[g], first_edge, relations);
    }
    BOOST_REQUIRE_EQUAL(next, edges.size());
  }
};

struct GearNetGolden {
  Safetensors file;
  ListedGraph graph;

  GearNetGolden(const std::string& name, Index relations, Index hot)
      : file(Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/gearnet/" + name + ".safetensors")) {
    const auto flat = file.read<std::int64_t>("edges");
    const auto columns = std::size_t(file.shape("edges")[1]);
    std::vector<std::array<std::int64_t, 3>> edges;
    for (std::size_t e = 0; e < flat.size(); e += columns) edges.push_back({flat[e], flat[e + 1], columns == 3 ? flat[e + 2] : 0});
    std::vector<Index> offsets{0};
    const auto graphs = file.read<std::int64_t>("node2graph");
    for (std::size_t v = 0; v < graphs.size(); ++v)
      if (v + 1 == graphs.size() || graphs[v + 1] != graphs[v]) offsets.push_back(Index(v) + 1);
    graph.build(edges, offsets, relations);
    graph.positions = file.read<float>("node_position");
    // One-hot columns: the atom file leaves the constant column of its only relation out.
    const auto hot_columns = file.read<std::int64_t>("edge_onehot_columns");
    const auto stored = std::size_t(file.shape("edge_onehot_columns")[1]);
    for (const std::size_t e : graph.order) {
      for (std::size_t k = 0; k < stored; ++k) graph.edge_columns.push_back(std::int32_t(hot_columns[e * stored + k]));
      for (std::size_t k = stored; k < std::size_t(hot); ++k) graph.edge_columns.push_back(40);
    }
    const auto inputs = file.read<double>("node_input");
    const auto width = std::size_t(file.shape("node_input")[1]);
    for (std::size_t v = 0; v < graphs.size(); ++v) {
      Index ones = 0;
      for (std::size_t c = 0; c < width; ++c)
        if (inputs[v * width + c] == 1) graph.node_columns.push_back(std::int32_t(c)), ++ones;
      BOOST_REQUIRE_EQUAL(ones, relations == 1 ? 2 : 1);
    }
  }

  // Numbers of the file, one row an edge, in the order of the topology.
  std::vector<double> of_edges(const std::string& name) const {
    const auto values = file.read<double>(name);
    std::vector<double> sorted;
    for (const std::size_t e : graph.order) sorted.push_back(values[e]);
    return sorted;
  }

  // Where a tensor of a model stands in the file: state under `buffer`, parameters under `param`.
  template <class Params> void load(Params& parameters) const {
    for (const TensorPlace& place : parameters.tensors()) {
      const auto values = file.read<double>((place.store == Store::State ? "buffer." : "param.") + place.name);
      BOOST_REQUIRE_EQUAL(Index(values.size()), place.rows * place.columns);
      for (Index r = 0; r < place.rows; ++r)
        for (Index c = 0; c < place.columns; ++c)
          parameters.data(place)[r * stride_of(place.columns) + c] =
              static_cast<typename Params::Parameter>(values[std::size_t(r * place.columns + c)]);
    }
    parameters.changed();
  }
};

template <class T> std::vector<double> values_at(const T* data, const TensorPlace& place) {
  std::vector<double> values;
  for (Index r = 0; r < place.rows; ++r)
    for (Index c = 0; c < place.columns; ++c) values.push_back(double(data[place.offset + r * stride_of(place.columns) + c]));
  return values;
}

} // namespace contract
