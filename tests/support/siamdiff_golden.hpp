#pragma once
// Golden steps of SiamDiff: the structures and draws of a file, and its numbers in the order of our batch.

#include <map>

#include "support/gearnet_golden.hpp"
#include "support/structures.hpp"

#include <pleat/encoders/gearnet.hpp>
#include <pleat/models/siamdiff.hpp>

namespace contract {

inline Gaussian::Draw golden_conformer(const Gaussian&, const std::vector<float>& noise) {
  Gaussian::Draw draw;
  for (float x : noise) draw.shift.push_back(float(0.3 * double(x)));
  return draw;
}
inline Torsional::Draw golden_conformer(const Torsional&, const std::vector<float>& noise) {
  Torsional::Draw draw;
  for (float x : noise) draw.delta.push_back(float(double(x) * 0.1 * 3.14159265358979323846));
  return draw;
}
inline NoConformer::Draw golden_conformer(const NoConformer&, const std::vector<float>&) { return {}; }

// A step of a model: what the file says was drawn goes through our own data path.
template <class Model> struct SiamDiffGolden {
  using Graphs = typename Model::Graphs;
  static constexpr Index conformers = Model::Pairing::conformers;
  Safetensors file;
  std::vector<structures::Arrays> arrays;
  std::vector<GraphSource> sources;
  std::vector<std::uint32_t> records;
  std::vector<typename Model::Draw> draws;
  DenoisingOptions options;
  typename Model::Batch batch = Model::make_batch();
  std::vector<Index> masked_index; // as drawn, through both structures

  SiamDiffGolden(const std::string& name, const DenoisingOptions& stage)
      : file(Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/siamdiff/" + name + ".safetensors")), options(stage) {
    const auto levels = file.read<std::int64_t>("noise_level");
    for (std::size_t s = 0; s < levels.size(); ++s)
      arrays.push_back(structures::read_atoms(file, "input" + std::to_string(s) + "."));
    const auto kept = file.read<std::int64_t>("kept_node_mask");
    for (auto r : file.read<std::int64_t>("masked_index")) masked_index.push_back(Index(r));
    std::vector<float> eps[2] = {file.read<float>("eps1"), {}};
    if (conformers == 2) eps[1] = file.read<float>("eps2");
    std::size_t node = 0, row = 0;
    Index first_residue = 0;
    for (std::size_t s = 0; s < levels.size(); ++s) {
      sources.push_back(arrays[s].source()), records.push_back(std::uint32_t(s));
      typename Model::Draw draw;
      draw.residues = sources[s].residues(), draw.t = Index(levels[s]);
      for (Index r : masked_index)
        if (r >= first_residue && r < first_residue + draw.residues) draw.masked.push_back(r - first_residue);
      first_residue += draw.residues;
      draw.conformer = golden_conformer(typename Model::Conformer{},
                                        conformers == 2 ? file.read<float>("input" + std::to_string(s) + ".conformer_noise")
                                                        : std::vector<float>{});
      for (Index c = 0; c < conformers; ++c) draw.noise[std::size_t(c)].assign(arrays[s].positions.size(), 0.0f);
      std::vector<std::int32_t> atoms;
      Graphs::choose(sources[s], atoms);
      for (std::int32_t atom : atoms) {
        if (kept[node++] == 0) continue;
        for (Index c = 0; c < conformers; ++c)
          for (std::size_t k = 0; k < 3; ++k) draw.noise[std::size_t(c)][3 * std::size_t(atom) + k] = eps[c][3 * row + k];
        ++row;
      }
      draws.push_back(std::move(draw));
    }
    Model::corrupt({sources, records}, draws, options, typename Model::Conformer{}, batch);
  }

  std::string graph(Index c) const { return "g" + std::to_string(c + 1) + "."; }
  // Both conformers of a tensor of nodes, one after the other.
  template <class T> std::vector<T> of_nodes(const std::string& name) const {
    std::vector<T> all;
    for (Index c = 0; c < conformers; ++c) {
      const auto part = file.read<T>(graph(c) + name);
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  // The positions of the file, which were formed in double, in the place of ours.
  void take_exact_positions() {
    batch.clean = of_nodes<double>("clean_position");
    batch.finish();
  }
  // Which row of the file an edge of ours is, by conformer; checks that both have the same edges.
  std::vector<std::pair<Index, std::size_t>> edges() const {
    const GraphTopology t = batch.graphs.topology();
    const Index half = t.node_count() / conformers;
    std::vector<std::map<std::array<Index, 3>, std::size_t>> rows;
    std::size_t total = 0;
    for (Index c = 0; c < conformers; ++c) {
      const auto flat = file.read<std::int64_t>(graph(c) + "edges");
      const auto columns = std::size_t(file.shape(graph(c) + "edges")[1]);
      rows.emplace_back();
      for (std::size_t e = 0; e < flat.size() / columns; ++e)
        rows.back()[{Index(flat[e * columns]), Index(flat[e * columns + 1]), columns == 3 ? Index(flat[e * columns + 2]) : 0}] =
            e;
      total += rows.back().size();
    }
    BOOST_REQUIRE_EQUAL(total, std::size_t(t.edge_count()));
    std::vector<std::pair<Index, std::size_t>> found;
    for (std::size_t e = 0; e < t.source.size(); ++e) {
      const Index c = t.source[e] / half;
      const auto at = rows[std::size_t(c)].find({t.source[e] - c * half, t.target[e] - c * half, Index(t.relation[e])});
      BOOST_REQUIRE(at != rows[std::size_t(c)].end());
      found.emplace_back(c, at->second);
    }
    return found;
  }
  // A tensor of edges in our order; `width` numbers an edge.
  std::vector<double> of_edges(const std::string& name, std::size_t width = 1) const {
    std::vector<std::vector<double>> parts;
    for (Index c = 0; c < conformers; ++c) parts.push_back(file.read<double>(graph(c) + name));
    std::vector<double> all;
    for (const auto& [c, e] : edges())
      for (std::size_t k = 0; k < width; ++k) all.push_back(parts[std::size_t(c)][e * width + k]);
    return all;
  }
  // Numbers of pairs at edges; `self` where an edge joins a node to itself.
  std::vector<double> at_edges(const std::vector<double>& pairs, const std::vector<double>& self) const {
    std::vector<double> all;
    const GraphTopology t = batch.graphs.topology();
    for (std::size_t e = 0; e < t.pair.size(); ++e) all.push_back(t.pair[e] < 0 ? self[e] : pairs[std::size_t(t.pair[e])]);
    return all;
  }
  // For each draw of each conformer, the masked row it is.
  std::vector<std::size_t> drawn_rows() const {
    const auto residues = of_nodes<std::int64_t>("atom2residue");
    const auto masked = batch.masked_type.size();
    std::vector<std::size_t> rows;
    for (Index c = 0; c < conformers; ++c)
      for (Index r : masked_index)
        for (std::size_t m = std::size_t(c) * masked / std::size_t(conformers); m < masked; ++m)
          if (residues[std::size_t(batch.masked_node[std::size_t(batch.masked_begin[m])])] == r) {
            rows.push_back(m);
            break;
          }
    return rows;
  }

  static std::string published_name(std::string name) {
    for (const auto& [ours, theirs] : {std::pair{"encoder.", "model."}, std::pair{"distance_head.", "dist_mlp."},
                                       std::pair{"structure_head.", "struct_mlp."}, std::pair{"sequence_head.", "seq_mlp."}})
      if (name.starts_with(ours)) return theirs + name.substr(std::string(ours).size());
    return name;
  }
  template <class Params> void load(Params& parameters) const {
    parameters.initialise(1);
    for (const TensorPlace& place : parameters.tensors()) {
      if (place.store != Store::Trained) continue;
      const auto values = file.read<double>("param." + published_name(place.name));
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
