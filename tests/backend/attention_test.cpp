#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <pleat/backend/cpu/attention.hpp>

#include "levels.hpp"

using pleat::Cpu;
using pleat::Index;
using pleat::stride_of;
using pleat::ThreadPool;
using pleat::cpu::AttentionShape;

BOOST_AUTO_TEST_SUITE(attention)

struct Problem {
  Index heads, head_dim;
  std::vector<Index> offsets;

  Index rows() const { return offsets.back(); }
  Index stride() const { return stride_of(heads * head_dim); }
  std::size_t size() const { return std::size_t(rows() * stride()); }
  template <class T> AttentionShape<T> shape() const {
    return {heads, head_dim, stride(), offsets.data(), Index(offsets.size()) - 1};
  }
};

template <class T> std::vector<T> draw(const Problem& p, unsigned seed, double size) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> m(p.size());
  for (Index r = 0; r < p.rows(); ++r)
    for (Index c = 0; c < p.heads * p.head_dim; ++c) m[std::size_t(r * p.stride() + c)] = T(size * normal(random));
  return m;
}

template <class T> struct Result { std::vector<T> out, lse, dq, dk, dv; };

/// Runs forward and backward on poisoned scratch of exactly the promised size.
template <class T>
Result<T> run(const Problem& p, Cpu cpu, const std::vector<T>& q, const std::vector<T>& k, const std::vector<T>& v,
              const std::vector<T>& g, bool accumulate = false) {
  const T poison = std::numeric_limits<T>::quiet_NaN();
  const T initial = accumulate ? T(0.5) : poison;
  Result<T> r{std::vector<T>(p.size(), poison), std::vector<T>(std::size_t(p.rows() * p.heads), poison),
              std::vector<T>(p.size(), initial), std::vector<T>(p.size(), initial), std::vector<T>(p.size(), initial)};
  const auto shape = p.shape<T>();
  const Index longest = pleat::cpu::longest_sequence(shape);
  auto scratch = [&](bool backward) {
    return std::vector<T>(std::size_t(pleat::cpu::attention_scratch(shape, longest, cpu.pool->size(), backward)) / sizeof(T),
                          poison);
  };
  auto first = scratch(false), second = scratch(true);
  pleat::cpu::attention_forward(cpu, shape, q.data(), k.data(), v.data(), r.out.data(), r.lse.data(), first.data());
  pleat::cpu::attention_backward(cpu, shape, q.data(), k.data(), v.data(), r.out.data(), r.lse.data(), g.data(), r.dq.data(),
                                 r.dk.data(), r.dv.data(), second.data(), accumulate, accumulate, accumulate);
  return r;
}

