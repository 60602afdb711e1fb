// The builders of the structure tasks: by hand, on two shipped complexes against counts of another program, and on bad input.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <pleat/data/structure_tasks/displacement.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/data/structure_tasks/residue_site.hpp>
#include <pleat/diffusion/quirks.hpp>

#include "support/benchmark_complex.hpp"
#include "support/motions.hpp"

using namespace pleat;
using namespace structures;

namespace {

auto says(const char* text) {
  return [text](const Error& e) { return std::string(e.what()).find(text) != std::string::npos; };
}

// Two partners along x: residues of the first at y = 0, of the second at y = gap; the unbound forms are moved copies.
LoadedComplex made(float gap, int residues = 6) {
  LoadedComplex c;
  c.complex = {"made/up", "made", {"r_b", "l_b"}, {"r_u", "l_u"}, 7, Split::Valid};
  for (int p = 0; p < 2; ++p) {
    Structure s;
    s.name = p == 0 ? "r_b" : "l_b";
    s.chains.push_back({p == 0 ? "A" : "B", 0, 0});
    for (int i = 0; i < residues; ++i) put_residue(s, "GASPVT"[i % 6], i + 1, 5.0f * float(i), p == 0 ? 0.0f : gap, 0);
    s.check();
    c.bound.push_back(s);
    s.name = p == 0 ? "r_u" : "l_u";
    for (Position& at : s.positions) at = Position::angstrom(-at.y() + 3, at.x(), at.z() + 40); // a quarter turn, and a shift
    c.unbound.push_back(s);
  }
  return c;
}

std::string names_of(std::vector<TaskResidue> residues) {
  std::string text;
  for (const auto& r : residues) text += detail::residue_text(r) + " ";
  return text;
}

std::vector<InterfaceSites> interfaces(const LoadedComplex& c) { return {interface_sites(c, 0), interface_sites(c, 1)}; }
std::vector<Displacements> moves(const LoadedComplex& c) { return {displacements(c, 0), displacements(c, 1)}; }

} // namespace

BOOST_AUTO_TEST_SUITE(structure_tasks)

BOOST_AUTO_TEST_CASE(residue_sites_are_balanced_and_fixed) {
  const LoadedComplex c = shipped_complex("1SYX");
  const auto sites = residue_sites(c), again = residue_sites(c);
  std::map<std::pair<std::string, int>, Index> counts;
  std::map<std::string, Index> chains;
  const Structure whole = whole_complex(c);
  for (const ResidueSite& site : sites) {
    ++counts[{site.at.chain, site.at.type}], ++chains[site.at.chain];
    BOOST_TEST((whole.types[static_cast<std::size_t>(site.residue)] == site.at.type && site.at.type < 20));
    BOOST_TEST((whole.labels[static_cast<std::size_t>(site.residue)].number == site.at.number));
    BOOST_TEST((site.split == Split::Test && site.component == c.complex.component));
  }
  for (const auto& [of, count] : counts) BOOST_TEST(count <= 2);
  BOOST_TEST((chains["A"] > 30 && chains["A"] <= 40 && chains["B"] > 20 && chains["B"] <= 40));
  BOOST_TEST(std::is_sorted(sites.begin(), sites.end(), [](const auto& a, const auto& b) { return a.residue < b.residue; }));
  BOOST_TEST(sites.size() == again.size());
  for (std::size_t i = 0; i < sites.size(); ++i) BOOST_TEST((sites[i].at == again[i].at));
  // Another seed draws others; a chain has the same sites without its partner.
  const auto other = residue_sites(c, {.seed = 1});
  bool same = other.size() == sites.size();
  for (std::size_t i = 0; same && i < sites.size(); ++i) same = sites[i].residue == other[i].residue;
  BOOST_TEST(!same);
  LoadedComplex alone = c;
  alone.bound.erase(alone.bound.begin()), alone.complex.bound.erase(alone.complex.bound.begin());
  const auto of_ligand = residue_sites(alone);
  BOOST_TEST((of_ligand.back().at == sites.back().at && Index(of_ligand.size()) == chains["B"]));
  BOOST_CHECK_EXCEPTION(residue_sites(c, {.per_chain = 19}), Error, says("give at least 20"));
}

