#pragma once
/// \file  Products by cuBLASLt: which algorithm is taken, and the memory that the library works in.

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <cublasLt.h>

#include <pleat/backend/cuda/stream.hpp>
#include <pleat/core/bfloat16.hpp>

namespace pleat::inline v0_1::cuda {

template <class T, class Operand> struct Product; // gemm.hpp

/// What a user can do about an error of the library.
inline const char* remedy(cublasStatus_t status) {
  switch (status) {
  case CUBLAS_STATUS_NOT_INITIALIZED:
    return "the library could not start; free memory that others hold, or update the driver";
  case CUBLAS_STATUS_ALLOC_FAILED:
    return "its memory does not suffice; use a smaller token budget, or free memory that others hold";
  case CUBLAS_STATUS_ARCH_MISMATCH:
  case CUBLAS_STATUS_NOT_SUPPORTED:
    return "this cuBLASLt has no such product for this GPU; use the one of the CUDA version this program was built with";
  default:
    return "this is a fault of pleat or of the GPU; please report it with the command that led to it";
  }
}
template <class... What> void check(cublasStatus_t status, int gpu, const What&... what) {
  if (status == CUBLAS_STATUS_SUCCESS) [[likely]]
    return;
  cudaGetLastError(); // a later call must not report this one
  fail("GPU ", gpu, ": ", what..., " by cuBLASLt failed (", cublasLtGetStatusName(status), "): ", remedy(status), ".");
}

/// What products have in common that have one algorithm: everything but the row count and where the numbers are.
struct ProductKind {
  cudaDataType_t operands, result;
  cublasComputeType_t compute;
  bool transpose_a, transpose_b, has_bias;
  bool adds_elsewhere; ///< to another matrix than the result
  bool sums_rows;      ///< the row count is k, else it is n
  bool may_split;      ///< it sums so many rows that partial sums side by side are worth it, and parts of them can be alike
  Index m, other;      ///< `other`: the one of n and k that is no row count
  Index lda, ldb, ldd;
  friend bool operator==(const ProductKind&, const ProductKind&) = default;

  Index n(Index rows) const { return sums_rows ? other : rows; }
  Index k(Index rows) const { return sums_rows ? rows : other; }
};

/// The library on one GPU. An algorithm is chosen once for each kind of product and then multiplies any number of rows, so that
/// a row has the same bits alone and in any company. The choice:
///
/// - It is the fastest for `many_rows` rows by the library's own ranking, and one that the library accepts for small and large
///   row counts too; where there is none, for those that nearly all passes have. It is never exchanged for another at some row
///   count: where no algorithm is good for all of these, the first such product is refused.
/// - Outside sums over rows, each number of the result is one sum over k in one block: no reduction scheme, no split, and no
///   workspace. The library does not say which algorithms are stream-K ones; but those leave partial sums of a block for another
///   to add, and without a workspace there is no place for them.
/// - Sums over rows (gradients of weights) may be split where the partial sums are added in a step of their own, in a fixed
///   order; in-place reduction is excluded. Below `least_split` rows they are not split either, nor where the rows are no
///   multiple of `whole_steps`: some versions of the library are reported to lose the rest. Capacities of many rows are.
///
/// Numbers are summed in the type of the result, and multiplied as the operands say: floats only where they are Tensorfloat32 as
/// tf32.
class Blas {
public:
  static constexpr Index workspace_bytes = product_workspace_bytes;
  static constexpr Index many_rows = 16384, few_rows = 1024, least_split = 4096, whole_steps = 256;

  /// Allocates: made before a graph is captured, since a stream is told what it captures first.
  explicit Blas(Stream& stream) : gpu_(stream.gpu()), workspace_(stream.allocate(workspace_bytes)) {
    cublasLtHandle_t handle = nullptr;
    check(cublasLtCreate(&handle), gpu_, "starting products");
    handle_.reset(handle);
  }

