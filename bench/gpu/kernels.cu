// Rates of single kernels on a GPU against two ceilings that are measured first: a copy within its memory, and large products of
// cuBLASLt. Bytes and FLOPs are what an op cannot do without: each row that it reads or writes once.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <pleat/backend/cuda.hpp>
#include <pleat/core/parameters.hpp>
#include <pleat/data/sequences.hpp>

using namespace pleat;

namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// So many numbers of which the first 2^16 are drawn and the others repeat them: to draw all would take most of the time of a run.
template <class T, class Draw> std::vector<T> repeated(std::size_t count, const Draw& draw) {
  std::vector<T> numbers(count);
  std::size_t done = std::min(count, std::size_t(1) << 16);
  for (std::size_t i = 0; i < done; ++i) numbers[i] = draw();
  for (; done < count; done = std::min(count, 2 * done))
    std::memcpy(numbers.data() + done, numbers.data(), std::min(done, count - done) * sizeof(T));
  return numbers;
}

// Milliseconds of what `work` launches: the median of some repeats of several launches each.
template <class Work> double milliseconds(const Cuda& cuda, const Work& work) {
  const cudaStream_t stream = cuda.stream->handle();
  cudaEvent_t begin = nullptr, end = nullptr;
  cudaEventCreate(&begin), cudaEventCreate(&end);
  constexpr int repeats = 7, launches = 10;
  work(), work();
  std::vector<double> times;
  for (int r = 0; r < repeats; ++r) {
    cudaEventRecord(begin, stream);
    for (int i = 0; i < launches; ++i) work();
    cudaEventRecord(end, stream);
    cuda::check(cudaEventSynchronize(end), cuda.gpu, "waiting");
    float spent = 0;
    cudaEventElapsedTime(&spent, begin, end);
    times.push_back(double(spent) / launches);
  }
  cudaEventDestroy(begin), cudaEventDestroy(end);
  return median(times);
}

double copy_gbs = 0, product_tflops = 0, rounded_tflops = 0;

void row(const std::string& name, double ms, double bytes, double flops, double ceiling_tflops) {
  const double gbs = bytes / ms * 1e-6, tflops = flops / ms * 1e-9;
  std::printf("%-34s %9.4f ms %8.0f GB/s %5.1f %%", name.c_str(), ms, gbs, 100 * gbs / copy_gbs);
  if (flops > 0) std::printf(" %8.2f TFLOP/s %5.1f %%", tflops, 100 * tflops / ceiling_tflops);
  std::printf("\n");
  std::fflush(stdout);
}

template <class T> constexpr cudaDataType_t type_of = sizeof(T) == 2 ? CUDA_R_16BF : CUDA_R_32F;
// The library's own choice, with workspace: what no product of a model is slower than for want of the library.
template <class T> double product_ceiling(const Cuda& cuda, cublasComputeType_t compute) {
  const Index n = 8192;
  void *a = cuda.stream->allocate(n * n * Index(sizeof(T))), *b = cuda.stream->allocate(n * n * Index(sizeof(T))),
       *d = cuda.stream->allocate(n * n * Index(sizeof(T))), *scratch = cuda.stream->allocate(Index(64) << 20);
  // Random bits of numbers around 1: zeros would cost less power.
  Philox draws(1);
  const auto bits = repeated<std::uint32_t>(std::size_t(n * n) * sizeof(T) / 4, [&] {
    return (static_cast<std::uint32_t>(draws.index(1 << 16)) & 0x007fu) * 0x10001u + 0x3f803f80u;
  });
  cuda.stream->to_device(a, bits.data(), n * n * Index(sizeof(T))),
      cuda.stream->to_device(b, bits.data(), n * n * Index(sizeof(T)));
  cublasLtHandle_t handle = nullptr;
  cublasLtCreate(&handle);
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatmulDescCreate(&operation, compute, CUDA_R_32F);
  const auto transpose = CUBLAS_OP_T;
  cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &transpose, sizeof transpose);
  cublasLtMatrixLayout_t layout = nullptr;
  cublasLtMatrixLayoutCreate(&layout, type_of<T>, std::uint64_t(n), std::uint64_t(n), n);
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatmulPreferenceCreate(&preference);
  const std::uint64_t workspace = 64u << 20;
  cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
  cublasLtMatmulHeuristicResult_t found{};
  int count = 0;
  cublasLtMatmulAlgoGetHeuristic(handle, operation, layout, layout, layout, layout, preference, 1, &found, &count);
  const float one = 1, zero = 0;
  const double ms = count == 0 ? INFINITY : milliseconds(cuda, [&] {
    cublasLtMatmul(handle, operation, &one, a, layout, b, layout, &zero, d, layout, d, layout, &found.algo, scratch, workspace,
                   cuda.stream->handle());
  });
  cublasLtMatmulPreferenceDestroy(preference), cublasLtMatrixLayoutDestroy(layout), cublasLtMatmulDescDestroy(operation);
  cublasLtDestroy(handle);
  for (void* block : {a, b, d, scratch}) cuda.stream->release(block);
  return 2e-9 * double(n) * double(n) * double(n) / ms;
}

