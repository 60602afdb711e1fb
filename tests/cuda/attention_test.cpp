// Attention on tensor cores, called as a kernel: against that of the CPU in float64, over sequences of every length and heads of
// every width.

#if !defined(PLEAT_CUDA_EMULATOR) && !defined(__CUDACC__)
#define PLEAT_CUDA_EMULATOR "cuda/emulator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <pleat/backend/cpu/attention.hpp>
#include <pleat/backend/cuda/attention.hpp>
#include <pleat/core/philox.hpp>

#include "cuda/on_device.hpp"

using namespace pleat;

namespace {

using Numbers = std::vector<double>;

std::vector<Index> offsets_of(const std::vector<Index>& lengths) {
  std::vector<Index> offsets{0};
  for (const Index length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// Rows (rows, stride) of a sequence do not depend on those before it.
template <Index Width> Numbers rows_of(const std::vector<Index>& lengths, std::uint64_t stream) {
  Numbers rows;
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    Philox draws(31 + static_cast<std::uint64_t>(lengths[s]), stream);
    for (Index r = 0; r < lengths[s]; ++r)
      for (Index c = 0; c < stride_of(Width); ++c) rows.push_back(c < Width ? static_cast<float>(draws.normal()) : 0.0);
  }
  return rows;
}
template <class T> std::vector<T> cast(const Numbers& rows) {
  std::vector<T> of_type;
  for (const double x : rows) of_type.push_back(static_cast<T>(x));
  return of_type;
}
double bf16(double x) { return static_cast<double>(Bfloat16(static_cast<float>(x))); }

struct Inputs {
  Numbers q, k, v, dout;
};
template <Index Width> Inputs inputs_of(const std::vector<Index>& lengths) {
  return {rows_of<Width>(lengths, 1), rows_of<Width>(lengths, 2), rows_of<Width>(lengths, 3), rows_of<Width>(lengths, 4)};
}
struct Results {
  Numbers out, log_sum_exp, dq, dk, dv;
};

template <Index Heads, Index Width> Results on_cpu(const std::vector<Index>& lengths, const Inputs& in) {
  const auto offsets = offsets_of(lengths);
  const Index longest = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end()), head = Width / Heads;
  ThreadPool pool(1);
  const Cpu cpu{&pool};
  HostMemory scratch;
  scratch.grow(attention_op::scratch_bytes<double>(longest, head, 1, true));
  Results r{Numbers(in.q.size()), Numbers(static_cast<std::size_t>(offsets.back() * Heads)), Numbers(in.q.size()),
            Numbers(in.q.size()), Numbers(in.q.size())};
  const Index sequences = static_cast<Index>(lengths.size());
  kernel<attention_op, Cpu>::forward(cpu, attention_op::Forward<double>{in.q.data(), in.k.data(), in.v.data(), r.out.data(),
                                                                        r.log_sum_exp.data(), scratch.data(), offsets.data(),
                                                                        sequences, Heads, head, stride_of(Width), longest});
  kernel<attention_op, Cpu>::backward(
      cpu, attention_op::Backward<double>{in.q.data(), in.k.data(), in.v.data(), r.out.data(), r.log_sum_exp.data(),
                                          in.dout.data(), r.dq.data(), r.dk.data(), r.dv.data(), false, false, false,
                                          scratch.data(), offsets.data(), sequences, Heads, head, stride_of(Width), longest});
  return r;
}

// What rows hold before: numbers that are added to, or nothing (device memory is NaN).
template <Index Heads, Index Width, class Operand = Bfloat16, class T = float>
Results on_cuda(const std::vector<Index>& lengths, const Inputs& in, const Numbers* before = nullptr) {
  const auto offsets = offsets_of(lengths);
  const Index head = Width / Heads, sequences = static_cast<Index>(lengths.size()), longest = 0;
  const Cuda device = open_device(Cuda{});
  kernel<memory_op, Cuda>::begin_pass(device);
  const std::vector<T> nothing(in.q.size(), std::numeric_limits<T>::quiet_NaN());
  const auto poisoned = [](const Numbers& rows) { // tails are not read
    auto of_type = cast<T>(rows);
    for (std::size_t i = 0; i < of_type.size(); ++i)
      if (static_cast<Index>(i) % stride_of(Width) >= Width) of_type[i] = std::numeric_limits<T>::quiet_NaN();
    return of_type;
  };
  const OnDevice<T> q(device, poisoned(in.q)), k(device, poisoned(in.k)), v(device, poisoned(in.v)),
      dout(device, poisoned(in.dout)), out(device, nothing),
      log_sum_exp(device, static_cast<std::size_t>(offsets.back() * Heads));
  const auto start = before != nullptr ? cast<T>(*before) : nothing;
  const OnDevice<T> dq(device, start), dk(device, start), dv(device, start);
  using Kernel = kernel<attention_op, Cuda>::At<Heads, Width>;
  Kernel::forward(device, attention_op::Forward<T, Operand>{q.data(), k.data(), v.data(), out.data(), log_sum_exp.data(), nullptr,
                                                            offsets.data(), sequences, Heads, head, stride_of(Width), longest});
  const bool accumulate = before != nullptr;
  Kernel::backward(device, attention_op::Backward<T, Operand>{q.data(), k.data(), v.data(), out.data(), log_sum_exp.data(),
                                                              dout.data(), dq.data(), dk.data(), dv.data(), accumulate,
                                                              accumulate, accumulate, nullptr, offsets.data(), sequences, Heads,
                                                              head, stride_of(Width), longest});
  const auto wide = [](const OnDevice<T>& rows) {
    const auto read = rows.read();
    return Numbers(read.begin(), read.end());
  };
  return {wide(out), wide(log_sum_exp), wide(dq), wide(dk), wide(dv)};
}

// |got - expected| / |expected|
double relative_error(const Numbers& got, const Numbers& expected) {
  double error = 0, size = 1e-30;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += (got[i] - expected[i]) * (got[i] - expected[i]), size += expected[i] * expected[i];
  }
  return std::sqrt(error / size);
}
template <Index Width> bool tails_are_zero(const Numbers& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<Index>(i) % stride_of(Width) >= Width && rows[i] != 0) return false;
  return true;
}
void check_below(double value, double most, const std::string& what) {
  BOOST_CHECK_MESSAGE(value <= most, what << ": " << value << ", at most " << most); // NaN is not at most anything
  BOOST_TEST_MESSAGE(what << ": " << value);
}