  /// Chooses, and multiplies where the stream launches now.
  template <class T, class Operand> void multiply(Stream& stream, const Product<T, Operand>& p) {
    if (p.k == 0) { // a sum over no rows
      require(p.accumulate && p.c == p.d && p.bias == nullptr,
              "a product of no columns was asked for; this is a fault of pleat, please report it.");
      return;
    }
    const ProductKind kind{type_of<Operand>,
                           type_of<T>,
                           compute_of<Operand>,
                           p.transpose_a,
                           p.transpose_b,
                           p.bias != nullptr,
                           p.accumulate && p.c != p.d,
                           p.sums_rows,
                           p.sums_rows && p.k >= least_split && p.k % whole_steps == 0,
                           p.m,
                           p.sums_rows ? p.n : p.k,
                           p.lda,
                           p.ldb,
                           p.ldd};
    Choice& choice = choice_for(kind);
    if (!stream.launches()) return;
    Layouts layouts(*this, kind, p.sums_rows ? p.k : p.n);
    if (p.bias != nullptr) set(choice.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(p.bias));
    const Relaxed relaxed;
    const T one = 1, beta = p.accumulate ? T(1) : T(0);
    const Index room = allowed_workspace(kind), rows = p.sums_rows ? p.k : p.n;
    const cublasStatus_t status =
        cublasLtMatmul(handle_.get(), &choice.operation, &one, p.a, &layouts.a, p.b, &layouts.b, &beta, p.accumulate ? p.c : p.d,
                       &layouts.d, p.d, &layouts.d, &choice.algorithm, room > 0 ? workspace_.get() : nullptr,
                       static_cast<std::size_t>(room), stream.handle());
    require(status == CUBLAS_STATUS_SUCCESS || (rows >= choice.tried.least && rows <= choice.tried.most), "GPU ", gpu_,
            ": cuBLASLt's algorithm for products of ", p.m, " x ", p.k, " and ", p.k, " x ", p.n, " numbers takes ",
            choice.tried.least, " to ", choice.tried.most, " rows; use a smaller token budget.");
    check(status, gpu_, "the product of ", p.m, " x ", p.k, " and ", p.k, " x ", p.n, " numbers");
  }

private:
  struct Counts {
    Index least, most;
  };
  struct Choice {
    ProductKind kind;
    Counts tried; // of rows, which the library has said that the algorithm is good for
    cublasLtMatmulDescOpaque_t operation;
    cublasLtMatmulAlgo_t algorithm;
  };
  struct Layouts {
    cublasLtMatrixLayoutOpaque_t a, b, d;
    Layouts(const Blas& blas, const ProductKind& kind, Index rows) {
      const Index n = kind.n(rows), k = kind.k(rows);
      blas.describe(a, kind.operands, kind.transpose_a ? k : kind.m, kind.transpose_a ? kind.m : k, kind.lda);
      blas.describe(b, kind.operands, kind.transpose_b ? n : k, kind.transpose_b ? k : n, kind.ldb);
      blas.describe(d, kind.result, kind.m, n, kind.ldd);
    }
  };
  template <class T>
  static constexpr cudaDataType_t type_of = std::is_same_v<T, double>     ? CUDA_R_64F
                                            : std::is_same_v<T, Bfloat16> ? CUDA_R_16BF
                                                                          : CUDA_R_32F;
  template <class Operand>
  static constexpr cublasComputeType_t compute_of = std::is_same_v<Operand, double>          ? CUBLAS_COMPUTE_64F
                                                    : std::is_same_v<Operand, Tensorfloat32> ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                                                             : CUBLAS_COMPUTE_32F;
  static const char* name_of(const ProductKind& kind) {
    if (kind.result == CUDA_R_64F) return "double";
    if (kind.operands == CUDA_R_16BF) return "bfloat16";
    return kind.compute == CUBLAS_COMPUTE_32F_FAST_TF32 ? "tf32" : "float";
  }