BOOST_AUTO_TEST_CASE(site_environments) {
  LoadedComplex c = made(12);
  put_atom(c.bound[1], "OG1", 25, 30, 0); // of the last residue: out of reach of most sites
  Structure whole = whole_complex(c);
  const Backbone backbone = backbone_of(whole);
  // By hand: N at -x, C at +x, so that C-beta is at (0, -0.942, -1.2056) from C-alpha.
  const Position centre = site_centre(whole, backbone, 0);
  BOOST_TEST(std::abs(double(centre.x())) < 1e-6);
  const Position published = site_centre(whole, backbone, 1, {.published_centre = PublishedQuirks::unrotated_residue_centre});
  BOOST_TEST((published == Position::angstrom(5 - 0.531f, -0.758f, 1.220f)));
  // A side chain for residue 2 (SER): hidden at its own site, seen from its neighbours.
  Structure rich;
  rich.chains.push_back({"A", 0, 0});
  for (int i = 0; i < 3; ++i) {
    put_residue(rich, 'S', i, 5.0f * float(i), 0, 0);
    put_atom(rich, "CB", 5.0f * float(i), -0.9f, -1.2f), put_atom(rich, "OG", 5.0f * float(i), -2, -2);
  }
  put_residue(rich, 'G', 9, 5, -60, 0);
  rich.check();
  const Structure seen = site_environment(rich, backbone_of(rich), 1);
  seen.check();
  BOOST_TEST(seen.atoms() == 6 + 4 + 6);
  BOOST_TEST((seen.types[1] == residue_unknown && seen.types[0] == residue_of_letter('S') && seen.labels[1].name == "UNK"));
  BOOST_TEST(seen.residues() == 4);
  // The centre keeps its backbone even where the radius would not reach it.
  const Structure own = site_environment(rich, backbone_of(rich), 1, {.radius = 0.1});
  BOOST_TEST(own.atoms() == 4);
  // A turned structure: the same atoms around the ideal C-beta, others around the published centre.
  const Structure real = whole_complex(shipped_complex("1EFN"));
  Structure turned = real;
  const auto q = contract::orthogonal(5, false);
  for (Position& p : turned.positions) {
    const double x[3] = {double(p.x()), double(p.y()), double(p.z())};
    float to[3];
    for (std::size_t k = 0; k < 3; ++k) to[k] = float(q[k][0] * x[0] + q[k][1] * x[1] + q[k][2] * x[2]);
    p = Position::angstrom(to[0], to[1], to[2]);
  }
  Index differ = 0, differ_published = 0;
  const Backbone bones = backbone_of(real);
  for (Index r = 0; r < 40; ++r) {
    differ += site_environment(real, bones, r).names != site_environment(turned, bones, r).names;
    const ResidueSiteOptions as_published{.published_centre = PublishedQuirks::unrotated_residue_centre};
    differ_published +=
        site_environment(real, bones, r, as_published).names != site_environment(turned, bones, r, as_published).names;
  }
  BOOST_TEST(differ <= 1); // an atom at the very edge may change sides by rounding
  BOOST_TEST(differ_published > 30);
  BOOST_CHECK_EXCEPTION(site_centre(whole, backbone, 99), Error, says("has no residue number 99, only 0 to 11"));
  Structure bare = whole;
  bare.names[0] = atom_name_of("CB");
  BOOST_CHECK_EXCEPTION(site_centre(bare, backbone_of(bare), 0), Error, says("lacks N, CA or C"));
}

BOOST_AUTO_TEST_CASE(contacts_by_hand_and_by_another_program) {
  const LoadedComplex c = made(9.5f);
  // O (1.2, 2.0) to CA (0, 9.5): 7.6; to C (1.2, 10.3): 8.3. Nothing below 6, and C-alphas at 9.5.
  BOOST_TEST(heavy_atom_contacts(c.bound[0], c.bound[1], 6).empty());
  BOOST_TEST(alpha_contacts(c.bound[0], c.bound[1], 9.5).empty()); // strictly nearer
  BOOST_TEST(alpha_contacts(c.bound[0], c.bound[1], 9.6).size() == 6u);
  BOOST_TEST(heavy_atom_contacts(c.bound[0], c.bound[1], 7.7).size() == 6u);
  // O (1.2, 2.0) to the C-alpha (5, 9.5) of the next: 8.41.
  BOOST_TEST(heavy_atom_contacts(c.bound[0], c.bound[1], 8.5).size() == 6u + 5u);
  const LoadedComplex real = shipped_complex("1EFN"), other = shipped_complex("1SYX");
  BOOST_TEST(heavy_atom_contacts(real.bound[0], real.bound[1], 6).size() == 41u);
  BOOST_TEST(alpha_contacts(real.bound[0], real.bound[1], 8).size() == 12u);
  BOOST_TEST(heavy_atom_contacts(other.bound[0], other.bound[1], 6).size() == 55u);
  BOOST_TEST(alpha_contacts(other.bound[0], other.bound[1], 8).size() == 21u);
}

