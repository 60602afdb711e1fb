#include <boost/test/unit_test.hpp>

#include <cstring>

#include <pleat/data/decoys/mixed_decoys.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/eval/model_quality.hpp>
#include <pleat/io/gzip.hpp>

using namespace pleat;

namespace {

Structure read(const char* file) {
  return read_structure(*open_input(std::string(PLEAT_TEST_DATA "/../examples/data/structures/") + file)).structure;
}
const Structure& native() {
  static const Structure structure = read("1ezgA_native.pdb.gz"); // 82 residues
  return structure;
}

double length(const MovableChain& chain, Index a, Index b) {
  return std::sqrt(detail::square_distance(chain.at(a), chain.at(b)));
}

// Every bond length and angle of the backbone (but the angles at the C-alphas `free`), omega, and distances within side chains.
struct Geometry {
  std::vector<double> lengths, angles, omegas, inner;
};
Geometry geometry(const MovableChain& chain, std::vector<Index> free = {}) {
  Geometry g;
  for (Index r = 0; r < chain.residues(); ++r) {
    const BackboneAtoms& a = chain.atoms_of(r);
    const bool held = std::find(free.begin(), free.end(), r) == free.end();
    g.lengths.insert(g.lengths.end(), {length(chain, a.n, a.ca), length(chain, a.ca, a.c), length(chain, a.c, a.o)});
    if (held) g.angles.push_back(detail::angle_at(chain.at(a.n), chain.at(a.ca), chain.at(a.c)));
    g.angles.push_back(detail::angle_at(chain.at(a.ca), chain.at(a.c), chain.at(a.o)));
    for (Index i = a.begin; i < a.end; ++i)
      if (i != a.n && i != a.ca && i != a.c && i != a.o && i != a.oxt) {
        g.inner.push_back(length(chain, a.ca, i));
        if (held) g.inner.push_back(length(chain, a.n, i)), g.inner.push_back(length(chain, a.c, i));
      }
    if (!chain.bonded_to_next(r)) continue;
    const BackboneAtoms& b = chain.atoms_of(r + 1);
    g.lengths.push_back(length(chain, a.c, b.n));
    g.angles.push_back(detail::angle_at(chain.at(a.ca), chain.at(a.c), chain.at(b.n)));
    g.angles.push_back(detail::angle_at(chain.at(a.c), chain.at(b.n), chain.at(b.ca)));
    g.omegas.push_back(
        std::cos(dihedral(chain.at(a.ca).data(), chain.at(a.c).data(), chain.at(b.n).data(), chain.at(b.ca).data())));
  }
  return g;
}
double largest_change(const std::vector<double>& a, const std::vector<double>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = (std::max)(most, std::abs(a[i] - b[i]));
  return most;
}
void check_geometry(const Geometry& now, const Geometry& before) {
  BOOST_TEST(largest_change(now.lengths, before.lengths) < 1e-9);
  BOOST_TEST(largest_change(now.angles, before.angles) < 1e-9);
  BOOST_TEST(largest_change(now.omegas, before.omegas) < 1e-9);
  BOOST_TEST(largest_change(now.inner, before.inner) < 1e-9);
}

// A stand-in for GDT_TS that needs no superposition: falls from 1 with the difference of distances along the chain.
double likeness(const std::vector<float>& trace, const std::vector<float>& truth) {
  const auto span = [](const std::vector<float>& t, std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t c = 0; c < 3; ++c) sum += std::pow(double(t[3 * i + c]) - double(t[3 * j + c]), 2);
    return std::sqrt(sum);
  };
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < trace.size() / 3; i += 3)
    for (std::size_t j = i + 3; j < trace.size() / 3; j += 3) sum += std::abs(span(trace, i, j) - span(truth, i, j)), ++count;
  return 1 / (1 + sum / count / 3);
}

