#pragma once
/// \file  Absorbing sequence diffusion: how many residues are masked at a step, and the Markov chain behind it.

#include <cmath>

#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>

namespace pleat::inline v0_1 {

/// Residues turn into a mask and stay one. After step t of 0 ... steps - 1 a residue is masked with probability
/// m_t = least + (most - least) (t + 1) / steps: linear in t, as in SiamDiff (arXiv 2301.12068). Pure functions of t; a t outside
/// the range is an error.
struct AbsorbingSchedule {
  Index steps = 100;
  double least = 0.15, most = 1.0;

  /// m_t; m_{-1} = 0: before the first step nothing is masked.
  double rate(Index t) const {
    require_step(t, -1);
    return t < 0 ? 0.0 : least + (most - least) * (static_cast<double>(t + 1) / static_cast<double>(steps));
  }
  /// K = max(1, floor(n m_t)): how many of n residues are drawn. 0 of none.
  Index draws(Index residues, Index t) const {
    if (residues <= 0) return 0;
    const auto count = static_cast<Index>(std::floor(static_cast<double>(residues) * rate(t)));
    return count > 1 ? count : 1;
  }

  /// b_t: the probability with which step t masks a residue that was none before; 1 - m_t is the product of (1 - b_i), i <= t.
  /// With most = 1 it is 1 / (steps - t) for t >= 1.
  double step_rate(Index t) const {
    require_step(t, 0);
    const double before = rate(t - 1);
    return before < 1 ? (rate(t) - before) / (1 - before) : 0.0;
  }
  /// What a masked residue was before step t: q(s_{t-1} | s_t = mask, s_0).
  struct Posterior {
    double shown = 0;  ///< s_0 itself: (m_t - m_{t-1}) / m_t
    double masked = 1; ///< a mask
  };
  Posterior posterior(Index t) const {
    require_step(t, 0);
    const double shown = (rate(t) - rate(t - 1)) / rate(t);
    return {shown, 1 - shown};
  }
  /// Weight w_t of KL(q(s_{t-1} | s_t, s_0) || p(s_{t-1} | s_t)) = w_t CE(s_0, p) of a masked residue, where p puts `shown` on
  /// its prediction of s_0; a residue that is not masked has none. Training leaves it out, as published: every step has weight 1.
  double kl_weight(Index t) const { return posterior(t).shown; }

private:
  void require_step(Index t, Index first) const {
    require(steps > 0 && least > 0 && most >= least && most <= 1,
            "an absorbing schedule has steps and 0 < least <= most <= 1, not ", steps, " steps, ", least, " and ", most,
            "; correct it");
    require(t >= first && t < steps, "step ", t, " is none of the ", steps, " of an absorbing schedule; they count from 0");
  }
};

} // namespace pleat::inline v0_1