// The parameters of what is measured.
template <Index Width> struct Tensors {
  Matrix<4 * Width, Width> up;
  Matrix<Width, 4 * Width> down;
  Vector<4 * Width> up_bias;
  Vector<Width> bias, gain;
  Matrix<25, Width> table;
  constexpr explicit Tensors(Layout at)
      : up(at.matrix<4 * Width, Width>("up", init::lecun)), down(at.matrix<Width, 4 * Width>("down", init::lecun)),
        up_bias(at.vector<4 * Width>("up_bias", init::zero)), bias(at.vector<Width>("bias", init::zero)),
        gain(at.vector<Width>("gain", init::one)), table(at.table<25, Width>("table", init::normal(1))) {}
};

// Ops of rows of one width, forward and with their backward. Sequences of 256 residues.
template <class Precision, Index Width, Index Heads> void ops(const Cuda& cuda, Index rows) {
  using Model = Tensors<Width>;
  using Run = Training<Cuda, Precision>;
  using T = typename Run::Stream;
  constexpr Model model = detail::place_model<Model>();
  Parameters<Model, Cuda, Precision> parameters(cuda);
  parameters.initialise(1);
  DeviceBlock<MemoryOf<Cuda>> memory(memory_of(cuda));
  const Index bytes = rows * Width * 60 * Index(sizeof(T));
  memory.grow(bytes);
  Arena arena(memory.data(), memory.size());
  Run run(cuda, arena, parameters.values(true), NoiseKey{1, 2});
  std::vector<Index> offsets;
  for (Index at = 0; at <= rows; at += 256) offsets.push_back(at);
  const Segments segments{offsets};
  std::vector<std::uint8_t> tokens;
  for (Index i = 0; i < rows; ++i) tokens.push_back(std::uint8_t(4 + i * 7 % 20));
  Philox draws(3);
  const auto numbers = repeated<float>(std::size_t(rows * stride_of(4 * Width)), [&] { return float(draws.normal()); });
  const auto filled = [&]<Index W>(std::integral_constant<Index, W>) {
    auto x = run.template rows<W, Token>(rows);
    cuda.stream->to_device(x.data(), numbers.data(), rows * stride_of(W) * Index(sizeof(T)));
    run.want(x);
    return x;
  };
  const std::integral_constant<Index, Width> narrow;
  const std::integral_constant<Index, 4 * Width> wide;
  const double r = double(rows), row_bytes = double(stride_of(Width)) * sizeof(T);
  const double ceiling = std::is_same_v<Precision, Float32> ? product_tflops : rounded_tflops;
  // What a forward pass cannot do without; backward counts `back` times as much.
  const auto measure = [&](const char* name, double bytes_needed, double flops, double back, const auto& op) {
    const std::string title = std::string(name) + " " + std::to_string(Width) + " " + Precision::name;
    {
      typename Run::Untaped untaped(run);
      row(title, milliseconds(cuda, [&] { (void)op(); }), bytes_needed, flops, ceiling);
    }
    row(title + ", with backward",
        milliseconds(cuda,
                     [&] {
                       {
                         const auto y = op();
                         const auto seed =
                             run.template contribute<std::remove_reference_t<decltype(y)>::width>(y.value(), y.count());
                         (void)seed; // numbers that are there: times do not depend on them
                       }
                       run.backward();
                     }),
        (1 + back) * bytes_needed, (1 + back) * flops, ceiling);
  };
  // Where products read rounded copies, theirs are made once, before what is timed, as for all but the first product of a row.
  // What the first one takes is on lines of its own: the copy, and the copy with the product.
  const auto fresh = [&](const char* name, const auto& x, double flops, const auto& product) {
    if constexpr (rounds_operands<Precision>) {
      constexpr Index width = std::remove_cvref_t<decltype(x)>::width;
      const double x_bytes = double(stride_of(width)) * r * sizeof(T),
                   copy_bytes = x_bytes / sizeof(T) * sizeof(typename Precision::Operand);
      typename Run::Untaped untaped(run);
      row("rounding for " + std::string(name) + " " + std::to_string(Width) + " " + Precision::name,
          milliseconds(cuda, [&] { (void)detail::rounded_copy(run, x); }), x_bytes + copy_bytes, 0, ceiling);
      row(std::string(name) + " of fresh rows " + std::to_string(Width) + " " + Precision::name,
          milliseconds(cuda,
                       [&] {
                         (void)detail::rounded_copy(run, x);
                         (void)product();
                       }),
          5 * row_bytes * r + copy_bytes, flops, ceiling);
    }
  };
  {
    const auto x = filled(narrow);
    measure("layer norm", 2 * row_bytes * r, 0, 1.5, [&] { return layer_norm(run, model.gain, model.bias, x); });
    measure("sum of rows", 3 * row_bytes * r, 0, 1, [&] { return add(run, x, x); });
    const double flops = 2 * 4 * r * Width * Width;
    const auto product = [&] { return linear(run, model.up, model.up_bias, x, Activation::Gelu); };
    measure("product up", 5 * row_bytes * r, flops, 2, product);
    fresh("product up", x, flops, product);
  }
  {
    const auto x = filled(wide);
    const double flops = 2 * 4 * r * Width * Width;
    const auto product = [&] { return linear(run, model.down, model.bias, x); };
    measure("product down", 5 * row_bytes * r, flops, 2, product);
    fresh("product down", x, flops, product);
  }
  {
    const auto q = filled(narrow), k = filled(narrow), v = filled(narrow);
    measure("attention over 256", 4 * row_bytes * r, 4 * r * 256 * Width, 2.5,
            [&] { return attention<Heads>(run, q, k, v, segments); });
  }
  measure("rows of a table", row_bytes * r, 0, 1, [&] { return embedding(run, model.table, tokens); });
}

} // namespace

