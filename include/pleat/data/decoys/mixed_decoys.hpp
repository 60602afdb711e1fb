#pragma once
/// \file  Decoys of a native structure from several generators, their quality spread evenly, by bisection on the amplitude.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <pleat/core/error.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/core/threads.hpp>
#include <pleat/data/decoys/crankshaft_moves.hpp>
#include <pleat/data/decoys/elastic_modes.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <pleat/data/decoys/side_chain_walk.hpp>
#include <pleat/data/decoys/torsion_moves.hpp>
#include <pleat/data/decoys/walk.hpp>
#include <pleat/data/shuffle.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pleat::inline v0_1 {

struct DecoyOptions {
  Index decoys = 20;                                  ///< of one native
  double least = 0.3, most = 1;                       ///< bounds of the wanted quality
  double tolerance = 0.015;                           ///< of the quality; the search ends within it
  Index walks = 12;                                   ///< of one decoy, at most; the one nearest to the wanted quality is kept
  double moves_per_residue = 24;                      ///< of a walk
  double least_contacts = 0.64, most_contacts = 0.84; ///< wanted contacts per residue, as shares of the native's, drawn evenly
  double least_radius = 0.99, most_radius = 1.045;    ///< wanted radius of gyration, as shares of the native's, drawn evenly
  double least_clashes = 0.3, most_clashes = 0.9;     ///< wanted clashing pairs of atoms a residue, drawn evenly
  double most_jitter = 0.05; ///< Angstrom: standard deviation of noise on all atoms but C-alphas, drawn evenly from 0
};

/// One decoy: the native's atoms elsewhere.
struct Decoy {
  std::vector<Position> positions; ///< (atoms of the native)
  std::string_view generator;
  double wanted = 0;    ///< the quality it was made for
  double quality = 0;   ///< what it has, by the measure it was made with
  double amplitude = 0; ///< distance from the native that its walk was steered to, Angstrom (WalkGoal)
};

/// What is drawn for a decoy before anything is moved: a function of the key, the target and the decoy's number only.
struct DecoyDraw {
  double quality = 0;
  double contacts = 1, radius = 1; ///< shares of the native's
  double clashes = 0, jitter = 0;  ///< clashes a residue; Angstrom
  std::uint64_t stream = 0;
  Index generator = 0;
};

/// Decoy `number` of `target`. Qualities are stratified: each of the `decoys` equal parts of [least, most] has one. Generators
/// take turns in a random order, so that each has its share of every range of quality.
inline DecoyDraw draw_decoy(const DecoyOptions& options, NoiseKey key, std::uint64_t target, Index number, Index generators) {
  const std::uint64_t stream = hash_of(key.seed, key.step, target, number);
  Philox draws(stream, 0xDEC0);
  const auto between = [&](double low, double high) { return low + (high - low) * draws.uniform(); };
  DecoyDraw draw;
  draw.stream = stream;
  const double part = (options.most - options.least) / static_cast<double>(options.decoys);
  draw.quality = options.least + part * (static_cast<double>(number) + draws.uniform());
  draw.contacts = between(options.least_contacts, options.most_contacts);
  draw.radius = between(options.least_radius, options.most_radius);
  draw.clashes = between(options.least_clashes, options.most_clashes);
  draw.jitter = between(0, options.most_jitter);
  // Within each round of `generators` decoys every generator has its turn.
  draw.generator = permuted(number % generators, generators, hash_of(key.seed, key.step, target, 0x6E4, number / generators));
  return draw;
}

namespace detail {

// Noise on all atoms but C-alphas; residues that come too near to others keep their atoms.
inline void jitter(MovableChain& chain, const ChainRestraints& restraints, double deviation, Philox draws) {
  const std::vector<Vector3> before = chain.positions;
  for (Index r = 0; r < chain.residues(); ++r)
    for (Index i = chain.atoms_of(r).begin; i < chain.atoms_of(r).end; ++i)
      for (double& x : chain.at(i)) {
        const double noise = deviation * draws.normal();
        if (i != chain.atoms_of(r).ca) x += noise;
      }
  for (auto verdict = restraints.judge(chain); !verdict.allowed; verdict = restraints.judge(chain))
    for (const Index r : {verdict.residue, verdict.other})
      for (Index i = chain.atoms_of(r).begin; i < chain.atoms_of(r).end; ++i) chain.at(i) = before[static_cast<std::size_t>(i)];
}

} // namespace detail