BOOST_AUTO_TEST_CASE(pairs_are_drawn_once) {
  const LoadedComplex c = shipped_complex("1SYX");
  const auto pairs = residue_pairs(c);
  BOOST_TEST_REQUIRE(pairs.size() == 20u);
  const auto contacts = heavy_atom_contacts(c.bound[0], c.bound[1], 6), alphas = alpha_contacts(c.bound[0], c.bound[1], 8);
  std::set<ResidueNumbers> distinct;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ResidueNumbers numbers{pairs[i].first.residue, pairs[i].second.residue};
    distinct.insert(numbers);
    BOOST_TEST(pairs[i].contact == (i < 10));
    BOOST_TEST(pairs[i].contact == contacts.contains(numbers));
    BOOST_TEST(pairs[i].alpha_contact == alphas.contains(numbers));
    BOOST_TEST((pairs[i].first.chain == "A" && pairs[i].second.chain == "B" && pairs[i].split == Split::Test));
    BOOST_TEST((pairs[i].first.file == c.complex.bound[0] && pairs[i].second.file == c.complex.bound[1]));
  }
  BOOST_TEST(distinct.size() == 20u);
  BOOST_TEST((residue_pairs(c) == pairs));
  BOOST_TEST((residue_pairs(c, {.seed = 1}) != pairs));
  // Fewer contacts than asked for: all of them, and as many negatives; none at all: no pair.
  const auto few = residue_pairs(made(7.0f, 3));
  const auto touching = heavy_atom_contacts(made(7.0f, 3).bound[0], made(7.0f, 3).bound[1], 6).size();
  BOOST_TEST((touching > 0 && touching < 5 && few.size() == 2 * touching));
  BOOST_TEST(residue_pairs(made(50)).empty());
  // More contacts than other pairs: balanced by what there is.
  const auto crowded = residue_pairs(made(4.0f, 2));
  const auto of = heavy_atom_contacts(made(4.0f, 2).bound[0], made(4.0f, 2).bound[1], 6).size();
  BOOST_TEST(crowded.size() == 2 * std::min<std::size_t>(of, 4 - of));
  LoadedComplex single = c;
  single.bound.pop_back();
  BOOST_CHECK_EXCEPTION(residue_pairs(single), Error, says("unbound_bound/1SYX: has 1 bound files"));
}

BOOST_AUTO_TEST_CASE(stored_pairs) {
  const LoadedComplex c = shipped_complex("1EFN");
  const auto pairs = residue_pairs(c);
  const std::string text = residue_pair_table(pairs);
  MemorySource source(text, "pairs.tsv");
  const auto rows = read_residue_pairs(source);
  BOOST_TEST((find_pairs(rows, c) == pairs));
  const auto read = [](const std::string& body) {
    MemorySource from(body, "pairs.tsv");
    return read_residue_pairs(from);
  };
  const std::string header = "complex\tresidue_a\tresidue_b\tcontact\talpha_contact\n";
  BOOST_CHECK_EXCEPTION(read(header + "x\tA:1\tB:2\tyes\t0\n"), Error, says("pairs.tsv:2: the label \"yes\" is neither 0 nor 1"));
  BOOST_CHECK_EXCEPTION(read(header + "x\tA1\tB:2\t1\t0\n"), Error, says("pairs.tsv:2: \"A1\" names no residue"));
  BOOST_CHECK_EXCEPTION(read("complex\tresidue_a\n"), Error, says("\"residue_b\" is missing"));
  BOOST_CHECK_EXCEPTION(find_pairs(read(header + "x\tA:1\tB:2\t1\t0\n"), c), Error,
                        says("belongs to x, not to unbound_bound/1EFN"));
  BOOST_CHECK_EXCEPTION(find_pairs(read(header + "unbound_bound/1EFN\tA:999\tB:90\t1\t0\n"), c), Error,
                        says("has no residue \"A:999\", which line 2"));
  // The stored table has the pairs of the shipped complexes, as they are drawn today.
  const auto stored = [] {
    const auto file = open_input(PLEAT_TEST_DATA "/../examples/data/interface_pairs.tsv.gz");
    return read_residue_pairs(*file);
  }();
  BOOST_TEST(stored.size() > 6000u);
  for (const char* code : {"1EFN", "1SYX"}) {
    const LoadedComplex shipped = shipped_complex(code);
    std::vector<StoredPair> of;
    for (const StoredPair& row : stored)
      if (row.complex == shipped.complex.name) of.push_back(row);
    BOOST_TEST((find_pairs(of, shipped) == residue_pairs(shipped)));
  }
}