// Out with operands that are rounded as the kernel rounds them, the rest in double.
template <Index Heads, Index Width> Numbers from_rounded_operands(const std::vector<Index>& lengths, const Inputs& in) {
  constexpr Index head = Width / Heads, half = head / 2, stride = stride_of(Width);
  const auto offsets = offsets_of(lengths);
  Numbers out(in.q.size());
  for (std::size_t s = 0; s < lengths.size(); ++s)
    for (Index h = 0; h < Heads; ++h) {
      const auto turned = [&](const Numbers& rows, Index r, double scale) {
        const double* const row = rows.data() + (offsets[s] + r) * stride + h * head;
        Numbers channels(static_cast<std::size_t>(head));
        for (Index c = 0; c < half; ++c) {
          const double angle =
              static_cast<double>(r) * std::pow(10000.0, -2.0 * static_cast<double>(c) / static_cast<double>(head));
          channels[static_cast<std::size_t>(c)] = bf16(scale * (row[c] * std::cos(angle) - row[c + half] * std::sin(angle)));
          channels[static_cast<std::size_t>(c + half)] =
              bf16(scale * (row[c + half] * std::cos(angle) + row[c] * std::sin(angle)));
        }
        return channels;
      };
      std::vector<Numbers> keys;
      for (Index r = 0; r < lengths[s]; ++r) keys.push_back(turned(in.k, r, 1.0));
      for (Index r = 0; r < lengths[s]; ++r) {
        const Numbers query = turned(in.q, r, 1.0 / std::sqrt(static_cast<double>(head)));
        double total = 0;
        Numbers sums(static_cast<std::size_t>(head));
        for (Index j = 0; j < lengths[s]; ++j) {
          double score = 0;
          for (std::size_t c = 0; c < query.size(); ++c) score += query[c] * keys[static_cast<std::size_t>(j)][c];
          const double weight = std::exp(score);
          total += weight;
          for (Index c = 0; c < head; ++c)
            sums[static_cast<std::size_t>(c)] +=
                weight * bf16(in.v[static_cast<std::size_t>((offsets[s] + j) * stride + h * head + c)]);
        }
        for (Index c = 0; c < head; ++c)
          out[static_cast<std::size_t>((offsets[s] + r) * stride + h * head + c)] = sums[static_cast<std::size_t>(c)] / total;
      }
    }
  return out;
}