template <class Moves> void check_generator() {
  const MovableChain chain(native());
  const ChainRestraints restraints(chain);
  BOOST_TEST(restraints.judge(chain).allowed); // the native is, however near its atoms are
  BOOST_TEST(restraints.distance(chain) < 1e-12);
  const Moves moves(chain);
  const WalkGoal goal{0.8, 1.0, 3};
  const MovableChain moved = walk(chain, restraints, moves, Philox(1, 2), goal, 600);
  const auto verdict = restraints.judge(moved);
  BOOST_TEST(verdict.allowed);
  BOOST_TEST(restraints.distance(moved) > 0.5);
  const auto before = restraints.penalty(chain, restraints.judge(chain), goal), after = restraints.penalty(moved, verdict, goal);
  BOOST_TEST(after.distance < before.distance);
  // The stated limits, counted here by hand; pairs that are nearer in the native may stay as they are.
  for (Index i = 0; i < moved.residues(); ++i)
    for (Index j = i + 2; j < moved.residues(); ++j)
      BOOST_REQUIRE(length(moved, moved.atoms_of(i).ca, moved.atoms_of(j).ca) >
                    (std::min)(3.8, length(chain, chain.atoms_of(i).ca, chain.atoms_of(j).ca)) - 1e-6);
  for (Index i = 0; i < moved.residues(); ++i)
    for (Index j = i + 2; j < moved.residues(); ++j)
      for (const Index a : {moved.atoms_of(i).n, moved.atoms_of(i).ca, moved.atoms_of(i).c, moved.atoms_of(i).o})
        for (const Index b : {moved.atoms_of(j).n, moved.atoms_of(j).ca, moved.atoms_of(j).c, moved.atoms_of(j).o})
          BOOST_REQUIRE(length(moved, a, b) > (std::min)(2.4, length(chain, a, b)) - 1e-6);
  const MovableChain again = walk(chain, restraints, moves, Philox(1, 2), goal, 600);
  BOOST_TEST((again.positions == moved.positions));
  BOOST_TEST((walk(chain, restraints, moves, Philox(1, 3), goal, 600).positions != moved.positions));
  if constexpr (!std::is_same_v<Moves, CrankshaftMoves>) {
    check_geometry(geometry(moved), geometry(chain));
  } else {
    const Geometry now = geometry(moved), then = geometry(chain);
    BOOST_TEST(largest_change(now.lengths, then.lengths) < 1e-9);
    BOOST_TEST(largest_change(now.omegas, then.omegas) < 1e-9);
    BOOST_TEST(largest_change(now.angles, then.angles) < CrankshaftMoves::angle_slack + 1e-9); // at C-alphas, no further
  }
}

