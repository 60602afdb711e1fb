// PIP reads the row of a residue's C-alpha from its whole partner, encoded once, where the published program encodes a ball of 30
// Angstrom around each residue. In inference the two are equal for encoders that cannot see beyond the ball.

#include "support/benchmark_complex.hpp"
#include "support/model_contract.hpp"

#include <pleat/backend/cpu.hpp>
#include <pleat/data/structure_parts.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/session/encode_graphs.hpp>

using namespace pleat;

namespace {

// Edges do not tell how far apart their residues are in the sequence. An atom graph does, and counts the residues that have
// atoms: where a loop leaves a ball, residues beside it come nearer to each other than they are in the whole.
struct AtomsWithoutSequence : AtomGraph {
  static void describe_edge(const GraphNodes& nodes, Index u, Index v, Index r, std::int32_t* to) {
    AtomGraph::describe_edge(nodes, u, v, r, to);
    to[3] = 41;
  }
};
template <class Graph> using Encoder = GearNetEdge<Graph, Shape{.layers = 4, .width = 8}>;
// A row of layer 4 depends on atoms within five edges: four of messages, one more by the messages between edges.
constexpr double reach = 5 * 4.5;
static_assert(reach < 30);

template <class Graph> struct Ball {
  ThreadPool pool{2};
  EncodeGraphsSession<Encoder<Graph>, Cpu, Float64> encoder{Cpu{&pool}};
  Structure whole = structures::read_shipped("117e.pdb.gz"); // two chains, 4,466 atoms
  EncodedGraphs rows;
  Ball() {
    contract::shake(encoder.parameters());
    rows = encoder.encode(std::span<const Structure>(&whole, 1));
  }
  // Largest difference between the row of an atom in the whole and in a ball around it, as a share of the row's largest number.
  double difference(Index atom, double radius) {
    const std::vector<Index> chosen = atoms_within(whole, whole.positions[static_cast<std::size_t>(atom)], radius);
    BOOST_TEST_REQUIRE((!chosen.empty() && chosen.size() < whole.positions.size()));
    const Structure ball = select_atoms(whole, chosen);
    const EncodedGraphs of_ball = encoder.encode(std::span<const Structure>(&ball, 1));
    const auto place = static_cast<std::size_t>(std::find(chosen.begin(), chosen.end(), atom) - chosen.begin());
    constexpr auto width = static_cast<std::size_t>(Encoder<Graph>::width);
    const auto here = rows.nodes[0].subspan(static_cast<std::size_t>(atom) * width, width); // every atom is a node
    const auto there = of_ball.nodes[0].subspan(place * width, width);
    double most = 0, size = 0;
    for (std::size_t i = 0; i < width; ++i)
      most = (std::max)(most, double(std::abs(here[i] - there[i]))), size = (std::max)(size, double(std::abs(here[i])));
    return most / size;
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(pair_ball)

BOOST_AUTO_TEST_CASE(nothing_beyond_the_reach_matters) {
  Ball<AtomsWithoutSequence> balls;
  const std::vector<Index> alphas = balls.whole.alpha_carbons();
  for (std::size_t residue = 3; residue < alphas.size(); residue += 56) {
    BOOST_TEST(balls.difference(alphas[residue], 30) < 1e-7);
    BOOST_TEST(balls.difference(alphas[residue], reach) < 1e-7);
    BOOST_TEST(balls.difference(alphas[residue], 12) > 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(the_whole_partner_gives_the_rows_of_the_published_ball) {
  Ball<AtomGraph> balls;
  const std::vector<Index> alphas = balls.whole.alpha_carbons();
  for (std::size_t residue = 3; residue < alphas.size(); residue += 56) {
    const double off = balls.difference(alphas[residue], 30);
    BOOST_TEST_MESSAGE("residue " << residue << ": " << off);
    BOOST_TEST(off < 1e-6);
  }
}

BOOST_AUTO_TEST_SUITE_END()
