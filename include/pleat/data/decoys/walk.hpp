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
/// grows with `amplitude`; a walk starts with `largest_amplitude`. `widening`: by how much of the native's radius of gyration far
/// walks end wider than near ones, all else being equal; it is taken off what is wanted, times 1 - quality (measured).
template <class G>
concept DecoyMoves = std::constructible_from<G, const MovableChain&> &&
    requires(const G& moves, MovableChain& chain, Philox& draws) {
  { moves.move(chain, draws, 1.0) } -> std::same_as<void>;
  { G::name } -> std::convertible_to<std::string_view>;
  { G::largest_amplitude } -> std::convertible_to<double>;
  { G::widening } -> std::convertible_to<double>;
};

/// What a walk steers to.
struct WalkGoal {
  double contacts = 1; ///< a residue, as a share of the native's
  double radius = 1;   ///< of gyration, as a share of the native's
  double distance = 0; ///< from the native, Angstrom: root mean square difference of the distances between C-alphas
};

/// Which conformations of a chain are allowed, how compact they are, and how far from the native. Pairs of the native that are
/// nearer than a limit may stay as near as they are there, but come no nearer.
class ChainRestraints {
public:
  static constexpr double alpha_limit = 3.8; ///< Angstrom, C-alphas of residues at least two apart
  static constexpr double polar_limit = 2.4; ///< N and O of the backbone, of residues at least two apart
  static constexpr double heavy_limit = 2.8; ///< other pairs of N, CA, C, O and CB

  explicit ChainRestraints(const MovableChain& native) {
    const Verdict verdict = look(native, [this](Index a, Index b, double square, double) {
      native_.push_back({a, b, square});
      return true;
    });
    std::sort(native_.begin(), native_.end(), [](const NativePair& p, const NativePair& q) {
      return std::pair{p.a, p.b} < std::pair{q.a, q.b};
    });
    contacts_ = verdict.contacts, radius_ = verdict.radius;
    for (Index i = 0; i < native.residues(); i += stride)
      for (Index j = i + stride; j < native.residues(); j += stride)
        distances_.push_back(std::sqrt(detail::square_distance(native.alpha(i), native.alpha(j))));
  }

  struct Verdict {
    bool allowed = true;
    double contacts = 0, radius = 0; ///< contacts a residue, radius of gyration in Angstrom
    Index residue = -1, other = -1;  ///< a pair of residues that is too near, where not allowed
  };
  Verdict judge(const MovableChain& chain) const {
    return look(chain, [this](Index a, Index b, double square, double limit) { return square >= allowed_square(a, b, limit); });
  }

  /// Root mean square difference to the native of the distances between C-alphas, every other one, Angstrom.
  double distance(const MovableChain& chain) const {
    double sum = 0;
    std::size_t pair = 0;
    for (Index i = 0; i < chain.residues(); i += stride)
      for (Index j = i + stride; j < chain.residues(); j += stride) {
        const double change = std::sqrt(detail::square_distance(chain.alpha(i), chain.alpha(j))) - distances_[pair++];
        sum += change * change;
      }
    return std::sqrt(sum / static_cast<double>((std::max)(pair, std::size_t{1})));
  }

  /// How far an allowed conformation is from the goal: in `compactness` the squares of 1 % of the native's contacts and of 0.2 %
  /// of its radius, in `distance` that of 0.15 Angstrom and 5 % of the distance.
  struct Penalty {
    double compactness = 0, distance = 0;
  };
  Penalty penalty(const MovableChain& chain, const Verdict& verdict, const WalkGoal& goal) const {
    const double c = contacts_ > 0 ? (verdict.contacts / contacts_ - goal.contacts) / 0.01 : 0;
    const double r = (verdict.radius / radius_ - goal.radius) / 0.002;
    const double d = (distance(chain) - goal.distance) / (0.15 + 0.05 * goal.distance);
    return {c * c + r * r, d * d};
  }
  double native_radius() const { return radius_; }

private:
  struct NativePair {
    Index a = 0, b = 0; // atoms
    double square = 0;
  };

  double allowed_square(Index a, Index b, double limit) const {
    const auto at = std::lower_bound(native_.begin(), native_.end(), std::pair{a, b},
                                     [](const NativePair& p, const std::pair<Index, Index>& q) {
                                       return std::pair{p.a, p.b} < q;
                                     });
    const bool listed = at != native_.end() && at->a == a && at->b == b;
    return (std::min)(limit * limit, listed ? at->square * (1 - 1e-6) : limit * limit);
  }

