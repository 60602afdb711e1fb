#pragma once
/// \file  One GPU at work: its stream, the arrays that the host sends it, and the graphs of kernels it has been taught.

#include <bit>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <pleat/backend/cuda/check.hpp>
#include <pleat/backend/cuda/device.hpp>
#include <pleat/core/mirrored.hpp>

namespace pleat::inline v0_1::cuda {

/// The compute capability of a GPU that pleat can use. \throws Error
inline int usable_capability(int gpu) {
  int count = 0, major = 0, minor = 0;
  check(cudaGetDeviceCount(&count), gpu, "looking for GPUs");
  if (gpu < 0 || gpu >= count) check(count == 0 ? cudaErrorNoDevice : cudaErrorInvalidDevice, gpu, "opening it");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, gpu), gpu, "asking what it is");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, gpu), gpu, "asking what it is");
  const int capability = 10 * major + minor;
  require(capability >= least_capability, "GPU ", gpu, " has compute capability ", major, ".", minor,
          " and pleat needs 8.0 (Ampere) or newer; run on the CPU.");
  return capability;
}

/// Everything that is not a kernel: memory, copies, and who launches. Kernels and products reach it by `launch` (launch.hpp) and
/// `gemm` (gemm.hpp) only.
///
/// A sequence of kernels (`replay`) is first told: nothing runs, arrays of the host are laid out in pinned memory, and every
/// launch is folded into a fingerprint with all its arguments, byte by byte. Where a graph with that fingerprint is known, the
/// arrays are copied at once and the graph runs; where it was seen once before it is told again and captured, else it just runs.
/// So whatever differs between steps of one graph has to lie in what the host sends: counts, keys of noise, rates. Within a graph
/// nothing is allocated and the host waits for nothing.
class Stream {
public:
  explicit Stream(int gpu) : gpu_(gpu), capability_(usable_capability(gpu)) {
    check(cudaSetDevice(gpu), gpu, "opening it");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), gpu, "making a stream");
    int pools = 0;
    check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, gpu), gpu, "asking what it is");
    pooled_ = pools != 0;
    workspace_ = static_cast<std::byte*>(allocate(workspace_bytes));
    for (Staging& staging : staging_)
      check(cudaEventCreateWithFlags(&staging.copied, cudaEventDisableTiming), gpu, "making an event");
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    cudaSetDevice(gpu_);
    cudaStreamSynchronize(stream_);
    for (auto& [key, graph] : graphs_) cudaGraphExecDestroy(graph);
    for (Staging& staging : staging_) {
      if (staging.pinned != nullptr) cudaFreeHost(staging.pinned);
      cudaEventDestroy(staging.copied);
    }
    for (void* block : retired_) cudaFree(block);
    if (staged_ != nullptr) cudaFree(staged_);
    cudaFree(workspace_);
    cudaStreamDestroy(stream_);
  }

  int gpu() const { return gpu_; }
  int capability() const { return capability_; }
  cudaStream_t handle() const { return stream_; }

  // --- memory, in the order of the stream: nobody waits for a block to be released. A few virtual GPUs have no such pools.
  void* allocate(Index bytes) {
    require(mode_ != Mode::Captured, "memory is allocated within a graph; this is a fault of pleat, please report it.");
    choose();
    void* block = nullptr;
    const auto size = static_cast<std::size_t>(bytes);
    const cudaError_t error = pooled_ ? cudaMallocAsync(&block, size, stream_) : cudaMalloc(&block, size);
    std::size_t free = 0, total = 0;
    if (error == cudaErrorMemoryAllocation && cudaMemGetInfo(&free, &total) == cudaSuccess) {
      cudaGetLastError();
      fail("GPU ", gpu_, " is out of memory: ", bytes, " bytes were asked for, ", free, " of its ", total,
           " are free. The activations of a batch are one block, of the size that `planned_memory` and --dry-run say; use a "
           "smaller token budget, or free memory that others hold.");
    }
    check(error, gpu_, "allocating ", bytes, " bytes");
    return block;
  }
  /// Never throws: after an error that lasts, what is released is lost anyway, and destructors call this.
  void release(void* block) noexcept {
    cudaSetDevice(gpu_);
    if (pooled_) {
      cudaFreeAsync(block, stream_);
    } else {
      cudaStreamSynchronize(stream_);
      cudaFree(block);
    }
  }
  /// The GPU of the calling thread from now on: programs may have several, and sessions may move between threads.
  void choose() const { check(cudaSetDevice(gpu_), gpu_, "choosing it"); }
  void zero(void* block, Index bytes) {
    choose();
    fold(block, bytes);
    if (mode_ != Mode::Told) check(cudaMemsetAsync(block, 0, static_cast<std::size_t>(bytes), stream_), gpu_, "clearing memory");
  }
  void to_device(void* to, const void* from, Index bytes) {
    if (bytes == 0) return;
    choose();
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyHostToDevice, stream_), gpu_, "copying to it");
    wait();
  }
  void to_host(void* to, const void* from, Index bytes) {
    require(mode_ == Mode::Runs, "a number of a step under way was read; read it after the step.");
    if (bytes == 0) return;
    choose();
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost, stream_), gpu_, "copying from it");
    wait();
  }
  void wait() { check(cudaStreamSynchronize(stream_), gpu_, "running kernels"); }

  /// Scratch of one kernel, or of several in turn; what the last one wrote is lost with the next that asks.
  static constexpr Index workspace_bytes = cuda::workspace_bytes;
  template <class T> T* workspace(Index count) const {
    require(count * static_cast<Index>(sizeof(T)) <= workspace_bytes, "a kernel needs ", count * static_cast<Index>(sizeof(T)),
            " bytes of scratch and there are ", workspace_bytes, "; use a smaller token budget.");
    return reinterpret_cast<T*>(workspace_);
  }

  /// What a library keeps for this GPU, made when it is first asked for: Library(Stream&). One type for a stream.
  template <class Library> Library& library() {
    if (library_ == nullptr) library_ = std::make_shared<Library>(*this);
    return *static_cast<Library*>(library_.get());
  }

  // --- what the host sends
  /// A new pass begins: what was sent before is no longer needed.
  void begin_pass() {
    choose();
    sent_.clear(), counts_.clear();
    if (mode_ == Mode::Captured) { // told once already: the same places again
      used_ = 0;
      return;
    }
    turn_ ^= 1, used_ = 0;
    check(cudaEventSynchronize(staging_[turn_].copied), gpu_, "waiting for a copy");
    if (mode_ == Mode::Runs)
      for (; !retired_.empty(); retired_.pop_back()) release(retired_.back());
  }
  /// A copy on the device of `count` elements of the host, which may change after the call. Valid until the next pass. It has a
  /// place for the capacity of the count, or for `room` elements: several an item, or one more than there are items.
  template <class T> const T* send(const T* from, Index count, Index room = 0) {
    const Index bytes = count * static_cast<Index>(sizeof(T)),
                at = place((room > count ? room : capacity_of(count)) * static_cast<Index>(sizeof(T)));
    if (bytes > 0) std::memcpy(staging_[turn_].pinned + at, from, static_cast<std::size_t>(bytes));
    if (bytes > 0 && mode_ == Mode::Runs) {
      check(cudaMemcpyAsync(staged_ + at, staging_[turn_].pinned + at, static_cast<std::size_t>(bytes), cudaMemcpyHostToDevice,
                            stream_),
            gpu_, "copying to it");
      check(cudaEventRecord(staging_[turn_].copied, stream_), gpu_, "marking a copy");
    }
    return reinterpret_cast<const T*>(staged_ + at);
  }
  /// A count that steps of one bucket do not share. Where it is copied at once, one copy serves all kernels of the pass that stop
  /// at it; in a graph each has its own, since counts that are equal now need not be in the next step.
  const Index* count(Index value) {
    if (mode_ != Mode::Runs) return send(&value, 1);
    for (const Count& count : counts_)
      if (count.value == value) return count.to;
    counts_.push_back({value, send(&value, 1)});
    return counts_.back().to;
  }
  /// The same for an array that stays as it is until the next pass: sent once.
  template <class T> const T* view(const T* from, Index count, Index room = 0) {
    if (from == nullptr || count == 0) return nullptr;
    for (const Sent& sent : sent_)
      if (sent.from == from && sent.bytes == count * static_cast<Index>(sizeof(T))) {
        PLEAT_IN_TESTS(require(std::memcmp(staging_[turn_].pinned + sent.place, from, static_cast<std::size_t>(sent.bytes)) == 0,
                               "an array that a pass has sent was changed before its end");)
        return static_cast<const T*>(sent.to);
      }
    const T* to = send(from, count, room);
    sent_.push_back({from, count * static_cast<Index>(sizeof(T)), to, reinterpret_cast<const std::byte*>(to) - staged_});
    return to;
  }

  // --- who launches
  /// Whether a kernel is to be launched now; otherwise it was only told.
  bool launches() const { return mode_ != Mode::Told; }
  /// Folds an argument of a launch into the fingerprint of what is being told.
  template <class... T> void fold(const T&... values) {
    if (mode_ == Mode::Runs) return;
    (fold_bytes(&values, sizeof values), ...);
  }

  /// Does what `text` tells, by a graph where it is known.
  template <class Text> void replay(Text&& text) {
    choose();
    struct Guard { // also where the text throws
      Stream& stream;
      ~Guard() { stream.mode_ = Mode::Runs; }
    } const guard{*this};
    mode_ = Mode::Told;
    do { // again where the memory of what is sent moved
      fingerprint_ = first_fingerprint, moved_ = false;
      text();
    } while (moved_);
    auto known = graphs_.find(fingerprint_);
    if (known == graphs_.end()) {
      if (seen_.size() >= most_seen) seen_.clear();
      if (seen_.insert(fingerprint_).second) { // for the first time: a shape that does not return is not worth a graph
        mode_ = Mode::Runs;
        text();
        return;
      }
      known = capture(text);
    }
    if (used_ > 0) {
      check(cudaMemcpyAsync(staged_, staging_[turn_].pinned, static_cast<std::size_t>(used_), cudaMemcpyHostToDevice, stream_),
            gpu_, "copying to it");
      check(cudaEventRecord(staging_[turn_].copied, stream_), gpu_, "marking a copy");
    }
    check(cudaGraphLaunch(known->second, stream_), gpu_, "running a graph");
  }
  /// Graphs known now; what tests look at.
  std::size_t graphs() const { return graphs_.size(); }