BOOST_AUTO_TEST_CASE(interface_from_the_unbound_form) {
  // By another program: residues with a heavy atom within 5 Angstrom of the partner, of those that both forms have.
  const auto efn = interfaces(shipped_complex("1EFN")), syx = interfaces(shipped_complex("1SYX"));
  const auto positives = [](const InterfaceSites& s) { return std::count(s.labels.begin(), s.labels.end(), 1); };
  BOOST_TEST_REQUIRE((efn.size() == 2u && syx.size() == 2u));
  BOOST_TEST((efn[0].labels.size() == 99u && positives(efn[0]) == 10 && efn[1].labels.size() == 55u && positives(efn[1]) == 12));
  BOOST_TEST((syx[0].labels.size() == 129u && positives(syx[0]) == 19 && syx[1].labels.size() == 62u && positives(syx[1]) == 14));
  BOOST_TEST((efn[1].left_out == 2 && efn[0].left_out == 0));
  BOOST_TEST((syx[0].file == "unbound_bound/1SYX_r_u.pdb.gz" && syx[0].split == Split::Test && syx[1].partner == 1u));
  // Made up: O (1.2, 2.0) to C-alpha (0, 6.5) is 4.66; the second residue of the unbound receptor has no counterpart.
  LoadedComplex c = made(6.5f);
  c.unbound[0].labels[1].number = 77;
  const auto made_up = interfaces(c);
  BOOST_TEST(names_of(made_up[0].residues) == "A:1 A:3 A:4 A:5 A:6 ");
  BOOST_TEST((made_up[0].left_out == 1 && made_up[0].component == 7));
  BOOST_TEST(made_up[0].labels == std::vector<Index>(5, 1), boost::test_tools::per_element());
  BOOST_TEST(interfaces(made(20))[1].labels == std::vector<Index>(6, 0), boost::test_tools::per_element());

  LoadedComplex broken = made(7);
  broken.unbound.clear();
  BOOST_CHECK_EXCEPTION(interfaces(broken), Error, says("made/up: has 0 unbound files"));
  broken = made(7);
  broken.bound.pop_back();
  BOOST_CHECK_EXCEPTION(interfaces(broken), Error, says("made/up: has no partner"));
  broken = made(7);
  for (auto& label : broken.unbound[0].labels) label.number += 100;
  BOOST_CHECK_EXCEPTION(interfaces(broken), Error,
                        says("r_u and r_b have 0 residues in common by chain, number and type, and 0 with"));
  broken = made(7);
  for (auto& type : broken.unbound[1].types) type = residue_of_letter('W');
  BOOST_CHECK_EXCEPTION(interfaces(broken), Error,
                        says("l_u and l_b have 0 residues in common by chain, number and type, and 6 with"));
}

BOOST_AUTO_TEST_CASE(displacement_on_binding) {
  const auto still = moves(made(7)); // the unbound forms are rigid copies
  for (const auto& of : still)
    for (const double value : of.values) BOOST_TEST(value < 1e-5);
  BOOST_TEST((still[0].same_form && still[1].same_form && interface_sites(made(7), 0).same_form));
  BOOST_TEST((still[1].rmsd < 1e-5 && still[1].partner == 1u && still[1].split == Split::Valid));
  BOOST_CHECK_EXCEPTION(displacements(made(7), 2), Error, says("made/up: has the partners 0 and 1, not 2"));
  // By another program (superposition by singular values).
  const auto efn = moves(shipped_complex("1EFN")), syx = moves(shipped_complex("1SYX"));
  const auto near_to = [](double a, double b) { BOOST_TEST(std::abs(a - b) < 2e-4, a << " is not " << b); };
  near_to(efn[0].rmsd, 0.620594), near_to(efn[1].rmsd, 0.660153), near_to(syx[0].rmsd, 1.471216), near_to(syx[1].rmsd, 1.363057);
  near_to(efn[0].values[0], 1.799291), near_to(efn[0].values[1], 1.589963), near_to(efn[0].values[2], 0.680656);
  near_to(syx[1].values[0], 2.556259), near_to(*std::max_element(syx[0].values.begin(), syx[0].values.end()), 7.357043);
  const auto worst = std::max_element(syx[0].values.begin(), syx[0].values.end()) - syx[0].values.begin();
  BOOST_TEST(syx[0].residues[static_cast<std::size_t>(worst)].number == 137);

  BOOST_TEST((!efn[0].same_form && !interface_sites(shipped_complex("1EFN"), 1).same_form));
  LoadedComplex shifted = made(7, 20); // one of twenty may have another type, three may not
  shifted.unbound[0].types[4] = residue_of_letter('W');
  BOOST_TEST(displacements(shifted, 0).left_out == 1);
  shifted.unbound[0].types[5] = shifted.unbound[0].types[6] = residue_of_letter('W');
  BOOST_CHECK_EXCEPTION(displacements(shifted, 0), Error,
                        says("have 17 residues in common by chain, number and type, and 3 with the same"));

  LoadedComplex broken = made(7, 2);
  BOOST_CHECK_EXCEPTION(moves(broken), Error, says("r_u and r_b have 2 C-alphas in common"));
  broken = made(7);
  broken.unbound.pop_back();
  BOOST_CHECK_EXCEPTION(moves(broken), Error, says("made/up: has 1 unbound files; the displacement on binding needs"));
}

BOOST_AUTO_TEST_SUITE_END()
