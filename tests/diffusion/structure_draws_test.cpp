// What denoising of structures draws: keys, crops, masks, noise, quirks; and the batch it makes of them.

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

#include "support/structures.hpp"

#include <pleat/diffusion/structure_draws.hpp>

using namespace pleat;
using structures::Arrays;

namespace {

const Arrays& protein() { // 103L: 159 residues, 1270 heavy atoms
  static const Arrays a =
      structures::read_atoms(Safetensors::open(std::string(PLEAT_TEST_DATA) + "/golden/siamdiff/rotamer.safetensors"), "full.");
  return a;
}

template <class Quirks = Sane, class Graph = AtomGraph, class Conformer = Torsional>
StructureDraw<Conformer> drawn(std::uint32_t record, const DenoisingOptions& options,
                               const GraphSource& source = protein().source(), NoiseKey key = {2, 8}) {
  return draw_structure<Graph, Quirks>(source, record, key, options, Conformer{}, 2);
}

template <class Graph, class Quirks = Sane, class Conformer = Torsional>
DenoisingBatch<Graph> corrupted(const std::vector<GraphSource>& sources, const std::vector<std::uint32_t>& records,
                                const DenoisingOptions& options, NoiseKey key = {2, 8}) {
  std::vector<StructureDraw<Conformer>> draws;
  for (std::size_t s = 0; s < sources.size(); ++s)
    draws.push_back(drawn<Quirks, Graph, Conformer>(records[s], options, sources[s], key));
  DenoisingBatch<Graph> batch;
  corrupt<Quirks, Graph, Conformer>({sources, records}, draws, options, Conformer{}, 2, DenoisedBy::OtherConformer, batch);
  return batch;
}

DenoisingOptions with_crop(Index crop) {
  DenoisingOptions options = stage_one;
  options.crop = crop;
  return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_draws)

BOOST_AUTO_TEST_CASE(a_record_draws_the_same_alone_and_in_a_batch) {
  const auto options = with_crop(60);
  const auto helix = structures::helix(30);
  const auto alone = corrupted<AtomGraph>({protein().source()}, {5}, options);
  const auto both = corrupted<AtomGraph>({helix.source(), protein().source()}, {9, 5}, options);
  const GraphTopology a = alone.graphs.topology(), b = both.graphs.topology();
  for (Index c = 0; c < 2; ++c) {
    BOOST_REQUIRE_EQUAL(a.nodes.length(c), b.nodes.length(2 * c + 1));
    for (Index i = 0; i < 3 * a.nodes.length(c); ++i) {
      const auto x = std::size_t(3 * a.nodes.begin(c) + i), y = std::size_t(3 * b.nodes.begin(2 * c + 1) + i);
      BOOST_REQUIRE(alone.noisy[x] == both.noisy[y] && alone.noise[x] == both.noise[y]);
    }
  }
  const auto other_step = corrupted<AtomGraph>({protein().source()}, {5}, options, {2, 9});
  BOOST_CHECK(other_step.noisy != alone.noisy);
}

BOOST_AUTO_TEST_CASE(the_same_mask_in_both_conformers) {
  const auto batch = corrupted<AtomGraph>({protein().source()}, {5}, with_crop(60));
  const GraphTopology graph = batch.graphs.topology();
  const Index half = graph.node_count() / 2;
  BOOST_REQUIRE_EQUAL(graph.nodes.length(0), graph.nodes.length(1));
  const std::size_t masked = batch.masked_type.size() / 2;
  BOOST_REQUIRE_GT(masked, 0u);
  double sums[2] = {0, 0};
  for (std::size_t m = 0; m < 2 * masked; ++m) {
    sums[m / masked] += batch.masked_weight[m];
    BOOST_CHECK_EQUAL(batch.masked_begin[m + 1] - batch.masked_begin[m], 3); // N, C-alpha, C and nothing else
    for (Index k = batch.masked_begin[m]; k < batch.masked_begin[m + 1]; ++k) {
      const auto node = std::size_t(batch.masked_node[std::size_t(k)]);
      BOOST_CHECK_EQUAL(batch.view().node_columns[2 * node + 1], -1);
      BOOST_CHECK_GE(batch.view().node_columns[2 * node], 0);
      if (m < masked) BOOST_CHECK_EQUAL(batch.masked_node[std::size_t(k) + 3 * masked] - batch.masked_node[std::size_t(k)], half);
      BOOST_CHECK_EQUAL(batch.masked_row[std::size_t(k)], m < masked ? Index(node) + half : Index(node) - half);
    }
    if (m < masked) BOOST_CHECK_EQUAL(int{batch.masked_type[m]}, int{batch.masked_type[m + masked]});
  }
  BOOST_CHECK_CLOSE_FRACTION(sums[0], 1.0, 1e-12);
  BOOST_CHECK_CLOSE_FRACTION(sums[1], 1.0, 1e-12);
  Index hidden = 0; // of the others the type is seen
  for (std::size_t v = 0; v < std::size_t(2 * half); ++v) hidden += batch.view().node_columns[2 * v + 1] < 0 ? 1 : 0;
  BOOST_CHECK_EQUAL(hidden, Index(6 * masked));
  BOOST_CHECK(batch.graphs.view().records[0] != batch.graphs.view().records[1]);
}

BOOST_AUTO_TEST_CASE(numbers_of_masked_residues) {
  const auto options = with_crop(100);
  double distinct = 0, expected = 0;
  for (std::uint32_t record = 0; record < 60; ++record) {
    const auto sane = drawn(record, options);
    const std::set<Index> different(sane.masked.begin(), sane.masked.end());
    BOOST_CHECK_EQUAL(different.size(), sane.masked.size()); // without replacement
    BOOST_CHECK_EQUAL(Index(sane.masked.size()), options.masking().draws(100, sane.t));
    const auto published = drawn<PublishedQuirks>(record, options);
    BOOST_CHECK_EQUAL(published.masked.size(), sane.masked.size());
    distinct += double(std::set<Index>(published.masked.begin(), published.masked.end()).size());
    expected += 100 * (1 - std::pow(0.99, double(published.masked.size())));
  }
  BOOST_CHECK_CLOSE_FRACTION(distinct, expected, 0.02);
  DenoisingOptions all = options;
  all.least_masked = 1;
  BOOST_CHECK_EQUAL(drawn(1, all).masked.size(), 100u);
  // A structure of one residue is always masked.
  const auto one = structures::helix(1);
  BOOST_CHECK_EQUAL((drawn<Sane, ResidueGraph>(1, options, one.source()).masked.size()), 1u);
}

BOOST_AUTO_TEST_CASE(residues_of_unknown_type_or_without_backbone_are_not_masked) {
  Arrays a = structures::helix(6);
  a.residue_type[2] = residue_unknown;
  a.atom_name[4] = atom_cb; // residue 4 has no C-alpha
  DenoisingOptions all = stage_one;
  all.least_masked = 1;
  auto masked = drawn<Sane, ResidueGraph>(1, all, a.source()).masked;
  std::sort(masked.begin(), masked.end());
  BOOST_CHECK((masked == std::vector<Index>{0, 1, 3, 5}));
}

BOOST_AUTO_TEST_CASE(steps_crops_and_noise) {
  const auto options = with_crop(155);
  std::map<Index, int> starts, steps;
  double squares = 0, count = 0;
  for (std::uint32_t record = 0; record < 200; ++record) {
    const auto draw = drawn<Sane, ResidueGraph, Gaussian>(record, options);
    ++starts[draw.first_residue], ++steps[draw.t / 10];
    BOOST_CHECK_EQUAL(draw.residues, 155);
    for (float x : draw.noise[0]) squares += double(x) * double(x), count += 1;
  }
  BOOST_CHECK_EQUAL(starts.size(), 5u); // 159 - 155 + 1 places, the last one, too
  for (const auto& [start, times] : starts) BOOST_CHECK(start >= 0 && start <= 4 && times > 20 && times < 65);
  BOOST_CHECK_EQUAL(steps.size(), 10u);
  for (const auto& [step, times] : steps) BOOST_CHECK(times > 6 && times < 36);
  BOOST_CHECK_CLOSE_FRACTION(squares / count, 1.0, 0.01);
  // Noise is that of the atoms of the record, wherever the crop begins.
  std::uint32_t record = 0;
  const auto narrow = with_crop(40);
  const auto draw = drawn<Sane, ResidueGraph, Gaussian>(record, narrow),
             whole = drawn<Sane, ResidueGraph, Gaussian>(record, with_crop(500));
  const auto piece = crop(protein().source(), draw.first_residue, 40);
  for (std::size_t i = 0; i < piece.origin.size(); ++i) {
    BOOST_CHECK_EQUAL(draw.noise[1][3 * i], whole.noise[1][3 * std::size_t(piece.origin[i])]);
    BOOST_CHECK_EQUAL(draw.conformer.shift[3 * i], whole.conformer.shift[3 * std::size_t(piece.origin[i])]);
  }
}

BOOST_AUTO_TEST_CASE(scores_of_pairs_at_little_noise) {
  auto batch = corrupted<ResidueGraph, Sane, Gaussian>({protein().source()}, {5}, stage_one);
  for (double s : {1e-4, 1e-2}) {
    batch.sigma = {s, s};
    batch.finish();
    const GraphTopology graph = batch.graphs.topology();
    for (std::size_t p = 0; p < graph.pair_first.size(); ++p) {
      const auto u = std::size_t(graph.pair_first[p]), v = std::size_t(graph.pair_second[p]);
      double along = 0, length = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        const double d = batch.clean[3 * u + k] - batch.clean[3 * v + k];
        along += d * (batch.noise[3 * u + k] - batch.noise[3 * v + k]), length += d * d;
      }
      length = std::sqrt(length); // y -> -n . (eps_u - eps_v) as s -> 0, the difference is of order s
      BOOST_CHECK_SMALL(batch.pair_score[p] + along / length, 20 * s);
      BOOST_CHECK_CLOSE_FRACTION(batch.pair_length[p], length - s * batch.pair_score[p], 1e-9);
    }
  }
}

