#pragma once
/// \file  Limited-memory BFGS for smooth convex functions (Nocedal and Wright, Algorithm 7.4), with a weak-Wolfe bisection.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <vector>

namespace pleat::inline v0_1 {

struct LbfgsOptions {
  int iterations = 200;
  int memory = 12;
  double tolerance = 1e-4; ///< stops where |gradient| <= tolerance * max(1, |x|)
};

struct LbfgsResult {
  double value = 0;
  double gradient_norm = 0;
  int iterations = 0;
  bool converged = false;
};

namespace detail {

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// The last pairs of step and gradient change, and the direction they imply.
class LbfgsMemory {
public:
  explicit LbfgsMemory(int size) : size_(static_cast<std::size_t>(size)) {}

  void add(std::vector<double> step, std::vector<double> change) {
    double curvature = dot(step, change);
    if (!(curvature > 1e-14 * dot(change, change))) return; // keeps the approximation positive definite
    pairs_.push_back({std::move(step), std::move(change), 1 / curvature});
    if (pairs_.size() > size_) pairs_.pop_front();
  }

  std::vector<double> direction(const std::vector<double>& gradient) const {
    std::vector<double> q = gradient, alpha(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      const Pair& pair = pairs_[i];
      alpha[i] = pair.rho * dot(pair.step, q);
      for (std::size_t j = 0; j < q.size(); ++j) q[j] -= alpha[i] * pair.change[j];
    }
    double scale = pairs_.empty() ? 1 / (std::max)(1.0, std::sqrt(dot(gradient, gradient)))
                                  : 1 / (pairs_.back().rho * dot(pairs_.back().change, pairs_.back().change));
    for (double& v : q) v *= scale;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair& pair = pairs_[i];
      double beta = pair.rho * dot(pair.change, q);
      for (std::size_t j = 0; j < q.size(); ++j) q[j] += (alpha[i] - beta) * pair.step[j];
    }
    for (double& v : q) v = -v;
    return q;
  }

private:
  struct Pair {
    std::vector<double> step, change;
    double rho;
  };
  std::size_t size_;
  std::deque<Pair> pairs_;
};

} // namespace detail

/// Minimises `objective(x, gradient) -> value` from `x`, which becomes the minimiser. Deterministic. Stops without `converged`
/// where the iterations are used up or rounding stops the line search.
template <class Objective>
LbfgsResult minimise_lbfgs(std::vector<double>& x, const Objective& objective, const LbfgsOptions& options = {}) {
  std::vector<double> gradient(x.size()), next(x.size()), next_gradient(x.size());
  LbfgsResult result;
  result.value = objective(x, gradient);
  detail::LbfgsMemory memory(options.memory);
  for (;; ++result.iterations) {
    result.gradient_norm = std::sqrt(detail::dot(gradient, gradient));
    result.converged = result.gradient_norm <= options.tolerance * (std::max)(1.0, std::sqrt(detail::dot(x, x)));
    if (result.converged || result.iterations == options.iterations) return result;

    auto direction = memory.direction(gradient);
    double slope = detail::dot(gradient, direction), step = 1, low = 0, high = std::numeric_limits<double>::infinity(), value = 0;
    bool accepted = false;
    for (int trial = 0; trial < 30 && !accepted; ++trial) {
      for (std::size_t i = 0; i < x.size(); ++i) next[i] = x[i] + step * direction[i];
      value = objective(next, next_gradient);
      if (!(value <= result.value + 1e-4 * step * slope)) // also true for NaN
        high = step;
      else if (detail::dot(next_gradient, direction) < 0.9 * slope)
        low = step;
      else
        accepted = true;
      if (!accepted) step = std::isinf(high) ? 2 * low : 0.5 * (low + high);
    }
    if (!accepted) return result;
    std::vector<double> change(x.size()), moved(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] = next[i] - x[i], change[i] = next_gradient[i] - gradient[i];
    memory.add(std::move(moved), std::move(change));
    x.swap(next), gradient.swap(next_gradient);
    result.value = value;
  }
}

} // namespace pleat::inline v0_1