  void describe(cublasLtMatrixLayoutOpaque_t& layout, cudaDataType_t type, Index rows, Index columns, Index leading) const {
    check(cublasLtMatrixLayoutInit(&layout, type, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), leading),
          gpu_, "describing a matrix");
  }
  template <class Value> void set(cublasLtMatmulDescOpaque_t& operation, cublasLtMatmulDescAttributes_t what, Value value) const {
    check(cublasLtMatmulDescSetAttribute(&operation, what, &value, sizeof value), gpu_, "describing a product");
  }
  template <class Value>
  void prefer(cublasLtMatmulPreferenceOpaque_t& preference, cublasLtMatmulPreferenceAttributes_t what, Value value) const {
    check(cublasLtMatmulPreferenceSetAttribute(&preference, what, &value, sizeof value), gpu_, "describing an algorithm");
  }
  template <class Value> Value read(const cublasLtMatmulAlgo_t& algorithm, cublasLtMatmulAlgoConfigAttributes_t what) const {
    Value value{};
    std::size_t written = 0;
    check(cublasLtMatmulAlgoConfigGetAttribute(&algorithm, what, &value, sizeof value, &written), gpu_, "reading an algorithm");
    return value;
  }

  Choice& choice_for(const ProductKind& kind) {
    for (const auto& choice : choices_)
      if (choice->kind == kind) return *choice;
    choices_.push_back(std::make_unique<Choice>(choose(kind)));
    return *choices_.back();
  }
  Choice choose(const ProductKind& kind) const {
    Choice choice{kind, {}, {}};
    check(cublasLtMatmulDescInit(&choice.operation, kind.compute, kind.result), gpu_, "describing a product");
    set(choice.operation, CUBLASLT_MATMUL_DESC_TRANSA, kind.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(choice.operation, CUBLASLT_MATMUL_DESC_TRANSB, kind.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(choice.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, kind.has_bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT);
    if (kind.has_bias) // only its alignment is read: the least that a pointer of pleat has
      set(choice.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
          static_cast<const void*>(static_cast<const std::byte*>(workspace_.get()) + least_alignment));

    cublasLtMatmulPreferenceOpaque_t preference;
    check(cublasLtMatmulPreferenceInit(&preference), gpu_, "describing an algorithm");
    prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<std::uint64_t>(allowed_workspace(kind)));
    prefer(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<std::uint32_t>(kind.may_split ? split_schemes : CUBLASLT_REDUCTION_SCHEME_NONE));
    for (const auto operand : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                               CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(preference, operand, static_cast<std::uint32_t>(least_alignment));

    const bool few = kind.sums_rows && !kind.may_split;
    Layouts layouts(*this, kind, few ? few_rows : many_rows);
    constexpr int most = 32;
    cublasLtMatmulHeuristicResult_t found[most];
    int count = 0;
    const cublasStatus_t asked = cublasLtMatmulAlgoGetHeuristic(handle_.get(), &choice.operation, &layouts.a, &layouts.b,
                                                                &layouts.d, &layouts.d, &preference, most, found, &count);
    if (asked != CUBLAS_STATUS_NOT_SUPPORTED) check(asked, gpu_, "looking for an algorithm");
    std::string refused; // what keeps each of them from being taken: for whoever reads about a GPU that nobody has tried
    for (const Counts& counts : {Counts{1, 1 << 20}, Counts{16, 1 << 17}}) { // better all; better those than none
      refused.clear();
      for (int i = 0; i < count; ++i) {
        if (found[i].state != CUBLAS_STATUS_SUCCESS) continue;
        const std::string why = refusal(kind, choice.operation, found[i], counts);
        if (why.empty()) {
          choice.algorithm = found[i].algo, choice.tried = counts;
          return choice;
        }
        if (refused.find(why) == std::string::npos) refused += (refused.empty() ? "" : ", ") + why;
      }
    }
    fail("GPU ", gpu_, ": cuBLASLt has no algorithm that multiplies ", kind.m, " x ", kind.sums_rows ? "rows" : "k", " and ",
         kind.sums_rows ? "rows" : "k", " x ", kind.sums_rows ? "n" : "rows", " (", kind.sums_rows ? "n" : "k", " = ", kind.other,
         ", ", name_of(kind), ") in the same way for any number of rows (of the ", count, " that it offers none: ", refused,
         "); use another version of CUDA, or the CPU.");
  }

  // Whether C may be another matrix than D, which is not asked of each call.
  static bool can_add_elsewhere(const cublasLtMatmulAlgo_t& algorithm) {
    std::int32_t can = 0;
    std::size_t written = 0;
    return cublasLtMatmulAlgoCapGetAttribute(&algorithm, CUBLASLT_ALGO_CAP_OUT_OF_PLACE_RESULT_SUPPORT, &can, sizeof can,
                                             &written) != CUBLAS_STATUS_SUCCESS ||
           can != 0;
  }
  // Empty where the order of its sums is fixed and it is good for these numbers of rows, else what is amiss.
  std::string refusal(const ProductKind& kind, cublasLtMatmulDescOpaque_t operation, const cublasLtMatmulHeuristicResult_t& found,
                      const Counts& counts) const {
    const auto parts = read<std::int32_t>(found.algo, CUBLASLT_ALGO_CONFIG_SPLITK_NUM); // 0 and 1: one
    const auto scheme = read<std::uint32_t>(found.algo, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME);
    const bool whole = (parts == 0 || parts == 1) && scheme == CUBLASLT_REDUCTION_SCHEME_NONE && found.workspaceSize == 0;
    const bool split =
        parts > 1 && (scheme == CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE || scheme == CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE);
    if (!whole && !(kind.may_split && split)) return "sums in parts";
    if (kind.adds_elsewhere && !can_add_elsewhere(found.algo)) return "adds in place";
    for (const Index rows : {1, 2, 3, 7, 16, 19, 33, 100, 1000, 4095, 4096, 4864, 16384, 100'001, 110'592, 1 << 17, 1 << 20}) {
      if (rows < counts.least || rows > counts.most) continue;
      if (kind.may_split && (rows < least_split || rows % whole_steps != 0)) continue;
      Layouts layouts(*this, kind, rows);
      cublasLtMatmulHeuristicResult_t result;
      if (cublasLtMatmulAlgoCheck(handle_.get(), &operation, &layouts.a, &layouts.b, &layouts.d, &layouts.d, &found.algo,
                                  &result) != CUBLAS_STATUS_SUCCESS ||
          result.workspaceSize > static_cast<std::size_t>(whole ? 0 : workspace_bytes))
        return "not for " + std::to_string(rows) + " rows";
    }
    return {};
  }

  // Of bytes: rows and tensors start at multiples of more, kernels read 16 at a time.
  static constexpr Index least_alignment = 16;
  static constexpr int split_schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
  static Index allowed_workspace(const ProductKind& kind) { return kind.may_split ? workspace_bytes : 0; }

  // The library may load a kernel when it first runs it, which is no fault within a capture.
  struct Relaxed {
    cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
    Relaxed() { cudaThreadExchangeStreamCaptureMode(&mode); }
    Relaxed(const Relaxed&) = delete;
    Relaxed& operator=(const Relaxed&) = delete;
    ~Relaxed() { cudaThreadExchangeStreamCaptureMode(&mode); }
  };
  struct Free {
    void operator()(void* block) const { cudaFree(block); }
  };
  struct Destroy {
    void operator()(cublasLtHandle_t handle) const { cublasLtDestroy(handle); }
  };
  int gpu_;
  std::unique_ptr<void, Free> workspace_;
  std::unique_ptr<std::remove_pointer_t<cublasLtHandle_t>, Destroy> handle_;
  std::vector<std::unique_ptr<Choice>> choices_;
};

/// Runs a product, now or when its graph runs; while a graph is told, only chooses its algorithm.
template <class T, class Operand> void blas_multiply(Stream& stream, const Product<T, Operand>& p) {
  stream.library<Blas>().multiply(stream, p);
}

} // namespace pleat::inline v0_1::cuda
