#pragma once
// Golden files of GearNet-Edge: the graph of their edge list, parameters and statistics under the published names.

#include <pleat/io/safetensors.hpp>

#include "support/op_contract.hpp"

namespace contract {

struct GearNetGolden {
  Safetensors file;
  TestGraph graph{{}, {}, {}};

  GearNetGolden(const std::string& name, Index relations, Index hot)
      : file(Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/gearnet/" + name + ".safetensors")) {
    const auto flat = file.read<std::int64_t>("edges");
    const auto columns = std::size_t(file.shape("edges")[1]);
    std::vector<std::int32_t> source, target, relation;
    for (std::size_t e = 0; e < flat.size(); e += columns) {
      source.push_back(std::int32_t(flat[e])), target.push_back(std::int32_t(flat[e + 1]));
      relation.push_back(columns == 3 ? std::int32_t(flat[e + 2]) : 0);
    }
    std::vector<Index> nodes;
    const auto graphs = file.read<std::int64_t>("node2graph");
    for (std::size_t v = 0; v < graphs.size(); ++v) {
      if (v == 0 || graphs[v] != graphs[v - 1]) nodes.push_back(0);
      ++nodes.back();
    }
    graph = TestGraph(nodes, source, target, relation, relations);
    graph.positions = file.read<float>("node_position");
    // One-hot columns: the atom file leaves the constant column of its only relation out.
    const auto hot_columns = file.read<std::int32_t>("edge_onehot_columns");
    const auto stored = std::size_t(file.shape("edge_onehot_columns")[1]);
    std::vector<std::int32_t> all;
    for (std::size_t e = 0; e < source.size(); ++e) {
      for (std::size_t k = 0; k < stored; ++k) all.push_back(hot_columns[e * stored + k]);
      for (std::size_t k = stored; k < std::size_t(hot); ++k) all.push_back(40);
    }
    graph.edge_columns = graph.sorted(all);
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
  std::vector<double> of_edges(const std::string& name) const { return graph.sorted(file.read<double>(name)); }

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

} // namespace contract