const std::vector<Index> ragged{0, 1, 15, 16, 17, 64, 0, 65, 130, 33};

template <Index Heads, Index Width> void check() {
  const std::string what = "heads of " + std::to_string(Width / Heads) + ", ";
  const Inputs in = inputs_of<Width>(ragged);
  const Results expected = on_cpu<Heads, Width>(ragged, in), got = on_cuda<Heads, Width>(ragged, in);
  for (const auto rows : {&Results::out, &Results::dq, &Results::dk, &Results::dv}) BOOST_TEST(tails_are_zero<Width>(got.*rows));
  check_below(relative_error(got.out, expected.out), 6e-3, what + "out");
  check_below(relative_error(got.log_sum_exp, expected.log_sum_exp), 6e-4, what + "log_sum_exp");
  check_below(relative_error(got.dq, expected.dq), 9e-3, what + "dq");
  check_below(relative_error(got.dk, expected.dk), 8e-3, what + "dk");
  check_below(relative_error(got.dv, expected.dv), 7e-3, what + "dv");
  check_below(relative_error(got.out, from_rounded_operands<Heads, Width>(ragged, in)), 2e-3, what + "out of rounded operands");
}

// Operands of the type of the rows.
template <Index Heads, Index Width, class T> void check_as_they_are(double most) {
  const std::vector<Index> lengths{5, 0, 40};
  const Inputs in = inputs_of<Width>(lengths);
  const Results expected = on_cpu<Heads, Width>(lengths, in), got = on_cuda<Heads, Width, T, T>(lengths, in);
  for (const auto rows : {&Results::out, &Results::dq, &Results::dk, &Results::dv})
    check_below(relative_error(got.*rows, expected.*rows), most, "heads of " + std::to_string(Width / Heads) + " as they are");
}

bool same_bits(const Numbers& a, const Numbers& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}
void check_same_bits(const Results& a, const Results& b) {
  BOOST_CHECK(same_bits(a.out, b.out));
  BOOST_CHECK(same_bits(a.log_sum_exp, b.log_sum_exp));
  BOOST_CHECK(same_bits(a.dq, b.dq));
  BOOST_CHECK(same_bits(a.dk, b.dk));
  BOOST_CHECK(same_bits(a.dv, b.dv));
}

} // namespace

BOOST_AUTO_TEST_SUITE(attention_on_tensor_cores)

BOOST_AUTO_TEST_CASE(agrees_with_the_cpu_to_what_is_rounded) {
  check<1, 6>();
  check<2, 32>();
  check<3, 60>();
  check<3, 30>();
  check<1, 24>();
  check<2, 64>();
  check<1, 64>();
  check<1, 128>();
}

BOOST_AUTO_TEST_CASE(rows_of_matrices_do_not_meet_in_banks) {
#if defined(PLEAT_CUDA_EMULATOR)
  const std::uint64_t before = emulator::machine().conflicts;
  on_cuda<1, 6>({65}, inputs_of<6>({65}));
  on_cuda<2, 64>({65}, inputs_of<64>({65}));
  on_cuda<1, 48>({65}, inputs_of<48>({65}));
  on_cuda<1, 128>({65}, inputs_of<128>({65}));
  BOOST_TEST(emulator::machine().conflicts == before);
#endif
}