private:
  enum class Mode : unsigned char { Runs, Told, Captured };
  struct Staging {
    std::byte* pinned = nullptr;
    Index bytes = 0;
    cudaEvent_t copied = nullptr;
  };
  struct Sent {
    const void* from;
    Index bytes;
    const void* to;
    Index place;
  };
  struct Count {
    Index value;
    const Index* to;
  };
  static constexpr std::uint64_t first_fingerprint = 0xCBF29CE484222325u; // FNV-1a
  static constexpr std::size_t most_graphs = 64, most_seen = 4096;

  // The graph of what was just told.
  template <class Text> auto capture(Text& text) {
    const std::uint64_t told = std::exchange(fingerprint_, first_fingerprint);
    mode_ = Mode::Captured;
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), gpu_, "beginning a graph");
    cudaGraph_t graph = nullptr;
    try {
      text();
    } catch (...) {
      cudaStreamEndCapture(stream_, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check(cudaStreamEndCapture(stream_, &graph), gpu_, "ending a graph");
    cudaGraphExec_t ready = nullptr;
    const cudaError_t made = cudaGraphInstantiate(&ready, graph, 0);
    cudaGraphDestroy(graph);
    check(made, gpu_, "making a graph of a step");
    if (told != fingerprint_) { // told differently the second time: it would never be found again
      cudaGraphExecDestroy(ready);
      fail("a step told its kernels differently the second time; this is a fault of pleat, please report it.");
    }
    forget_old_graphs();
    order_.push_back(fingerprint_);
    return graphs_.emplace(fingerprint_, ready).first;
  }

  void fold_bytes(const void* bytes, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (std::size_t i = 0; i < size; ++i) fingerprint_ = (fingerprint_ ^ at[i]) * 0x100000001B3u;
  }
  void forget_old_graphs() {
    if (order_.size() < most_graphs) return;
    wait();
    cudaGraphExecDestroy(graphs_.at(order_.front()));
    graphs_.erase(order_.front());
    order_.erase(order_.begin());
  }
  // The next free place of the staging memory, which grows where it must.
  Index place(Index bytes) {
    const Index at = used_;
    used_ = round_up(used_ + bytes, 16);
    if (used_ > capacity_) {
      require(mode_ != Mode::Captured,
              "a step sent more the second time it was told; this is a fault of pleat, please report it.");
      // Blocks of twice the size; the old one is read by kernels that are under way.
      Index capacity = capacity_ > 0 ? capacity_ : first_staging_bytes;
      while (capacity < used_) capacity *= 2;
      if (staged_ != nullptr) retired_.push_back(staged_);
      auto* const grown = static_cast<std::byte*>(allocate(capacity));
      if (mode_ == Mode::Runs && at > 0)
        check(cudaMemcpyAsync(grown, staged_, static_cast<std::size_t>(at), cudaMemcpyDeviceToDevice, stream_), gpu_, "copying");
      staged_ = grown, capacity_ = capacity, moved_ = true;
    }
    Staging& staging = staging_[turn_];
    if (staging.bytes < capacity_) {
      check(cudaStreamSynchronize(stream_), gpu_, "waiting");
      void* grown = nullptr;
      check(cudaMallocHost(&grown, static_cast<std::size_t>(capacity_)), gpu_, "allocating ", capacity_,
            " bytes of pinned memory");
      if (staging.pinned != nullptr) {
        std::memcpy(grown, staging.pinned, static_cast<std::size_t>(at));
        cudaFreeHost(staging.pinned);
      }
      staging.pinned = static_cast<std::byte*>(grown), staging.bytes = capacity_;
    }
    return at;
  }

  int gpu_, capability_;
  bool pooled_ = false;
  cudaStream_t stream_ = nullptr;
  std::byte* workspace_ = nullptr;
  std::shared_ptr<void> library_; // of a type that this header need not know
  Staging staging_[2];            // pinned memory of this pass and the last
  int turn_ = 0;
  std::byte* staged_ = nullptr; // on the device
  Index capacity_ = 0, used_ = 0;
  std::vector<void*> retired_;
  std::vector<Sent> sent_;
  std::vector<Count> counts_;
  Mode mode_ = Mode::Runs;
  bool moved_ = false;
  std::uint64_t fingerprint_ = first_fingerprint;
  std::unordered_map<std::uint64_t, cudaGraphExec_t> graphs_;
  std::vector<std::uint64_t> order_;       // oldest first
  std::unordered_set<std::uint64_t> seen_; // fingerprints that were told once
};

