#include <boost/test/unit_test.hpp>

#include <set>

#include <pleat/data/chosen_conformer.hpp>
#include <pleat/data/conformers.hpp>
#include <pleat/data/graph_batch.hpp>
#include <pleat/data/structure_set.hpp>
#include <pleat/diffusion/structure_draws.hpp>

#include "support/structures.hpp"

using namespace pleat;
using namespace structures;

namespace {

constexpr double pi = 3.14159265358979323846;

Arrays lysozyme() {
  return read_atoms(Safetensors::open(PLEAT_TEST_DATA "/golden/graphs/graph_construction.safetensors"), "103L.");
}

template <class Policy>
std::vector<float> second_of(const Policy& policy, const GraphSource& s, NoiseKey key, RecordPlace place = {}) {
  return policy.apply(s, policy.draw(s, key, place));
}

// Two chains of three residues (GLY 1, SER 2, SER 2A), atoms N CA C O and OG.
Structure small(double shift) {
  Structure s;
  s.name = "small";
  const char* const types = "GSS";
  for (std::int32_t chain = 0; chain < 2; ++chain) {
    s.chains.push_back({chain == 0 ? "A" : "B", s.residues(), 3});
    for (std::int32_t r = 0; r < 3; ++r) {
      s.types.push_back(residue_of_letter(types[r]));
      s.residue_chains.push_back(chain);
      s.labels.push_back({r == 0 ? "GLY" : "SER", r == 0 ? 1 : 2, r == 2 ? 'A' : ' '});
      for (const std::string_view name : {"N", "CA", "C", "O", "OG"}) {
        if (r == 0 && name == "OG") continue;
        s.positions.push_back(Position::angstrom(float(s.atoms()), float(chain), float(shift)));
        s.elements.push_back(name[0] == 'C' ? 6 : name[0] == 'N' ? 7 : 8);
        s.names.push_back(atom_name_of(name));
        s.atom_residues.push_back(std::int32_t(s.residues() - 1));
      }
    }
  }
  s.check();
  return s;
}

void remove_atom(Structure& s, std::ptrdiff_t atom) {
  s.positions.erase(s.positions.begin() + atom), s.elements.erase(s.elements.begin() + atom);
  s.names.erase(s.names.begin() + atom), s.atom_residues.erase(s.atom_residues.begin() + atom);
}

} // namespace

BOOST_AUTO_TEST_SUITE(conformers)

BOOST_AUTO_TEST_CASE(noise_is_keyed) {
  const Arrays a = lysozyme();
  const GraphSource s = a.source();
  const NoiseKey key{7, 3};
  for (int policy = 0; policy < 3; ++policy) {
    const auto at = [&](NoiseKey k, RecordPlace place) {
      return policy == 0   ? second_of(Torsional{}, s, k, place)
             : policy == 1 ? second_of(Gaussian{}, s, k, place)
                           : second_of(RotamerLibrary{}, s, k, place);
    };
    BOOST_TEST((at(key, {1}) == at(key, {1})));
    BOOST_TEST((at(key, {1}) != at(key, {2})));
    BOOST_TEST((at(key, {1}) != at({7, 4}, {1})));
    BOOST_TEST((at(key, {1}) != a.positions));
  }
  // A crop has the noise of its residues.
  const auto whole = Torsional{}.draw(s, key, {5}), rest = Torsional{}.draw(s, key, {5, 10, 0});
  BOOST_TEST((std::vector<float>(whole.delta.begin() + 40, whole.delta.end()) ==
              std::vector<float>(rest.delta.begin(), rest.delta.end() - 40)));
}

BOOST_AUTO_TEST_CASE(deviations) {
  const Arrays a = lysozyme();
  double torsions = 0, shifts = 0, mean = 0;
  Index n = 0, m = 0;
  for (std::uint32_t record = 0; record < 40; ++record) {
    for (float x : Torsional{}.draw(a.source(), {1, 2}, {record}).delta)
      torsions += double(x) * double(x), mean += double(x), ++n;
    for (float x : Gaussian{}.draw(a.source(), {1, 2}, {record}).shift) shifts += double(x) * double(x), ++m;
  }
  BOOST_TEST(std::abs(std::sqrt(torsions / double(n)) - 0.1 * pi) < 0.004); // n = 25,440: 3 deviations are 1.3 %
  BOOST_TEST(std::abs(mean / double(n)) < 0.006);
  BOOST_TEST(std::abs(std::sqrt(shifts / double(m)) - 0.3) < 0.003);
  // siamdiff.md: the atoms beyond CB move by 0.86 Angstrom (RMS) on 668 residues.
  double moved = 0;
  Index beyond = 0;
  for (std::uint32_t record = 0; record < 20; ++record) {
    const auto y = second_of(Torsional{}, a.source(), {1, 2}, {record});
    for (std::size_t i = 0; i < a.atom_name.size(); ++i) {
      if (side_chain(a.residue_type[std::size_t(a.atom_residue[i])]).slot_of(a.atom_name[i]) < 5) continue;
      ++beyond;
      for (std::size_t c = 0; c < 3; ++c) moved += std::pow(double(y[3 * i + c]) - double(a.positions[3 * i + c]), 2);
    }
  }
  BOOST_TEST(std::abs(std::sqrt(moved / double(beyond)) - 0.86) < 0.12);
}

