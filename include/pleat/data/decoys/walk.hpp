#pragma once
/// \file  The walk that turns a native structure into a decoy: moves of a generator, held compact and free of backbone clashes.

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <pleat/core/error.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/data/decoys/movable_chain.hpp>
#include <pleat/data/structure_measures.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// A generator of decoys: made for a native chain, it proposes a random change of a conformation of it. The size of a change
/// grows with `amplitude`, up to `largest_amplitude`; 0 changes nothing.
template <class G>
concept DecoyMoves = std::constructible_from<G, const MovableChain&> &&
    requires(const G& moves, MovableChain& chain, Philox& draws) {
  { moves.move(chain, draws, 1.0) } -> std::same_as<void>;
  { G::name } -> std::convertible_to<std::string_view>;
  { G::largest_amplitude } -> std::convertible_to<double>;
};

/// What a walk steers to: shares of the native's contacts per residue and of its radius of gyration.
struct Compactness {
  double contacts = 1, radius = 1;
};

/// Which conformations of a chain are allowed, and how compact they are. Pairs of the native that are nearer than a limit may
/// stay as near as they are there, but come no nearer.
class ChainRestraints {
public:
  static constexpr double alpha_limit = 3.8;  ///< Angstrom, C-alphas of residues at least two apart
  static constexpr double polar_limit = 2.6;  ///< N and O of the backbone, of residues at least two apart
  static constexpr double heavy_limit = 3.0;  ///< other pairs of N, CA, C, O and CB

  explicit ChainRestraints(const MovableChain& native) {
    const Verdict verdict = look(native, [this](Index a, Index b, double square, double) {
      native_.push_back({a, b, square});
      return true;
    });
    std::sort(native_.begin(), native_.end(),
              [](const NativePair& p, const NativePair& q) { return std::pair{p.a, p.b} < std::pair{q.a, q.b}; });
    contacts_ = verdict.contacts, radius_ = verdict.radius;
  }

  struct Verdict {
    bool allowed = true;
    double contacts = 0, radius = 0; ///< contacts a residue, radius of gyration in Angstrom
    Index residue = -1, other = -1;  ///< a pair of residues that is too near, where not allowed
  };
  Verdict judge(const MovableChain& chain) const {
    return look(chain, [this](Index a, Index b, double square, double limit) { return square >= allowed_square(a, b, limit); });
  }

  /// How far a conformation is from the wanted compactness: squares of 1 % of the native's contacts and of 0.5 % of its radius.
  double penalty(const Verdict& verdict, const Compactness& wanted) const {
    const double c = contacts_ > 0 ? (verdict.contacts / contacts_ - wanted.contacts) / 0.01 : 0;
    const double r = (verdict.radius / radius_ - wanted.radius) / 0.005;
    return c * c + r * r;
  }

private:
  struct NativePair {
    Index a = 0, b = 0; // atoms
    double square = 0;
  };

  double allowed_square(Index a, Index b, double limit) const {
    const auto at = std::lower_bound(native_.begin(), native_.end(), std::pair{a, b},
                                     [](const NativePair& p, const std::pair<Index, Index>& q) { return std::pair{p.a, p.b} < q; });
    const bool listed = at != native_.end() && at->a == a && at->b == b;
    return (std::min)(limit * limit, listed ? at->square * (1 - 1e-6) : limit * limit);
  }

  // `accept(atom, atom, square, limit)` is asked about each pair nearer than its limit; false ends the look.
  template <class Accept> Verdict look(const MovableChain& chain, Accept&& accept) const {
    using detail::dot, detail::square_distance, detail::operator+;
    const Index n = chain.residues();
    Verdict verdict;
    std::vector<Vector3> alphas, betas;
    Vector3 centre{};
    double squares = 0;
    for (Index r = 0; r < n; ++r) {
      alphas.push_back(chain.alpha(r)), betas.push_back(chain.beta(r));
      centre = centre + alphas.back(), squares += dot(alphas.back(), alphas.back());
    }
    verdict.radius = std::sqrt((squares - dot(centre, centre) / static_cast<double>(n)) / static_cast<double>(n));
    Index contacts = 0;
    for (Index i = 0; i < n; ++i)
      for (Index j = i + 2; j < n; ++j) {
        const double square = square_distance(alphas[static_cast<std::size_t>(i)], alphas[static_cast<std::size_t>(j)]);
        if (square > 13 * 13) continue;
        contacts += j - i >= contact_separation &&
                    square_distance(betas[static_cast<std::size_t>(i)], betas[static_cast<std::size_t>(j)]) < contact_distance * contact_distance;
        if (square > 8.2 * 8.2) continue; // no atom of the five is further than 2.6 from its C-alpha
        const BackboneAtoms &a = chain.atoms_of(i), &b = chain.atoms_of(j);
        const std::array<Index, 5> first = {a.ca, a.n, a.c, a.o, a.cb}, second = {b.ca, b.n, b.c, b.o, b.cb};
        for (std::size_t k = 0; k < 5; ++k)
          for (std::size_t l = 0; l < 5; ++l) {
            if (first[k] < 0 || second[l] < 0) continue;
            const bool polar = (k == 1 || k == 3) && (l == 1 || l == 3);
            const double limit = k == 0 && l == 0 ? alpha_limit : polar ? polar_limit : heavy_limit;
            const double d = square_distance(chain.at(first[k]), chain.at(second[l]));
            if (d >= limit * limit) continue;
            if (!accept(first[k], second[l], d, limit)) verdict.allowed = false, verdict.residue = i, verdict.other = j;
          }
        if (!verdict.allowed) return verdict;
      }
    verdict.contacts = static_cast<double>(contacts) / static_cast<double>(n);
    return verdict;
  }

  std::vector<NativePair> native_; // nearer than their limit, sorted
  double contacts_ = 0, radius_ = 1;
};

/// A walk of `moves` proposed moves from `native`: a proposal that is not allowed is refused, others are taken by the rule of
/// Metropolis on the penalty of their compactness (at temperature 1). The same `draws` and amplitude give the same decoy.
template <DecoyMoves Moves>
MovableChain walk(const MovableChain& native, const ChainRestraints& restraints, const Moves& generator, Philox draws,
                  double amplitude, const Compactness& wanted, Index moves) {
  MovableChain chain = native, proposed = native;
  double penalty = restraints.penalty(restraints.judge(chain), wanted);
  for (Index step = 0; step < moves; ++step) {
    draws.seek(static_cast<std::uint64_t>(step) << 16); // each move has draws of its own, whatever the ones before took
    proposed.positions = chain.positions;
    generator.move(proposed, draws, amplitude);
    const double chance = draws.uniform();
    const auto verdict = restraints.judge(proposed);
    if (!verdict.allowed) continue;
    const double next = restraints.penalty(verdict, wanted);
    if (next > penalty && chance >= std::exp(penalty - next)) continue;
    penalty = next;
    std::swap(chain.positions, proposed.positions);
  }
  return chain;
}

} // namespace pleat::inline v0_1