/// The same by plain loops, every matrix spelled out.
Result<double> plain(const Problem& p, const std::vector<double>& q, const std::vector<double>& k, const std::vector<double>& v,
                     const std::vector<double>& g) {
  Result<double> r{std::vector<double>(p.size()), std::vector<double>(std::size_t(p.rows() * p.heads)),
                   std::vector<double>(p.size()), std::vector<double>(p.size()), std::vector<double>(p.size())};
  const Index d = p.head_dim, half = d / 2;
  const double scaling = 1 / std::sqrt(double(d));
  for (std::size_t s = 0; s + 1 < p.offsets.size(); ++s)
    for (Index h = 0; h < p.heads; ++h) {
      const Index n = p.offsets[s + 1] - p.offsets[s];
      auto at = [&](Index row, Index c) { return std::size_t((p.offsets[s] + row) * p.stride() + h * d + c); };
      auto turn = [&](Index row, double a, double b, Index i, double sign) {
        const double angle = double(row) * std::pow(10000.0, -2.0 * double(i) / double(d));
        return std::pair<double, double>(a * std::cos(angle) - sign * b * std::sin(angle),
                                         b * std::cos(angle) + sign * a * std::sin(angle));
      };
      std::vector<double> qr(std::size_t(n * d)), kr(qr.size()), dqr(qr.size()), dkr(qr.size());
      for (Index i = 0; i < n; ++i)
        for (Index c = 0; c < half; ++c) {
          const auto a = turn(i, q[at(i, c)] * scaling, q[at(i, c + half)] * scaling, c, 1),
                     b = turn(i, k[at(i, c)], k[at(i, c + half)], c, 1);
          qr[std::size_t(i * d + c)] = a.first, qr[std::size_t(i * d + c + half)] = a.second;
          kr[std::size_t(i * d + c)] = b.first, kr[std::size_t(i * d + c + half)] = b.second;
        }
      for (Index i = 0; i < n; ++i) {
        std::vector<double> w(static_cast<std::size_t>(n)), dw(w.size());
        double most = -INFINITY, sum = 0, delta = 0;
        for (Index j = 0; j < n; ++j) {
          for (Index c = 0; c < d; ++c) w[std::size_t(j)] += qr[std::size_t(i * d + c)] * kr[std::size_t(j * d + c)];
          most = std::max(most, w[std::size_t(j)]);
        }
        for (double& x : w) sum += x = std::exp(x - most);
        for (double& x : w) x /= sum;
        r.lse[std::size_t((p.offsets[s] + i) * p.heads + h)] = most + std::log(sum);
        for (Index j = 0; j < n; ++j)
          for (Index c = 0; c < d; ++c) {
            r.out[at(i, c)] += w[std::size_t(j)] * v[at(j, c)];
            r.dv[at(j, c)] += w[std::size_t(j)] * g[at(i, c)];
            dw[std::size_t(j)] += v[at(j, c)] * g[at(i, c)];
          }
        for (Index j = 0; j < n; ++j) delta += w[std::size_t(j)] * dw[std::size_t(j)];
        for (Index j = 0; j < n; ++j)
          for (Index c = 0; c < d; ++c) {
            const double ds = w[std::size_t(j)] * (dw[std::size_t(j)] - delta);
            dqr[std::size_t(i * d + c)] += ds * kr[std::size_t(j * d + c)];
            dkr[std::size_t(j * d + c)] += ds * qr[std::size_t(i * d + c)];
          }
      }
      for (Index i = 0; i < n; ++i)
        for (Index c = 0; c < half; ++c) {
          const auto a = turn(i, dqr[std::size_t(i * d + c)] * scaling, dqr[std::size_t(i * d + c + half)] * scaling, c, -1);
          const auto b = turn(i, dkr[std::size_t(i * d + c)], dkr[std::size_t(i * d + c + half)], c, -1);
          r.dq[at(i, c)] = a.first, r.dq[at(i, c + half)] = a.second, r.dk[at(i, c)] = b.first, r.dk[at(i, c + half)] = b.second;
        }
    }
  return r;
}

template <class T> std::vector<double> widen(const std::vector<T>& x) { return {x.begin(), x.end()}; }

template <class T>
void check_close(const char* name, const std::vector<T>& got, const std::vector<double>& expected, double offset, double bound) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double e = std::fabs(double(got[i]) - expected[i] - offset);
    if (!(e <= worst)) worst = std::isnan(e) ? INFINITY : e; // a NaN counts as the worst of all and stays
  }
  BOOST_TEST_INFO(name);
  BOOST_CHECK_LE(worst, bound);
}

const Problem problems[] = {
    {2, 6, {0, 5}},    {3, 2, {0, 1, 1, 4}},      {4, 16, {0, 33, 33, 97, 98}}, {20, 24, {0, 70, 75}}, {3, 32, {0, 12, 61, 200}},
    {1, 20, {0, 129}}, {2, 128, {0, 40, 41, 48}}, {2, 34, {0, 64, 113, 115}},   {1, 16, {0}},          {2, 130, {0, 40, 41}}};

template <class T> void check_problem(const Problem& p, double bound) {
  ThreadPool pool(2);
  const auto q = draw<T>(p, 1, 2), k = draw<T>(p, 2, 2), v = draw<T>(p, 3, 1), g = draw<T>(p, 4, 1);
  const auto expected = plain(p, widen(q), widen(k), widen(v), widen(g));
  for (bool accumulate : {false, true}) {
    BOOST_TEST_CONTEXT("head_dim " << p.head_dim << " heads " << p.heads << " rows " << p.rows() << " accumulate "
                                   << accumulate) {
      const auto got = run<T>(p, Cpu{&pool}, q, k, v, g, accumulate);
      const double offset = accumulate ? 0.5 : 0;
      check_close("out", got.out, expected.out, 0, bound);
      check_close("lse", got.lse, expected.lse, 0, 4 * bound);
      check_close("dq", got.dq, expected.dq, offset, 4 * bound);
      check_close("dk", got.dk, expected.dk, offset, 4 * bound);
      check_close("dv", got.dv, expected.dv, offset, 4 * bound);
    }
  }
}