// As those of CudaMemory below.
[[gnu::weak]] GpuFacts gpu_facts(int gpu) {
  GpuFacts facts;
  if (cudaDriverGetVersion(&facts.driver) != cudaSuccess) facts.driver = 0;
  if (cudaRuntimeGetVersion(&facts.runtime) != cudaSuccess) facts.runtime = 0;
  try {
    facts.capability = usable_capability(gpu);
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, gpu), gpu, "asking what it is");
    facts.name = properties.name, facts.memory = static_cast<Index>(properties.totalGlobalMem);
  } catch (const Error& error) {
    facts.refusal = error.what();
  }
  return facts;
}
[[gnu::weak]] Index free_memory(int gpu) {
  std::size_t free = 0, total = 0;
  check(cudaSetDevice(gpu), gpu, "opening it");
  check(cudaMemGetInfo(&free, &total), gpu, "asking for its memory");
  return static_cast<Index>(free);
}

} // namespace pleat::inline v0_1::cuda

namespace pleat::inline v0_1 {

// Not inline, since programs that are compiled without CUDA call them; weak, since several sources may have them.
using CudaMemory = kernel<memory_op, Cuda>;
[[gnu::weak]] Cuda CudaMemory::open(const Cuda& device) {
  return device.stream ? device : Cuda{device.gpu, std::make_shared<cuda::Stream>(device.gpu)};
}
[[gnu::weak]] std::byte* CudaMemory::allocate(const Cuda& device, Index bytes) {
  return static_cast<std::byte*>(device.stream->allocate(bytes));
}
[[gnu::weak]] void CudaMemory::release(const Cuda& device, std::byte* block) { device.stream->release(block); }
[[gnu::weak]] void CudaMemory::zero(const Cuda& device, std::byte* block, Index bytes) { device.stream->zero(block, bytes); }
[[gnu::weak]] void CudaMemory::to_device(const Cuda& device, void* to, const void* from, Index bytes) {
  device.stream->to_device(to, from, bytes);
}
[[gnu::weak]] void CudaMemory::to_host(const Cuda& device, void* to, const void* from, Index bytes) {
  device.stream->to_host(to, from, bytes);
}
[[gnu::weak]] void CudaMemory::begin_pass(const Cuda& device) { device.stream->begin_pass(); }

template <> struct kernel<replay_op, Cuda> {
  template <class Text> static void run(const Cuda& device, Text& text) { device.stream->replay(text); }
};

} // namespace pleat::inline v0_1
