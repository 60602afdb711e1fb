#include <boost/test/unit_test.hpp>

#include <pleat/data/exposure.hpp>
#include <pleat/data/structure_parts.hpp>

#include "support/benchmark_complex.hpp"

using namespace pleat;
using namespace structures;

BOOST_AUTO_TEST_SUITE(exposure)

BOOST_AUTO_TEST_CASE(ideal_beta_is_where_beta_is) {
  // Against all C-betas of two crystal structures.
  double sum = 0, worst = 0;
  Index count = 0;
  for (const char* file : {"117e.pdb.gz", "103l.pdb.gz"}) {
    const Structure s = read_shipped(file);
    const Backbone backbone = backbone_of(s);
    for (std::size_t a = 0; a < s.names.size(); ++a) {
      const auto r = static_cast<std::size_t>(s.atom_residues[a]);
      if (s.names[a] != atom_name_of("CB") || !backbone.whole(Index(r))) continue;
      const auto at = [&](Index i) { return s.positions[static_cast<std::size_t>(i)]; };
      const double off =
          std::sqrt(square_distance(ideal_beta(at(backbone.n[r]), at(backbone.ca[r]), at(backbone.c[r])), s.positions[a]));
      sum += off, worst = std::max(worst, off), ++count;
    }
  }
  BOOST_TEST_MESSAGE("ideal C-beta: mean " << sum / double(count) << ", most " << worst << " Angstrom of " << count);
  BOOST_TEST(count > 600);
  BOOST_TEST(sum / double(count) < 0.08);
  BOOST_TEST(worst < 0.6);
}

BOOST_AUTO_TEST_CASE(ideal_beta_by_hand) {
  // N and C at 45 degrees on either side of y: the bisector is +y, the normal N x C is -z for N at -x.
  const auto p = Position::angstrom;
  const Position beta = ideal_beta(p(-1, 1, 0), p(0, 0, 0), p(1, 1, 0));
  BOOST_TEST(std::abs(beta.x()) < 1e-6f);
  BOOST_TEST(double(beta.y()) == -1.53 * 0.6157, boost::test_tools::tolerance(1e-5));
  BOOST_TEST(double(beta.z()) == -1.53 * 0.7880, boost::test_tools::tolerance(1e-5));
  BOOST_CHECK_THROW(ideal_beta(p(-1, 0, 0), p(0, 0, 0), p(1, 0, 0)), Error);
  BOOST_CHECK_THROW(ideal_beta(p(0, 0, 0), p(0, 0, 0), p(1, 0, 0)), Error);
}

BOOST_AUTO_TEST_CASE(contact_numbers_by_hand) {
  Structure s;
  s.name = "line";
  s.chains.push_back({"A", 0, 0});
  for (int i = 0; i < 5; ++i) put_residue(s, 'A', i, 4.0f * float(i), 0, 0);
  s.types.push_back(residue_unknown), s.labels.push_back({"UNK", 9, ' '}), s.residue_chains.push_back(0), ++s.chains[0].residues;
  put_atom(s, "N", 3, 3, 3); // a residue without C-alpha
  s.check();
  BOOST_TEST((contact_numbers(s, 4.1) == std::vector<Index>{1, 2, 2, 2, 1, -1}));
  BOOST_TEST((contact_numbers(s, 4) == std::vector<Index>{0, 0, 0, 0, 0, -1})); // strictly nearer
  BOOST_TEST((contact_numbers(s, 9) == std::vector<Index>{2, 3, 4, 3, 2, -1}));

  // Half spheres: C-beta points to -y, -z here; an atom on either side.
  Structure h;
  h.chains.push_back({"A", 0, 0});
  put_residue(h, 'A', 1, 0, 0, 0), put_residue(h, 'A', 2, 0, -5, 0), put_residue(h, 'A', 3, 0, 6, 0),
      put_residue(h, 'A', 4, 0, 7, 0);
  const auto half = half_sphere_exposure(h, 13);
  BOOST_TEST((half[0].up == 1 && half[0].down == 2));
  BOOST_TEST((half[1].up == 0 && half[1].down == 3));
  BOOST_TEST((half[3].up == 3 && half[3].down == 0));
}

BOOST_AUTO_TEST_CASE(real_structure) {
  // Counted by a program that shares no code with this one.
  const Structure s = read_shipped("unbound_bound/1EFN_r_u.pdb.gz");
  const auto at8 = contact_numbers(s, 8), at10 = contact_numbers(s, 10), at13 = contact_numbers(s, 13);
  BOOST_TEST(s.labels[0].number == 74);
  BOOST_TEST((at8[0] == 6 && at10[0] == 9 && at13[0] == 13));
  BOOST_TEST(s.labels[40].number == 114);
  BOOST_TEST((at8[40] == 11 && at10[40] == 15 && at13[40] == 32));
  const auto half = half_sphere_exposure(s, 13);
  for (std::size_t r = 0; r < half.size(); ++r)
    if (half[r].up >= 0) BOOST_TEST(half[r].up + half[r].down == at13[r]);
  // B-factors of the file.
  BOOST_TEST(s.b_factor(s.alpha_carbons()[0]) == 50.84f);
  BOOST_TEST(s.b_factor(s.alpha_carbons()[40]) == 48.66f);
}

BOOST_AUTO_TEST_CASE(parts) {
  const Structure a = read_shipped("unbound_bound/1EFN_r_b.pdb.gz"), b = read_shipped("unbound_bound/1EFN_l_b.pdb.gz");
  const Structure both = join_structures({&a, &b}, "1EFN");
  both.check();
  BOOST_TEST(both.residues() == a.residues() + b.residues());
  BOOST_TEST((both.chains.size() == 2 && both.chains[1].name == "B" && both.chains[1].first_residue == a.residues()));
  BOOST_TEST(both.sequence() == a.sequence() + b.sequence());
  BOOST_TEST(both.b_factor(both.atoms() - 1) == b.b_factor(b.atoms() - 1));
  const auto found = atoms_within(both, both.positions[0], 10);
  const Structure ball = select_atoms(both, found);
  ball.check();
  BOOST_TEST(ball.residues() == both.residues());
  BOOST_TEST((ball.atoms() == Index(found.size()) && ball.atoms() > 10 && ball.atoms() < both.atoms()));
  for (const Position& p : ball.positions) BOOST_TEST(square_distance(p, both.positions[0]) < 100);
  const std::vector<Index> falling = {4, 3}, beyond = {both.atoms()};
  BOOST_CHECK_THROW(select_atoms(both, falling), Error);
  BOOST_CHECK_THROW(select_atoms(both, beyond), Error);
}

BOOST_AUTO_TEST_SUITE_END()
