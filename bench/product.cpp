// Matrix products of the sizes of an encoder of width 480, in GFLOP/s: forward, forward with bias and GELU, both gradients.
// against_eigen: the geometric mean of the forward products beside Eigen's (eigen_product_native.cpp). Run on an idle machine. By
// hand:
//   g++ -O3 -march=native -I/usr/include/eigen3 -c bench/eigen_product_native.cpp
//   g++ -std=c++20 -O2 -Iinclude bench/product.cpp eigen_product_native.o -lbenchmark -pthread -o bench_product
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <pleat/backend/cpu/product.hpp>

#include "eigen_product_native.hpp"

namespace {

using pleat::Index;
using pleat::stride_of;

struct Operands {
  Index rows, n, k;
  std::vector<float> x, w, y, dx, dw, bias, packed, turned;

  Operands(const pleat::Cpu& cpu, Index m, Index out, Index in)
      : rows(m), n(out), k(in), x(std::size_t(m * stride_of(in))), w(std::size_t(out * stride_of(in))),
        y(std::size_t(m * stride_of(out))), dx(x.size()), dw(w.size()), bias(std::size_t(stride_of(out))),
        packed(std::size_t(pleat::cpu::packed_size(out, in))), turned(std::size_t(pleat::cpu::packed_size(in, out))) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = float(i % 17) * 0.1f - 0.8f;
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = float(i % 13) * 0.01f - 0.06f;
    pleat::cpu::pack(cpu, packed.data(), w.data(), n, k);
    pleat::cpu::pack_transposed(cpu, turned.data(), w.data(), n, k);
  }
  double gflop() const { return 2e-9 * double(rows) * double(n) * double(k); }
};

void report(benchmark::State& state, const Operands& o) {
  state.counters["GFLOP/s"] = benchmark::Counter(o.gflop(), benchmark::Counter::kIsIterationInvariantRate);
}

void multiply(const pleat::Cpu& cpu, Operands& o, const pleat::cpu::Epilogue<float>& epilogue) {
  pleat::cpu::multiply(cpu, o.y.data(), stride_of(o.n), o.x.data(), stride_of(o.k), o.packed.data(), o.rows, o.n, o.k, epilogue);
}

void forward(benchmark::State& state, bool gelu) {
  pleat::ThreadPool pool(int(state.range(3)));
  const pleat::Cpu cpu{&pool};
  Operands o(cpu, state.range(0), state.range(1), state.range(2));
  pleat::cpu::Epilogue<float> epilogue;
  if (gelu) epilogue.bias = o.bias.data(), epilogue.activation = pleat::Activation::Gelu;
  for (auto _ : state) multiply(cpu, o, epilogue);
  report(state, o);
}

void input_gradient(benchmark::State& state) {
  pleat::ThreadPool pool(int(state.range(3)));
  const pleat::Cpu cpu{&pool};
  Operands o(cpu, state.range(0), state.range(1), state.range(2));
  for (auto _ : state)
    pleat::cpu::multiply(cpu, o.dx.data(), stride_of(o.k), o.y.data(), stride_of(o.n), o.turned.data(), o.rows, o.k, o.n,
                         pleat::cpu::Epilogue<float>{});
  report(state, o);
}

void weight_gradient(benchmark::State& state) {
  pleat::ThreadPool pool(int(state.range(3)));
  const pleat::Cpu cpu{&pool};
  Operands o(cpu, state.range(0), state.range(1), state.range(2));
  for (auto _ : state)
    pleat::cpu::multiply_rows_transposed(cpu, o.dw.data(), o.y.data(), stride_of(o.n), o.x.data(), stride_of(o.k), o.rows, o.n,
                                         o.k, false);
  report(state, o);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"rows", "n", "k", "threads"})->UseRealTime();
  for (Index threads : {1, 2})
    for (Index rows : {64, 2048})
      bench->Args({rows, 480, 480, threads})->Args({rows, 1920, 480, threads})->Args({rows, 480, 1920, threads});
}

BENCHMARK_CAPTURE(forward, plain, false)->Apply(sizes);
BENCHMARK_CAPTURE(forward, bias_gelu, true)->Apply(sizes);
BENCHMARK(input_gradient)->Apply(sizes);
BENCHMARK(weight_gradient)->Apply(sizes);

/// Geometric means over the three sizes at 2048 rows: ours and Eigen's, in the same minute.
void against_eigen(benchmark::State& state) {
  const int threads = int(state.range(0));
  pleat::ThreadPool pool(threads);
  const pleat::Cpu cpu{&pool};
  const long shapes[3][2] = {{480, 480}, {1920, 480}, {480, 1920}};
  double ours = 0, theirs = 0;
  for (auto _ : state) {
    ours = theirs = 0;
    for (const auto& s : shapes) {
      Operands o(cpu, 2048, s[0], s[1]);
      double best = 1e30;
      for (int i = 0; i < 10; ++i) {
        const auto start = std::chrono::steady_clock::now();
        multiply(cpu, o, {});
        best = (std::min)(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      }
      ours += std::log(o.gflop() / best) / 3;
      const double seconds = eigen_seconds(threads, 2048, s[0], s[1], 10);
      if (seconds > 0) theirs += std::log(o.gflop() / seconds) / 3;
    }
  }
  state.counters["pleat_GFLOP/s"] = std::exp(ours);
  if (theirs > 0) state.counters["eigen_GFLOP/s"] = std::exp(theirs);
}
BENCHMARK(against_eigen)->ArgName("threads")->Arg(1)->Arg(2)->Iterations(1);

} // namespace

BENCHMARK_MAIN();