BOOST_AUTO_TEST_CASE(rotamers) {
  for (const Rotamer& row : rotamer_table) {
    BOOST_TEST((row.share >= 0.01 && row.share <= 1));
    for (Index k = side_chain(row.type).chis; k < chi_count; ++k) BOOST_TEST(row.chi[k] == 0);
  }
  double total[21] = {};
  for (const Rotamer& row : rotamer_table) total[row.type] += row.share;
  for (int type = 2; type < 20; ++type) BOOST_TEST((total[type] > 0.7 && total[type] < 1.001));
  const Arrays a = lysozyme();
  const RotamerLibrary still{0};
  const auto draw = still.draw(a.source(), {1, 1});
  const auto positions = still.apply(a.source(), draw);
  Arrays b = a;
  b.positions = positions;
  const auto before = chi_angles(a.source()), after = chi_angles(b.source());
  Index at_means = 0;
  for (std::size_t r = 0; r < a.residue_type.size(); ++r)
    for (std::size_t k = 0; k < 4; ++k) {
      if (std::isnan(before[4 * r + k])) continue;
      if (draw.rotamer[r] < 0) { // proline
        BOOST_TEST(int{a.residue_type[r]} == 3);
        BOOST_TEST(std::abs(after[4 * r + k] - before[4 * r + k]) < 1e-6);
        continue;
      }
      const double mean = rotamer_table[std::size_t(draw.rotamer[r])].chi[k] * pi / 180;
      BOOST_TEST(std::abs(std::remainder(after[4 * r + k] - mean, 2 * pi)) < 1e-3);
      ++at_means;
    }
  BOOST_TEST(at_means > 200);
  // Shares: leucine's first rotamer has 56 of 96 drawn.
  Arrays leucines;
  for (int i = 0; i < 4000; ++i) leucines.residue(8, 0);
  std::map<int, int> counts;
  for (auto rotamer : still.draw(leucines.source(), {3, 3}).rotamer) ++counts[rotamer];
  for (const auto& [row, count] : counts) {
    BOOST_REQUIRE(row >= 0);
    const double expected = rotamer_table[std::size_t(row)].share / total[8] * 4000;
    BOOST_TEST(std::abs(count - expected) < 5 * std::sqrt(expected) + 1);
  }
  BOOST_TEST(counts.size() == 7u);
}

BOOST_AUTO_TEST_CASE(observed_pairs) {
  Structure first = small(0);
  for (Index a = 0; a < first.atoms(); ++a) first.b_factors.push_back(float(100 + a));
  Structure second = small(5);
  for (auto& chain : second.chains) chain.name = chain.name == "A" ? "R" : "L";
  remove_atom(second, 3);                   // O of the first glycine
  second.labels[4].number = 9;              // SER 2 of the second chain has no partner
  second.types[5] = residue_of_letter('T'); // SER 2A of the second chain is a threonine there
  const ConformerPair pair = match_conformers(first, second);
  pair.structure.check();
  BOOST_TEST(pair.structure.atoms() == 14 - 1 + 4);
  BOOST_TEST(pair.structure.residues() == 4);
  BOOST_TEST(pair.left_out_first == 1 + 10);
  BOOST_TEST((pair.structure.b_factor(2) == 102 && pair.structure.b_factor(3) == 104)); // they stay with their atoms
  BOOST_TEST(pair.left_out_second == 10);
  BOOST_REQUIRE_EQUAL(pair.second.size(), std::size_t(pair.structure.atoms()));
  const Observed policy{flat_angstrom(pair.second)};
  const auto positions = second_of(policy, graph_source(pair.structure), {});
  for (std::size_t i = 0; i < pair.second.size(); ++i) {
    BOOST_TEST(positions[3 * i + 2] == 5);
    BOOST_TEST(positions[3 * i + 1] == pair.structure.positions[i].y());
  }
  // The same nodes in both graphs.
  OwnedGraphs<AtomGraph> graphs;
  graphs.add(graph_source(pair.structure));
  graphs.add(with_positions(graph_source(pair.structure), positions));
  BOOST_TEST(graphs.view().topology.nodes.length(0) == graphs.view().topology.nodes.length(1));
  BOOST_TEST(match_conformers(first, first).structure.atoms() == first.atoms());

  Structure twice = first; // an atom that is named twice has no partner
  twice.names[1] = twice.names[0];
  BOOST_TEST(match_conformers(twice, first).structure.atoms() == first.atoms() - 2);
  Structure stranger = first;
  for (auto& label : stranger.labels) label.number += 100;
  BOOST_CHECK_THROW(match_conformers(first, stranger), Error);
  BOOST_CHECK_THROW(second_of(Observed{}, graph_source(first), {}), Error);
  BOOST_CHECK_THROW(Gaussian{}.apply(graph_source(first), {}), Error);
  BOOST_CHECK_THROW(RotamerLibrary{}.apply(graph_source(first), {}), Error);
}