BOOST_AUTO_TEST_CASE(size_of_the_target) {
  // The loss of a predictor of zeros on the first 400 heavy atoms of 103L, whose mean is known for one draw (siamdiff).
  const auto piece = select_atoms(protein().source(), 0, 159, [](Index i) { return i < 400; });
  for (const auto& [s, least, most] : {std::array{0.03, 0.85, 1.1}, std::array{13.9, 4.0, 7.5}}) {
    DenoisingBatch<AtomGraph> batch;
    batch.graphs.add(piece.view());
    for (float x : piece.positions) batch.clean.push_back(double(x));
    Philox draws(3);
    for (std::size_t i = 0; i < batch.clean.size(); ++i) batch.noise.push_back(draws.normal());
    batch.sigma = {s};
    batch.finish();
    const GraphTopology graph = batch.graphs.topology();
    std::vector<double> t(1200, 0.0);
    for (std::size_t e = 0; e < graph.source.size(); ++e) { // every edge has its reverse here: twice the mean over edges in
      const auto u = std::size_t(graph.source[e]), v = std::size_t(graph.target[e]);
      const auto p = std::size_t(graph.pair[e]);
      const double edges = double(graph.in_end(Index(v)) - graph.in_begin(Index(v)));
      for (std::size_t k = 0; k < 3; ++k)
        t[3 * v + k] +=
            2 / edges * batch.pair_score[p] * (batch.noisy[3 * v + k] - batch.noisy[3 * u + k]) / batch.pair_length[p];
    }
    double loss = 0;
    for (double x : t) loss += 0.5 * x * x / 400;
    BOOST_CHECK(loss > least && loss < most);
  }
}