BOOST_AUTO_TEST_CASE(agrees_with_plain_loops) {
  at_each_level([](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      for (const Problem& p : problems) {
        check_problem<float>(p, 2e-5);
        check_problem<double>(p, 2e-13);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(gradients_agree_with_finite_differences) {
  const Problem p{2, 6, {0, 5, 8}};
  ThreadPool pool(1);
  auto q = draw<double>(p, 1, 1), k = draw<double>(p, 2, 1), v = draw<double>(p, 3, 1), g = draw<double>(p, 4, 1);
  const auto result = run<double>(p, Cpu{&pool}, q, k, v, g);
  auto loss = [&] {
    const auto r = run<double>(p, Cpu{&pool}, q, k, v, g);
    double sum = 0;
    for (std::size_t i = 0; i < r.out.size(); ++i) sum += r.out[i] * g[i];
    return sum;
  };
  auto check = [&](std::vector<double>& x, const std::vector<double>& gradient) {
    for (Index r = 0; r < p.rows(); ++r)
      for (Index c = 0; c < p.heads * p.head_dim; ++c) {
        double& here = x[std::size_t(r * p.stride() + c)];
        const double kept = here, h = 1e-5;
        here = kept + h;
        const double above = loss();
        here = kept - h;
        const double below = loss();
        here = kept;
        BOOST_CHECK_SMALL((above - below) / (2 * h) - gradient[std::size_t(r * p.stride() + c)], 1e-8);
      }
  };
  check(q, result.dq), check(k, result.dk), check(v, result.dv);
}

template <class T>
bool same(const std::vector<T>& a, std::size_t a_first, const std::vector<T>& b, std::size_t b_first, std::size_t n) {
  return n == 0 || std::memcmp(a.data() + a_first, b.data() + b_first, n * sizeof(T)) == 0;
}

BOOST_AUTO_TEST_CASE(same_bits_alone_in_a_batch_and_on_any_number_of_threads) {
  const Problem batch{3, 24, {0, 50, 51, 51, 180, 243}};
  at_each_level([&](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      const auto q = draw<float>(batch, 1, 1), k = draw<float>(batch, 2, 1), v = draw<float>(batch, 3, 1),
                 g = draw<float>(batch, 4, 1);
      ThreadPool one(1);
      const auto all = run<float>(batch, Cpu{&one}, q, k, v, g);
      for (int threads = 2; threads <= 4; ++threads) {
        ThreadPool pool(threads);
        const auto again = run<float>(batch, Cpu{&pool}, q, k, v, g);
        BOOST_CHECK(same(all.out, 0, again.out, 0, all.out.size()) && same(all.lse, 0, again.lse, 0, all.lse.size()));
        BOOST_CHECK(same(all.dq, 0, again.dq, 0, all.dq.size()) && same(all.dk, 0, again.dk, 0, all.dk.size()) &&
                    same(all.dv, 0, again.dv, 0, all.dv.size()));
      }
      for (std::size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
        const Problem alone{batch.heads, batch.head_dim, {0, batch.offsets[s + 1] - batch.offsets[s]}};
        const auto from = std::size_t(batch.offsets[s] * batch.stride()), n = alone.size();
        auto part = [&](const std::vector<float>& x) {
          return std::vector<float>(x.begin() + std::ptrdiff_t(from), x.begin() + std::ptrdiff_t(from + n));
        };
        const auto r = run<float>(alone, Cpu{&one}, part(q), part(k), part(v), part(g));
        BOOST_CHECK(same(r.out, 0, all.out, from, n) && same(r.dq, 0, all.dq, from, n) && same(r.dk, 0, all.dk, from, n) &&
                    same(r.dv, 0, all.dv, from, n));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(large_scores_do_not_overflow) {
  const Problem p{1, 16, {0, 40}};
  ThreadPool pool(1);
  at_each_level([&](const char* name) {
    BOOST_TEST_CONTEXT("level " << name) {
      const auto q = draw<float>(p, 1, 60), k = draw<float>(p, 2, 60), v = draw<float>(p, 3, 1), g = draw<float>(p, 4, 1);
      const auto r = run<float>(p, Cpu{&pool}, q, k, v, g);
      for (const auto* x : {&r.out, &r.dq, &r.dk, &r.dv})
        for (float y : *x) BOOST_REQUIRE(std::isfinite(y));
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