int main(int argc, char**) try {
  if (argc > 1) return std::puts("bench_gpu_kernels: rates of single kernels; no options") < 0;
  const Cuda cuda = open_device(Cuda{});
  {
    const Index bytes = Index(2) << 30;
    std::byte *from = static_cast<std::byte*>(cuda.stream->allocate(bytes)),
              *to = static_cast<std::byte*>(cuda.stream->allocate(bytes));
    const double ms = milliseconds(
        cuda, [&] { cudaMemcpyAsync(to, from, std::size_t(bytes), cudaMemcpyDeviceToDevice, cuda.stream->handle()); });
    copy_gbs = 2 * double(bytes) / ms * 1e-6;
    std::printf("ceiling: copy within the GPU's memory  %.0f GB/s read and written\n", copy_gbs);
    cuda.stream->release(from), cuda.stream->release(to);
  }
  product_tflops = product_ceiling<float>(cuda, CUBLAS_COMPUTE_32F);
  const double tf32 = product_ceiling<float>(cuda, CUBLAS_COMPUTE_32F_FAST_TF32);
  rounded_tflops = product_ceiling<std::uint16_t>(cuda, CUBLAS_COMPUTE_32F);
  std::printf("ceiling: products of 8192 by cuBLASLt  float32 %.1f, tf32 %.1f, bf16 %.1f TFLOP/s\n", product_tflops, tf32,
              rounded_tflops);
  std::printf("# copy %.0f GB/s; products float32 %.1f, tf32 %.1f, bf16 %.1f TFLOP/s\n", copy_gbs, product_tflops, tf32,
              rounded_tflops);
  ops<Float32, 480, 20>(cuda, 65536);
  ops<Bf16, 480, 20>(cuda, 65536);
  ops<Float32, 128, 8>(cuda, 131072);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