BOOST_AUTO_TEST_CASE(quirks) {
  const auto options = with_crop(60);
  // Residue types of all nodes of an atom graph, or of masked residues only.
  const auto published = corrupted<AtomGraph, PublishedQuirks>({protein().source()}, {5}, options);
  for (std::size_t v = 0; v < std::size_t(published.graphs.node_count()); ++v)
    BOOST_CHECK_EQUAL(published.view().node_columns[2 * v + 1], -1);
  // The chi angles of proline.
  const StructureResidue proline = residue_of_letter('P');
  int prolines = 0;
  const auto turned = drawn<PublishedQuirks>(5, with_crop(500)), still = drawn<Sane>(5, with_crop(500));
  for (std::size_t r = 0; r < protein().residue_type.size(); ++r)
    for (std::size_t k = 0; k < 4; ++k) {
      const bool is = protein().residue_type[r] == proline;
      prolines += is;
      BOOST_CHECK_EQUAL(still.conformer.delta[4 * r + k] == 0, is);
      BOOST_CHECK(turned.conformer.delta[4 * r + k] != 0);
    }
  BOOST_CHECK_GT(prolines, 0);
  // Separation across the ends of chains: residues 2 and 3 are neighbours in the list.
  Arrays a = structures::helix(6);
  a.chain = {0, 0, 0, 1, 1, 1};
  OwnedGraphs<AtomGraph> across(Separation::AcrossChains), within(Separation::WithinChains);
  across.add(a.source()), within.add(a.source());
  const GraphTopology graph = across.topology();
  BOOST_REQUIRE_EQUAL(graph.edge_count(), within.topology().edge_count());
  int ends = 0;
  for (std::size_t e = 0; e < graph.source.size(); ++e) {
    const bool crosses = (graph.source[e] < 3) != (graph.target[e] < 3);
    const std::int32_t far = 41 + 10, here = across.view().edge_columns[4 * e + 3];
    BOOST_CHECK_EQUAL(here, 41 + std::abs(graph.source[e] - graph.target[e]));
    BOOST_CHECK_EQUAL(within.view().edge_columns[4 * e + 3], crosses ? far : here);
    ends += crosses;
  }
  BOOST_CHECK_GT(ends, 0);
  OwnedGraphs<ResidueGraph> near_ends(Separation::WithinChains);
  near_ends.add(a.source());
  Index spatial = 0;
  for (std::uint8_t r : near_ends.topology().relation) spatial += r >= 5 ? 1 : 0;
  BOOST_CHECK_GT(spatial, 0); // within 10 Angstrom, and no longer dropped as near in sequence
}