  // `accept(atom, atom, square, limit)` is asked about each pair nearer than its limit; false ends the look.
  template <class Accept> Verdict look(const MovableChain& chain, Accept&& accept) const {
    using detail::dot, detail::square_distance, detail::operator+;
    const auto n = static_cast<std::size_t>(chain.residues());
    Verdict verdict;
    std::vector<std::array<Vector3, 5>> atoms(n); // CA, N, C, O, CB of a residue
    std::vector<double> x(n), y(n), z(n), squares(n);
    Vector3 centre{};
    double sum = 0, reach = 0;
    for (std::size_t r = 0; r < n; ++r) {
      const BackboneAtoms& a = chain.atoms_of(static_cast<Index>(r));
      const std::array<Index, 5> places = {a.ca, a.n, a.c, a.o, a.cb};
      for (std::size_t k = 0; k < 5; ++k) {
        if (places[k] < 0) { // stands where nothing is near
          atoms[r][k] = {1e9 * static_cast<double>(5 * r + k + 1), 0, 0};
          continue;
        }
        atoms[r][k] = chain.at(places[k]);
        reach = (std::max)(reach, square_distance(atoms[r][k], atoms[r][0]));
      }
      const Vector3& alpha = atoms[r][0];
      x[r] = alpha[0], y[r] = alpha[1], z[r] = alpha[2];
      centre = centre + alpha, sum += dot(alpha, alpha);
    }
    verdict.radius = std::sqrt((sum - dot(centre, centre) / static_cast<double>(n)) / static_cast<double>(n));
    // No atom is further than `reach` from its C-alpha: what is beyond these of another C-alpha needs no look at the others.
    reach = std::sqrt(reach);
    const double near_alpha = std::pow(reach + heavy_limit, 2),
                 near_pair = std::pow((std::max)(2 * reach + heavy_limit, alpha_limit), 2);
    const double furthest = (std::max)(near_pair, std::pow(contact_distance + 2 * reach, 2));
    Index contacts = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i + 2; j < n; ++j)
        squares[j] = (x[i] - x[j]) * (x[i] - x[j]) + (y[i] - y[j]) * (y[i] - y[j]) + (z[i] - z[j]) * (z[i] - z[j]);
      for (std::size_t j = i + 2; j < n; ++j) {
        if (squares[j] > furthest) continue;
        const Index p = static_cast<Index>(i), q = static_cast<Index>(j);
        contacts +=
            q - p >= contact_separation && square_distance(chain.beta(p), chain.beta(q)) < contact_distance * contact_distance;
        if (squares[j] > near_pair) continue;
        for (std::size_t k = 0; k < 5; ++k) {
          const Vector3& first = atoms[i][k];
          if (k > 0 && square_distance(first, atoms[j][0]) > near_alpha) continue;
          for (std::size_t l = 0; l < 5; ++l) {
            const double d = square_distance(first, atoms[j][l]);
            const bool polar = (k == 1 || k == 3) && (l == 1 || l == 3);
            const double limit = k == 0 && l == 0 ? alpha_limit : polar ? polar_limit : heavy_limit;
            if (d >= limit * limit) continue;
            const BackboneAtoms &a = chain.atoms_of(p), &b = chain.atoms_of(q);
            const std::array<Index, 5> one = {a.ca, a.n, a.c, a.o, a.cb}, other = {b.ca, b.n, b.c, b.o, b.cb};
            if (!accept(one[k], other[l], d, limit)) verdict.allowed = false, verdict.residue = p, verdict.other = q;
          }
        }
        if (!verdict.allowed) return verdict;
      }
    }
    verdict.contacts = static_cast<double>(contacts) / static_cast<double>(n);
    return verdict;
  }

  static constexpr Index stride = 2;
  std::vector<NativePair> native_; // nearer than their limit, sorted
  std::vector<double> distances_;
  double contacts_ = 0, radius_ = 1;
};

/// A walk of `moves` proposed moves from `start`, a conformation that is allowed, to the goal: a proposal that is not allowed is
/// refused, others are taken by the rule of Metropolis on the penalty. The walk starts loose and ends tight: over its first two
/// thirds the weight of compactness rises from 1/1000 to 1, so that the chain can open, pass itself and close again. The
/// amplitude of proposals shrinks by a tenth where one is refused and grows by a fifth where one is taken, up to the generator's
/// largest. The same `start`, `draws` and goal give the same decoy.
template <DecoyMoves Moves>
MovableChain walk(const MovableChain& start, const ChainRestraints& restraints, const Moves& generator, Philox draws,
                  const WalkGoal& goal, Index moves) {
  MovableChain chain = start, proposed = start;
  auto penalty = restraints.penalty(chain, restraints.judge(chain), goal);
  double amplitude = Moves::largest_amplitude;
  for (Index step = 0; step < moves; ++step) {
    draws.seek(static_cast<std::uint64_t>(step) << 16); // each move has draws of its own, whatever the ones before took
    const double part = (std::min)(1.0, 1.5 * static_cast<double>(step) / static_cast<double>(moves));
    const double weight = std::pow(1e-3, 1 - part);
    proposed.positions = chain.positions;
    generator.move(proposed, draws, amplitude);
    const double chance = draws.uniform();
    const auto verdict = restraints.judge(proposed);
    const auto next = verdict.allowed ? restraints.penalty(proposed, verdict, goal) : penalty;
    const double rise = weight * (next.compactness - penalty.compactness) + next.distance - penalty.distance;
    if (!verdict.allowed || (rise > 0 && chance >= std::exp(-rise))) {
      amplitude = (std::max)(0.9 * amplitude, 1e-3 * Moves::largest_amplitude);
      continue;
    }
    amplitude = (std::min)(1.2 * amplitude, Moves::largest_amplitude);
    penalty = next;
    std::swap(chain.positions, proposed.positions);
  }
  return chain;
}

} // namespace pleat::inline v0_1