BOOST_AUTO_TEST_CASE(chosen_at_run_time) {
  const Arrays a = lysozyme();
  const GraphSource s = a.source();
  const NoiseKey key{7, 3};
  std::vector<float> other = a.positions;
  for (float& x : other) x += 1;
  const ChosenConformer observed("observed", {{5, other}});
  for (const RecordPlace place : {RecordPlace{5}, RecordPlace{6}}) {
    BOOST_TEST((second_of(ChosenConformer{}, s, key, place) == second_of(Gaussian{}, s, key, place)));
    BOOST_TEST((second_of(ChosenConformer("gaussian"), s, key, place) == second_of(Gaussian{}, s, key, place)));
    BOOST_TEST((second_of(ChosenConformer("torsional"), s, key, place) == second_of(Torsional{}, s, key, place)));
    BOOST_TEST((second_of(ChosenConformer("rotamers"), s, key, place) == second_of(RotamerLibrary{}, s, key, place)));
    const bool seen = place.record == 5; // the other record has a Gaussian conformer, and its draw says so
    BOOST_TEST(observed.observes(place.record) == seen);
    BOOST_TEST(!ChosenConformer("torsional").observes(place.record));
    const auto draw = observed.draw(s, key, place);
    BOOST_TEST((draw.made_by == (seen ? ChosenConformer::Kind::Observed : ChosenConformer::Kind::Gaussian)));
    BOOST_TEST((observed.apply(s, draw) == (seen ? other : second_of(Gaussian{}, s, key, place))));
  }
  for (const std::string_view name : ChosenConformer::names) BOOST_TEST(ChosenConformer(name).chosen() == name);
  ChosenConformer wide;
  wide.gaussian.deviation = 2;
  BOOST_TEST((second_of(wide, s, key) == second_of(Gaussian{2}, s, key)));
  // In a crop it has the positions of the residues of the crop.
  const SourceArrays piece = crop(s, 20, 30);
  const auto part = second_of(observed, piece.view(), key, {5, 20, piece.origin.front()});
  for (std::size_t i = 0; i < part.size(); ++i) BOOST_REQUIRE(part[i] == piece.positions[i] + 1);

  BOOST_CHECK_EXCEPTION(ChosenConformer("md"), Error, [](const Error& e) {
    return std::string(e.what()) == "there is no conformer \"md\"; there are gaussian, torsional, rotamers, observed.";
  });
  BOOST_CHECK_EXCEPTION(ChosenConformer("rotamers", {{0, other}}), Error,
                        [](const Error& e) { return std::string(e.what()).find("does not look at them") != std::string::npos; });
  const auto draw = observed.draw(s, key, {5});
  BOOST_CHECK_EXCEPTION(ChosenConformer("observed").apply(s, draw), Error, [](const Error& e) {
    return std::string(e.what()).find("another form of record 5, and there is none") != std::string::npos;
  });
}

// What models do to the draws of one policy they do to those of the chosen one: proline keeps its ring.
BOOST_AUTO_TEST_CASE(a_chosen_conformer_keeps_proline) {
  const Arrays a = lysozyme();
  constexpr StructureResidue proline = residue_of_letter('P');
  const auto turned = [&](const ChosenConformer& policy, auto quirks) {
    const auto draw = draw_structure<AtomGraph, decltype(quirks)>(a.source(), 1, {2, 3}, {.crop = 200}, policy, 2);
    int count = 0;
    for (std::size_t i = 0; i < draw.conformer.delta.size(); ++i)
      count += a.residue_type[i / 4] == proline && draw.conformer.delta[i] != 0;
    BOOST_TEST(draw.conformer.delta.size() == 4u * std::size_t(a.residues()));
    return count;
  };
  const auto prolines = std::count(a.residue_type.begin(), a.residue_type.end(), proline);
  BOOST_TEST(prolines > 0);
  BOOST_TEST(turned(ChosenConformer("torsional"), Sane{}) == 0);
  BOOST_TEST(turned(ChosenConformer("torsional"), PublishedQuirks{}) == 4 * prolines);
}

// Sets of one run number their records apart, and a batch has these numbers.
BOOST_AUTO_TEST_CASE(records_of_two_sets) {
  StructureSet train, valid(1000);
  for (StructureSet* set : {&train, &valid}) set->add(small(0)), set->add(small(1));
  BOOST_TEST(train.record(1) == 1u);
  BOOST_TEST(valid.record(1) == 1001u);
  BatchPieces pieces;
  pieces.records = {1, 0};
  BOOST_TEST((owned_batch(train, pieces).view().records[0] == 1u && owned_batch(train, pieces).view().records[1] == 0u));
  const OwnedStructures batch = owned_batch(valid, pieces);
  BOOST_TEST((batch.view().records[0] == 1001u && batch.view().records[1] == 1000u));
  BOOST_TEST(batch.view().sources[0].positions.data() == flat_angstrom(valid[1]->positions).data()); // shared, not copied
  Structure none = small(0);
  none = select_residues(none, [](Index) { return false; });
  BOOST_CHECK_THROW(train.add(none), Error);
}

BOOST_AUTO_TEST_SUITE_END()