/// Streams of draws of one decoy.
inline constexpr std::uint64_t jitter_stream = 2, clash_stream = 3, first_walk_stream = 16;

/// Walks with `moves` until the quality of the C-alpha trace is the drawn one, by bisection on the amplitude. A walk that stays
/// too near to the native is no waste: the next ones go on from its end, to a larger amplitude. (From the native alone, chains of
/// few residues do not come far enough in one walk: they have no room for large moves while they are compact.) `quality(trace)`
/// takes (residues, 3) Angstrom.
template <DecoyMoves Moves, class Quality>
Decoy make_decoy(const MovableChain& native, const ChainRestraints& restraints, const Moves& moves, const DecoyDraw& draw,
                 const DecoyOptions& options, const Quality& quality) {
  const auto steps = static_cast<Index>(std::ceil(options.moves_per_residue * static_cast<double>(native.residues())));
  MovableChain best = native, start = native;
  Decoy decoy{{}, Moves::name, draw.quality, 0, 0};
  const double radius = draw.radius - Moves::widening * (1 - draw.quality);
  double low = 0, high = 1; // of the square root of the amplitude's share of the native's radius of gyration
  for (Index turn = 0; turn < options.walks; ++turn) {
    const double middle = (low + high) / 2;
    const double amplitude = middle * middle * restraints.native_radius();
    const Philox draws(draw.stream, first_walk_stream + static_cast<std::uint64_t>(turn));
    const MovableChain chain = walk(start, restraints, moves, draws, {draw.contacts, radius, amplitude}, steps);
    const double got = quality(chain.alpha_trace());
    if (turn == 0 || std::abs(got - draw.quality) < std::abs(decoy.quality - draw.quality)) {
      best.positions = chain.positions;
      decoy.quality = got, decoy.amplitude = amplitude;
    }
    if (std::abs(decoy.quality - draw.quality) <= options.tolerance) break;
    if (got > draw.quality) start.positions = chain.positions;
    (got > draw.quality ? low : high) = middle;
  }
  detail::jitter(best, restraints, draw.jitter, Philox(draw.stream, jitter_stream));
  steer_clashes(best, std::lround(draw.clashes * static_cast<double>(best.residues())), Philox(draw.stream, clash_stream));
  for (const Vector3& p : best.positions)
    decoy.positions.push_back(Position::angstrom(static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])));
  return decoy;
}

/// The decoys of one native from torsion, elastic and crankshaft moves, `options.decoys` of them with qualities spread evenly.
/// `quality(trace)` must be safe to call from several threads. The same key and target give the same decoys on any number of
/// threads. Errors: as MovableChain; options out of order.
template <class Quality>
std::vector<Decoy> mixed_decoys(const Structure& native, NoiseKey key, std::uint64_t target, const Quality& quality,
                                ThreadPool& threads, const DecoyOptions& options = {}) {
  require(options.decoys > 0 && options.least < options.most && options.walks > 0 && options.moves_per_residue > 0, native.name,
          ": decoys need a number of them, walks and moves above 0, and bounds of quality that rise.");
  const MovableChain chain(native);
  const ChainRestraints restraints(chain);
  const TorsionMoves torsion(chain);
  const ElasticMoves elastic(chain);
  const CrankshaftMoves crankshaft(chain);
  std::vector<Decoy> decoys(static_cast<std::size_t>(options.decoys));
  std::vector<std::exception_ptr> failures(decoys.size());
  threads.parallel_for(options.decoys, [&](Index number) {
    const auto place = static_cast<std::size_t>(number);
    try {
      const DecoyDraw draw = draw_decoy(options, key, target, number, 3);
      decoys[place] = draw.generator == 0   ? make_decoy(chain, restraints, torsion, draw, options, quality)
                      : draw.generator == 1 ? make_decoy(chain, restraints, elastic, draw, options, quality)
                                            : make_decoy(chain, restraints, crankshaft, draw, options, quality);
    } catch (...) {
      failures[place] = std::current_exception();
    }
  });
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
  return decoys;
}

} // namespace pleat::inline v0_1