std::string refused(const Structure& s) {
  try {
    MovableChain{s};
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(decoys)

BOOST_AUTO_TEST_CASE(turns_change_torsions_only) {
  const MovableChain chain(native());
  MovableChain moved = chain;
  std::vector<double> delta(std::size_t(2 * chain.residues()));
  Philox draws(5);
  for (std::size_t t = 0; t < delta.size(); ++t) delta[t] = t % 2 == 1 || chain.phi_turns(Index(t / 2)) ? draws.normal() : 0;
  moved.turn(delta);
  check_geometry(geometry(moved), geometry(chain));
  // Each torsion has changed by its delta (phi of a residue whose predecessor is not bonded to it has no C before it).
  for (Index r = 1; r < chain.residues(); ++r) {
    const BackboneAtoms &a = chain.atoms_of(r - 1), &b = chain.atoms_of(r);
    const auto turned = [&](Index p, Index q, Index s, Index t) {
      const auto angle = [&](const MovableChain& c) {
        return dihedral(c.at(p).data(), c.at(q).data(), c.at(s).data(), c.at(t).data());
      };
      return std::remainder(angle(moved) - angle(chain), 2 * 3.14159265358979323846);
    };
    const auto wanted = [&](std::size_t t) { return std::remainder(delta[t], 2 * 3.14159265358979323846); };
    BOOST_TEST(std::abs(std::remainder(turned(a.c, b.n, b.ca, b.c) - wanted(std::size_t(2 * r)), 6.283185307179586)) < 1e-9);
    BOOST_TEST(std::abs(std::remainder(turned(a.n, a.ca, a.c, b.n) - wanted(std::size_t(2 * r - 1)), 6.283185307179586)) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(cranks_stay_local) {
  const MovableChain chain(native());
  MovableChain moved = chain;
  moved.crank(20, 31, 0.3);
  const Geometry now = geometry(moved, {20, 31}), before = geometry(chain, {20, 31});
  check_geometry(now, before);
  for (Index r = 0; r < chain.residues(); ++r) {
    const double shift = std::sqrt(detail::square_distance(moved.alpha(r), chain.alpha(r)));
    BOOST_TEST((r > 20 && r < 31 ? shift > 1e-3 : shift < 1e-12));
  }
  // The side chains of the ends keep their shape.
  for (const Index r : {Index{20}, Index{31}})
    for (Index i = chain.atoms_of(r).begin; i < chain.atoms_of(r).end; ++i)
      if (i != chain.atoms_of(r).n && i != chain.atoms_of(r).c && i != chain.atoms_of(r).o)
        BOOST_TEST(std::abs(length(moved, i, chain.atoms_of(r).ca) - length(chain, i, chain.atoms_of(r).ca)) < 1e-9);
}

BOOST_AUTO_TEST_CASE(modes_are_eigenvectors) {
  const MovableChain chain(native());
  std::vector<Vector3> points;
  for (Index r = 0; r < chain.residues(); ++r) points.push_back(chain.alpha(r));
  const ElasticModes modes = elastic_modes(points, 12);
  const std::size_t n = 3 * points.size();
  for (std::size_t k = 0; k < 12; ++k) {
    const double* x = &modes.rows[k * n];
    std::vector<double> image(n); // of the springs, one by one
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t j = 0; j < points.size(); ++j) {
        const Vector3 d = {points[i][0] - points[j][0], points[i][1] - points[j][1], points[i][2] - points[j][2]};
        const double square = detail::dot(d, d);
        if (i == j || square >= 15 * 15) continue;
        double stretch = 0;
        for (std::size_t c = 0; c < 3; ++c) stretch += d[c] * (x[3 * i + c] - x[3 * j + c]);
        for (std::size_t c = 0; c < 3; ++c) image[3 * i + c] += d[c] * stretch / square;
      }
    double residue = 0;
    for (std::size_t i = 0; i < n; ++i) residue = (std::max)(residue, std::abs(image[i] - modes.values[k] * x[i]));
    BOOST_TEST(residue < 1e-3);
    BOOST_TEST(modes.values[k] > 1e-3);
    if (k > 0) BOOST_TEST(modes.values[k] >= modes.values[k - 1]);
    for (std::size_t l = 0; l <= k; ++l) {
      double product = 0;
      for (std::size_t i = 0; i < n; ++i) product += x[i] * modes.rows[l * n + i];
      BOOST_TEST(std::abs(product - (k == l)) < 1e-9);
    }
  }
  // Four points: 12 - 6 = 6 modes, whose values sum to the trace of the Hessian, 2 a spring.
  const ElasticModes all = elastic_modes({{0, 0, 0}, {3, 0, 0}, {0, 3, 0}, {0, 0, 3}}, 6);
  BOOST_TEST(std::accumulate(all.values.begin(), all.values.end(), 0.0) == 12, boost::test_tools::tolerance(1e-9));
  BOOST_CHECK_THROW(elastic_modes({{0, 0, 0}, {3, 0, 0}, {0, 3, 0}}, 4), Error);
}

BOOST_AUTO_TEST_CASE(torsion_walks) { check_generator<TorsionMoves>(); }
BOOST_AUTO_TEST_CASE(elastic_walks) { check_generator<ElasticMoves>(); }
BOOST_AUTO_TEST_CASE(crankshaft_walks) { check_generator<CrankshaftMoves>(); }

BOOST_AUTO_TEST_CASE(clashes_are_steered) {
  MovableChain chain(native());
  const std::vector<Vector3> before = chain.positions;
  for (const Index wanted : {Index{30}, Index{12}}) {
    const Index left = steer_clashes(chain, wanted, Philox(3));
    Structure turned = native();
    for (std::size_t i = 0; i < chain.positions.size(); ++i)
      turned.positions[i] =
          Position::angstrom(float(chain.positions[i][0]), float(chain.positions[i][1]), float(chain.positions[i][2]));
    BOOST_TEST(std::abs(clash_count(turned) - left) <= 1); // counted from rounded coordinates
    BOOST_TEST(std::abs(left - wanted) <= 2);
  }
  Index turned = 0;
  for (Index r = 0; r < chain.residues(); ++r) {
    const BackboneAtoms& a = chain.atoms_of(r);
    for (Index i = a.begin; i < a.end; ++i) {
      const bool same = chain.at(i) == before[std::size_t(i)];
      if (i == a.n || i == a.ca || i == a.c || i == a.o || i == a.cb) BOOST_TEST(same);
      turned += !same;
    }
  }
  BOOST_TEST(turned > 10);
}

BOOST_AUTO_TEST_CASE(mixture_meets_its_qualities) {
  const std::vector<float> truth = MovableChain(native()).alpha_trace();
  const auto quality = [&](const std::vector<float>& trace) { return likeness(trace, truth); };
  const DecoyOptions options{.decoys = 6,
                             .least = 0.8,
                             .walks = 10,
                             .moves_per_residue = 8,
                             .least_contacts = 0.97,
                             .most_contacts = 1,
                             .least_radius = 0.995,
                             .most_radius = 1.005};
  ThreadPool one(1), three(3);
  const std::vector<Decoy> decoys = mixed_decoys(native(), {7, 0}, 3, quality, one, options);
  const std::vector<Decoy> again = mixed_decoys(native(), {7, 0}, 3, quality, three, options);
  std::vector<std::string> generators;
  Index met = 0;
  for (std::size_t k = 0; k < decoys.size(); ++k) {
    BOOST_TEST_MESSAGE(decoys[k].generator << ' ' << decoys[k].wanted << ' ' << decoys[k].quality);
    BOOST_TEST((decoys[k].positions == again[k].positions)); // any number of threads
    BOOST_TEST(decoys[k].wanted > 0.8 + 0.2 / 6 * double(k));
    BOOST_TEST(decoys[k].wanted < 0.8 + 0.2 / 6 * double(k + 1));
    met += std::abs(decoys[k].quality - decoys[k].wanted) < 0.03;
    Structure decoy = native();
    decoy.positions = decoys[k].positions;
    const MovableChain chain(decoy);
    BOOST_TEST(likeness(chain.alpha_trace(), truth) == decoys[k].quality,
               boost::test_tools::tolerance(1e-6)); // also after jitter
    generators.emplace_back(decoys[k].generator);
  }
  BOOST_TEST(met >= 4, met << " of 6 within 0.03");                       // not all are within reach of these short walks
  for (const auto first : {generators.begin(), generators.begin() + 3}) { // each generator has its turn
    std::vector<std::string> three_of(first, first + 3);
    std::sort(three_of.begin(), three_of.end());
    BOOST_TEST((three_of == std::vector<std::string>{"crankshaft", "elastic", "torsion"}));
  }
  BOOST_TEST((mixed_decoys(native(), {8, 0}, 3, quality, three, options)[0].positions != decoys[0].positions));
  BOOST_CHECK_THROW(mixed_decoys(native(), {8, 0}, 3, quality, three, {.least = 1, .most = 0.5}), Error);
}

// A compact chain has no room to come far in one walk; what one lacks the next ones add.
BOOST_AUTO_TEST_CASE(compact_chains_come_far) {
  const Structure truth = read("1A8O.pdb.gz"); // 70 residues
  const std::vector<float> trace = MovableChain(truth).alpha_trace();
  const auto quality = [&](const std::vector<float>& model) {
    return model_quality(model, trace, truth.residues(), {.starts = 24}).gdt_ts;
  };
  ThreadPool threads(2);
  Index met = 0, tenths[3] = {0, 0, 0};
  for (const Decoy& decoy : mixed_decoys(truth, {1, 0}, 3, quality, threads, {.decoys = 6, .least = 0.3, .most = 0.6})) {
    BOOST_TEST_MESSAGE(decoy.generator << ' ' << decoy.wanted << ' ' << decoy.quality);
    met += std::abs(decoy.quality - decoy.wanted) < 0.05;
    if (decoy.quality > 0.3 && decoy.quality < 0.6) ++tenths[static_cast<std::size_t>(decoy.quality * 10) - 3];
  }
  BOOST_TEST(met >= 5, met << " of 6 within 0.05");
  for (const Index count : tenths) BOOST_TEST(count >= 1); // two are wanted in each tenth
}

BOOST_AUTO_TEST_CASE(refusals) {
  Structure s = native();
  for (std::size_t i = 0; i < s.names.size(); ++i)
    if (s.atom_residues[i] == 4 && s.names[i] == atom_c) s.names[i] = atom_unknown;
  BOOST_TEST(refused(s).find("lacks N, CA or C; leave such residues out with pleat::select_residues") != std::string::npos);
  BOOST_TEST(refused(select_residues(native(), [](Index r) { return r < 2; })).find("chains of at least three") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(measures_by_plain_loops) {
  const Structure s = read("1A8O.pdb.gz");
  Index clashes = 0, contacts = 0;
  const auto distance = [&](std::size_t a, std::size_t b) {
    const Position &p = s.positions[a], &q = s.positions[b];
    return std::sqrt(std::pow(double(p.x()) - double(q.x()), 2) + std::pow(double(p.y()) - double(q.y()), 2) +
                     std::pow(double(p.z()) - double(q.z()), 2));
  };
  for (std::size_t a = 0; a < s.names.size(); ++a)
    for (std::size_t b = a + 1; b < s.names.size(); ++b) {
      const auto polar = [&](std::size_t i) { return s.elements[i] == 7 || s.elements[i] == 8; };
      const bool apart = s.atom_residues[b] - s.atom_residues[a] >= 2;
      clashes += apart && distance(a, b) < (s.elements[a] == 16 && s.elements[b] == 16 ? 1.8 : polar(a) && polar(b) ? 2.5 : 3.0);
      const auto beta = [&](std::size_t i) {
        return s.names[i] == atom_cb ||
               (s.names[i] == atom_ca && s.types[std::size_t(s.atom_residues[i])] == residue_of_letter('G'));
      };
      contacts += beta(a) && beta(b) && s.atom_residues[b] - s.atom_residues[a] >= 3 && distance(a, b) < 8;
    }
  BOOST_TEST(clash_count(s) == clashes);
  BOOST_TEST(contacts_per_residue(s) == double(contacts) / double(s.residues()), boost::test_tools::tolerance(1e-12));
  const MovableChain chain(s);
  double sum = 0, pairs = 0;
  for (Index i = 0; i < s.residues(); ++i)
    for (Index j = 0; j < s.residues(); ++j) sum += detail::square_distance(chain.alpha(i), chain.alpha(j)), ++pairs;
  BOOST_TEST(radius_of_gyration(s) == std::sqrt(sum / pairs / 2), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(bond_geometry_deviation(s) > 0.1);
  BOOST_TEST(bond_geometry_deviation(s) < 3);
  // One bond 0.2 too long is ten standard deviations of N-CA: the root mean square rises.
  Structure stretched = s;
  stretched.positions[0] = Position::angstrom(s.positions[0].x() + 3, s.positions[0].y(), s.positions[0].z());
  BOOST_TEST(bond_geometry_deviation(stretched) > bond_geometry_deviation(s) + 0.5);
}

BOOST_AUTO_TEST_SUITE_END()