BOOST_AUTO_TEST_CASE(bad_input_is_one_sentence) {
  DenoisingOptions options = stage_one;
  options.gamma = 1.5;
  BOOST_CHECK_THROW(drawn(1, options), Error);
  options = stage_one, options.crop = 0;
  BOOST_CHECK_THROW(drawn(1, options), Error);
  const std::vector<GraphSource> sources{protein().source()};
  const std::vector<std::uint32_t> records{1};
  DenoisingBatch<AtomGraph> batch;
  std::vector<StructureDraw<Torsional>> draws;
  const auto make = [&] {
    corrupt<Sane, AtomGraph, Torsional>({sources, records}, draws, stage_one, Torsional{}, 2, DenoisedBy::OtherConformer, batch);
  };
  BOOST_CHECK_THROW(make(), Error); // no draws
  draws = {drawn(1, stage_one)};
  make();
  draws[0].masked.push_back(400);
  BOOST_CHECK_THROW(make(), Error);
  draws = {drawn(1, stage_one)};
  draws[0].noise[0].pop_back();
  BOOST_CHECK_THROW(make(), Error);
  draws = {drawn(1, stage_one)};
  make();
  batch.sigma.pop_back();
  BOOST_CHECK_THROW(batch.finish(), Error);
}

BOOST_AUTO_TEST_SUITE_END()