BOOST_AUTO_TEST_CASE(the_same_bits_again_alone_and_in_any_batch) {
  const Inputs in = inputs_of<40>(ragged);
  const Results all = on_cuda<2, 40>(ragged, in);
  check_same_bits(on_cuda<2, 40>(ragged, in), all);
  const auto offsets = offsets_of(ragged);
  for (std::size_t s = 0; s < ragged.size(); ++s) {
    const auto part = [&](const Numbers& rows) {
      const auto stride = static_cast<Index>(rows.size()) / offsets.back();
      return Numbers(rows.begin() + offsets[s] * stride, rows.begin() + offsets[s + 1] * stride);
    };
    const Results alone = on_cuda<2, 40>({ragged[s]}, {part(in.q), part(in.k), part(in.v), part(in.dout)});
    check_same_bits(alone, {part(all.out), part(all.log_sum_exp), part(all.dq), part(all.dk), part(all.dv)});
  }
}

BOOST_AUTO_TEST_CASE(gradients_are_added_where_that_is_asked_for) {
  const std::vector<Index> lengths{17, 3};
  const auto check_added = [&]<Index Heads, Index Width>() {
    const Inputs in = inputs_of<Width>(lengths);
    const Numbers before = rows_of<Width>(lengths, 9);
    const Results fresh = on_cuda<Heads, Width>(lengths, in), added = on_cuda<Heads, Width>(lengths, in, &before);
    for (const auto gradient : {&Results::dq, &Results::dk, &Results::dv})
      for (std::size_t i = 0; i < before.size(); ++i)
        BOOST_TEST((added.*gradient)[i] == static_cast<float>((fresh.*gradient)[i]) + static_cast<float>(before[i]));
  };
  check_added.operator()<2, 12>();
  check_added.operator()<1, 32>();
}

// Scores of hundreds, all of one sign: weights beyond the sequence would not be finite.
BOOST_AUTO_TEST_CASE(large_scores_stay_finite) {
  const std::vector<Index> lengths{70};
  Inputs in = inputs_of<16>(lengths);
  for (std::size_t i = 0; i < in.q.size(); ++i) in.q[i] = 40 + in.q[i], in.k[i] = -20 + in.k[i];
  for (const double sign : {1.0, -1.0}) {
    for (double& x : in.q) x *= sign;
    const Results got = on_cuda<1, 16>(lengths, in);
    for (const auto values : {&Results::out, &Results::log_sum_exp, &Results::dq, &Results::dk, &Results::dv})
      for (const double x : got.*values) BOOST_TEST(std::isfinite(x));
  }
}

BOOST_AUTO_TEST_CASE(floats_of_tf32_are_not_rounded_by_attention) {
  const Inputs in = inputs_of<32>({5, 40});
  check_same_bits(on_cuda<1, 32, Tensorfloat32>({5, 40}, in), on_cuda<1, 32, float>({5, 40}, in));
}
BOOST_AUTO_TEST_CASE(heads_wider_than_128_are_multiplied_in_float) {
  const std::vector<Index> lengths{5, 40};
  const Inputs in = inputs_of<132>(lengths);
  check_same_bits(on_cuda<1, 132>(lengths, in), on_cuda<1, 132, float>(lengths, in));
  check_as_they_are<1, 132, float>(1e-5);
}

#if defined(PLEAT_CUDA_EMULATOR)
// Other sizes of tiles, which the emulator holds against the shared memory of such a GPU, and the same tolerances.
BOOST_AUTO_TEST_CASE(on_gpus_of_less_shared_memory) {
  for (const int capability : {86, 80}) {
    const emulator::Pretended gpu(capability);
    check<2, 32>();
    check<3, 30>();
    check<1, 64>();
    check<1, 128>();
    check_as_they_are<2, 32, float>(1e-5);
    check_as_they_are<1, 132, float>(1e-5);
    check_as_they_are<1, 256, float>(1e-5);
    check_as_they_are<1, 512, float>(1e-5);
    check_as_they_are<1, 64, double>(1e-12);
    check_as_they_are<1, 128, double>(1e-12);
    check_as_they_are<1, 256, double>(1e-12);
  }
}
#endif

BOOST_AUTO_TEST_SUITE_END()
