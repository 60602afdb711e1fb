#pragma once
// Runs CUDA kernels on the host, unmodified: each thread of a block is a fiber, so that barriers and shuffles are switches.
// Shared memory is poisoned before a block, threads run in a shuffled order between barriers, and threads that wait at different
// barriers are an error. "Device memory" can only be touched while a kernel or a copy runs: a host that reads through a device
// pointer dies. Asynchronous copies arrive when they are waited for, not before; rows of matrices that meet in the banks of
// shared memory are counted.
//
// It does not show: races within a phase that no order of threads shows, the memory model, alignment of ordinary accesses,
// timing.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <sys/mman.h>
#include <tuple>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

namespace emulator {

struct Fiber {
  void* stack_pointer = nullptr;
  unsigned char* stack = nullptr;
  enum State { Running, AtBarrier, AtWarp, Done } state = Done;
  // Copies of 16 bytes that the thread began, and the group that is open.
  struct Copy {
    unsigned char* to;
    const unsigned char* from;
    int group;
  };
  std::vector<Copy> copies;
  int group = 0;
};
inline constexpr std::size_t stack_bytes = 64 * 1024;
inline constexpr int most_threads = 1024;
inline constexpr std::size_t most_shared = 227 * 1024;

struct Machine {
  Fiber fibers[most_threads];
  int threads = 0, current = 0, waiting = 0;
  std::int64_t block = 0, blocks = 0;
  alignas(256) unsigned char shared[most_shared];
  std::size_t shared_bytes = 0;
  alignas(16) unsigned char lanes[2][most_threads][32];
  int parity[most_threads] = {};
  void* scheduler = nullptr;
  const std::function<void()>* body = nullptr;
  std::uint64_t order = 12345;
  std::uint64_t launches = 0;
  std::uint64_t conflicts = 0; // of rows of a matrix within the banks of shared memory
  const char* what = "";
};
inline Machine& machine() {
  static Machine* const one = new Machine;
  return *one;
}

[[noreturn]] inline void refuse(const char* why) {
  std::fprintf(stderr, "emulator: %s (block %lld, thread %d)\n", why, static_cast<long long>(machine().block), machine().current);
  std::abort();
}

// Saves the callee's registers on the old stack and goes on with the new one.
extern "C" void pleat_emulator_switch(void** from, void* to);
__asm__(R"(
.text
.weak pleat_emulator_switch
.type pleat_emulator_switch, @function
pleat_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");

inline void yield(Fiber::State state) {
  Machine& m = machine();
  Fiber& fiber = m.fibers[m.current];
  fiber.state = state;
  pleat_emulator_switch(&fiber.stack_pointer, m.scheduler);
}
inline void fiber_main() {
  (*machine().body)();
  if (!machine().fibers[machine().current].copies.empty()) refuse("a thread ends before its copies");
  yield(Fiber::Done);
  refuse("a finished thread was resumed");
}

inline int thread() { return machine().current; }
inline int threads() { return machine().threads; }
inline std::int64_t block() { return machine().block; }
inline std::int64_t blocks() { return machine().blocks; }
inline int lane() { return thread() % 32; }
inline void* shared_memory(std::size_t bytes) {
  if (bytes > machine().shared_bytes) refuse("a kernel uses more shared memory than it was launched with");
  return machine().shared;
}
inline void barrier() { yield(Fiber::AtBarrier); }
inline void warp_barrier() { yield(Fiber::AtWarp); }
// What all lanes of a warp bring along, until the lane that asks does so again.
template <class T> struct Brought {
  const unsigned char (*lanes)[32];
  T operator[](int lane) const {
    T value;
    std::memcpy(&value, lanes[lane], sizeof(T));
    return value;
  }
};
template <class T> Brought<T> bring(const T& value) {
  static_assert(sizeof(T) <= 32);
  Machine& m = machine();
  const int me = m.current, side = m.parity[me] ^= 1;
  std::memcpy(m.lanes[side][me], &value, sizeof(T));
  warp_barrier();
  return {m.lanes[side] + me / 32 * 32};
}
template <class T> T shuffle(T value, int from) { return bring(value)[from % 32]; }

// --- copies that go on by themselves arrive as late as they may; what was there is lost at once
inline void async_copy(void* to, const void* from) {
  if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0 || reinterpret_cast<std::uintptr_t>(from) % 16 != 0)
    refuse("a copy of 16 bytes is not aligned");
  Machine& m = machine();
  Fiber& fiber = m.fibers[m.current];
  auto* const place = static_cast<unsigned char*>(to);
  if (place < m.shared || place + 16 > m.shared + m.shared_bytes) refuse("an asynchronous copy goes to shared memory");
  std::memset(place, 0xFF, 16);
  fiber.copies.push_back({place, static_cast<const unsigned char*>(from), fiber.group});
}
inline void async_commit() { ++machine().fibers[machine().current].group; }
inline void async_wait(int pending) {
  Fiber& fiber = machine().fibers[machine().current];
  std::vector<Fiber::Copy> left;
  for (const Fiber::Copy& copy : fiber.copies)
    if (copy.group < fiber.group - pending)
      std::memcpy(copy.to, copy.from, 16);
    else
      left.push_back(copy);
  fiber.copies = std::move(left);
}

// --- matrix units
// c (16, 8) += a (16, 16) b (16, 8): products in the order of k, summed in double and rounded once. An element (row, column) of a
// matrix of 8 x 8 lies in lane 4 row + column / 2.
inline void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  struct Operands {
    std::uint32_t a[4], b[2];
  };
  const auto warp = bring(Operands{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}});
  const auto number = [](std::uint32_t two, int which) {
    const std::uint32_t bits = which == 0 ? two << 16 : two & 0xFFFF0000u;
    float value;
    std::memcpy(&value, &bits, 4);
    return static_cast<double>(value);
  };
  const int row = lane() / 4, column = lane() % 4 * 2;
  double sums[4] = {c[0], c[1], c[2], c[3]};
  for (int k = 0; k < 16; ++k) {
    const Operands rows = warp[row * 4 + k % 8 / 2], left = warp[column * 4 + k % 8 / 2],
                   right = warp[column * 4 + 4 + k % 8 / 2];
    for (int i = 0; i < 4; ++i)
      sums[i] += number(rows.a[i / 2 + k / 8 * 2], k % 2) * number((i % 2 == 0 ? left : right).b[k / 8], k % 2);
  }
  for (int i = 0; i < 4; ++i) c[i] = static_cast<float>(sums[i]);
}
// `row` is that of this lane. It also counts rows of a matrix that meet in the banks, eight of which are read at once.
template <std::size_t Count> void load_matrices(std::uint32_t (&to)[Count], const void* row, bool transposed) {
  struct Row {
    std::uint16_t at[8];
    std::uintptr_t address;
  } mine{};
  if (static_cast<std::size_t>(lane()) < 8 * Count) {
    mine.address = reinterpret_cast<std::uintptr_t>(row);
    if (mine.address % 16 != 0) refuse("a row of a matrix is not at a multiple of 16 bytes");
    const auto* const bytes = static_cast<const unsigned char*>(row);
    if (bytes < machine().shared || bytes + 16 > machine().shared + machine().shared_bytes)
      refuse("matrices are loaded from shared memory");
    std::memcpy(mine.at, row, 16);
  }
  const auto warp = bring(mine);
  const int l = lane();
  for (int m = 0; m < static_cast<int>(Count); ++m) {
    const int line = l / 4, place = l % 4 * 2;
    const std::uint32_t first = transposed ? warp[8 * m + place].at[line] : warp[8 * m + line].at[place],
                        second = transposed ? warp[8 * m + place + 1].at[line] : warp[8 * m + line].at[place + 1];
    to[m] = first | second << 16;
    for (int r = 1; l == 0 && r < 8; ++r)
      for (int before = 0; before < r; ++before)
        machine().conflicts += warp[8 * m + r].address / 16 % 8 == warp[8 * m + before].address / 16 % 8 &&
                               warp[8 * m + r].address != warp[8 * m + before].address;
  }
}

// Bytes of shared memory that a block of the GPU that is set (see `Settings`) can have.
std::size_t block_shared();

// All blocks of a kernel, one after the other.
inline void run(std::int64_t blocks, int threads, std::size_t shared_bytes, const std::function<void()>& body) {
  Machine& m = machine();
  if (threads % 32 != 0 || threads <= 0 || threads > most_threads)
    refuse("a block has a whole number of warps, up to 1024 threads");
  if (shared_bytes > block_shared()) refuse("more shared memory than a block can have");
  m.threads = threads, m.blocks = blocks, m.body = &body, m.shared_bytes = shared_bytes, ++m.launches;
  std::vector<int> order(static_cast<std::size_t>(threads));
  for (m.block = 0; m.block < blocks; ++m.block) {
    std::memset(m.shared, 0xFF, shared_bytes);
    for (int t = 0; t < threads; ++t) {
      Fiber& fiber = m.fibers[t];
      if (fiber.stack == nullptr) fiber.stack = static_cast<unsigned char*>(std::aligned_alloc(64, stack_bytes));
      void** top = reinterpret_cast<void**>(fiber.stack + stack_bytes - 64);
      *--top = nullptr; // so that the stack is aligned as after a call
      *--top = reinterpret_cast<void*>(&fiber_main);
      for (int r = 0; r < 6; ++r) *--top = nullptr;
      fiber.stack_pointer = top, fiber.state = Fiber::Running;
      order[static_cast<std::size_t>(t)] = t;
    }
    int done = 0;
    while (done < threads) {
      for (std::size_t i = order.size(); i > 1; --i) { // threads run in another order in each phase
        m.order = m.order * 6364136223846793005u + 1442695040888963407u;
        std::swap(order[i - 1], order[(m.order >> 33) % i]);
      }
      int ran = 0;
      for (const int t : order) {
        if (m.fibers[t].state != Fiber::Running) continue;
        m.current = t, ++ran;
        pleat_emulator_switch(&m.scheduler, m.fibers[t].stack_pointer);
      }
      // Warps whose threads all wait for their warp go on; a block whose threads all wait for it goes on.
      int at_block = 0, moved = 0;
      done = 0;
      for (int w = 0; w < threads; w += 32) {
        int waiting = 0;
        for (int t = w; t < w + 32; ++t) {
          waiting += m.fibers[t].state == Fiber::AtWarp;
          at_block += m.fibers[t].state == Fiber::AtBarrier, done += m.fibers[t].state == Fiber::Done;
        }
        if (waiting == 32) {
          for (int t = w; t < w + 32; ++t) m.fibers[t].state = Fiber::Running;
          moved += 32;
        }
      }
      if (moved == 0 && at_block == threads) {
        for (int t = 0; t < threads; ++t) m.fibers[t].state = Fiber::Running;
        moved = threads;
      }
      if (moved == 0 && done < threads) refuse("threads wait at different barriers, or some of them have ended");
    }
  }
}

// --- memory of the device
struct Block {
  std::size_t bytes = 0;
};
inline std::map<void*, Block>& device_blocks() {
  static auto* const blocks = new std::map<void*, Block>;
  return *blocks;
}
inline int& doors() {
  static int open = 0;
  return open;
}
inline void protect(int rights) {
  for (auto& [address, block] : device_blocks())
    if (mprotect(address, block.bytes, rights) != 0) refuse("mprotect failed");
}
// While one of these lives, device memory can be read and written.
struct Door {
  Door() {
    if (doors()++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  ~Door() {
    if (--doors() == 0) protect(PROT_NONE);
  }
};
inline constexpr std::size_t poisoned = 4 << 20; // of a block; to touch all of a large one would take the tests' time
inline void* allocate(std::size_t bytes) {
  const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
  void* const block = mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return nullptr;
  std::memset(block, 0xFF, rounded < poisoned ? rounded : poisoned); // numbers that nobody wrote are NaN
  device_blocks()[block] = {rounded};
  if (doors() == 0) mprotect(block, rounded, PROT_NONE);
  return block;
}
inline void release(void* block) {
  auto at = device_blocks().find(block);
  if (at == device_blocks().end()) refuse("a block is released that was not allocated");
  munmap(block, at->second.bytes);
  device_blocks().erase(at);
}

} // namespace emulator

// --- the part of the runtime that pleat calls, on the host: everything is done at once, but for what a graph captures
enum cudaError_t {
  cudaSuccess,
  cudaErrorMemoryAllocation,
  cudaErrorNoDevice,
  cudaErrorInvalidDevice,
  cudaErrorInsufficientDriver,
  cudaErrorNoKernelImageForDevice,
  cudaErrorUnknown
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaDeviceAttr {
  cudaDevAttrComputeCapabilityMajor,
  cudaDevAttrComputeCapabilityMinor,
  cudaDevAttrMemoryPoolsSupported,
  cudaDevAttrMaxSharedMemoryPerBlockOptin
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize };
enum { cudaStreamNonBlocking, cudaEventDisableTiming, cudaStreamCaptureModeThreadLocal };
namespace emulator {
struct EmulatedGraph {
  std::vector<std::function<void()>> work;
};
struct EmulatedStream {
  EmulatedGraph* capturing = nullptr;
  std::uint64_t waits = 0;
};
// What the tests set: the error of the next call of a kind, GPUs that there are, what they are.
struct Settings {
  cudaError_t next_allocation = cudaSuccess;
  int gpus = 1, capability = 90;
  bool pools = true; // of memory in the order of a stream
  std::uint64_t allocations = 0;
};
inline Settings& settings() {
  static Settings one;
  return one;
}
inline std::size_t block_shared() {
  const int capability = settings().capability;
  return capability == 80 || capability == 87                                              ? 163 * 1024
         : (capability > 80 && capability < 90) || (capability >= 120 && capability < 130) ? 99 * 1024
                                                                                           : most_shared;
}
// While this lives, GPUs that are opened are of another compute capability.
class Pretended {
public:
  explicit Pretended(int capability) { settings().capability = capability; }
  ~Pretended() { settings().capability = before_; }
  Pretended(const Pretended&) = delete;
  Pretended& operator=(const Pretended&) = delete;

private:
  int before_ = settings().capability;
};
template <class Work> void enqueue(EmulatedStream* stream, Work work) {
  if (stream->capturing != nullptr) {
    stream->capturing->work.push_back(std::move(work));
    return;
  }
  const Door door;
  work();
}
// In the place of CUB: (keys, numbers) in the order of the keys' low bits, stable.
inline void sort(EmulatedStream* stream, const std::uint32_t* keys, std::uint32_t* sorted_keys, const std::int32_t* numbers,
                 std::int32_t* sorted_numbers, std::int64_t count, int bits) {
  enqueue(stream, [=] {
    std::vector<std::pair<std::uint32_t, std::int32_t>> pairs;
    for (std::int64_t i = 0; i < count; ++i) pairs.emplace_back(keys[i], numbers[i]);
    const std::uint32_t mask = bits < 32 ? (1u << bits) - 1 : ~0u;
    std::stable_sort(pairs.begin(), pairs.end(), [=](auto& a, auto& b) { return (a.first & mask) < (b.first & mask); });
    for (std::int64_t i = 0; i < count; ++i) std::tie(sorted_keys[i], sorted_numbers[i]) = pairs[static_cast<std::size_t>(i)];
  });
}
} // namespace emulator
using cudaStream_t = emulator::EmulatedStream*;
using cudaGraph_t = emulator::EmulatedGraph*;
using cudaGraphExec_t = emulator::EmulatedGraph*;
using cudaEvent_t = int*;
inline const char* cudaGetErrorString(cudaError_t error) {
  const char* const names[] = {"no error",
                               "out of memory",
                               "no CUDA-capable device is detected",
                               "invalid device ordinal",
                               "driver too old",
                               "no kernel image found",
                               "unknown error"};
  return names[error];
}
inline cudaError_t cudaDriverGetVersion(int* version) { return *version = 13000, cudaSuccess; }
inline cudaError_t cudaRuntimeGetVersion(int* version) { return *version = 13000, cudaSuccess; }
inline cudaError_t cudaGetLastError() { return cudaSuccess; }
inline cudaError_t cudaGetDeviceCount(int* count) { return *count = emulator::settings().gpus, cudaSuccess; }
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr what, int) {
  const int capability = emulator::settings().capability;
  if (what == cudaDevAttrMemoryPoolsSupported) return *value = emulator::settings().pools ? 1 : 0, cudaSuccess;
  if (what == cudaDevAttrMaxSharedMemoryPerBlockOptin) return *value = static_cast<int>(emulator::block_shared()), cudaSuccess;
  return *value = what == cudaDevAttrComputeCapabilityMajor ? capability / 10 : capability % 10, cudaSuccess;
}
inline cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int bytes) {
  return static_cast<std::size_t>(bytes) <= emulator::block_shared() ? cudaSuccess : cudaErrorUnknown;
}
struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
};
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  return *properties = {"emulated", std::size_t{1} << 30}, cudaSuccess;
}
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return *free = *total = std::size_t{1} << 30, cudaSuccess;
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, int) {
  return *stream = new emulator::EmulatedStream, cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) { return delete stream, cudaSuccess; }
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->capturing != nullptr) emulator::refuse("the host waits within a capture");
  return ++stream->waits, cudaSuccess;
}
inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, int) { return *event = new int, cudaSuccess; }
inline cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
inline cudaError_t cudaMalloc(void** block, std::size_t bytes) {
  ++emulator::settings().allocations;
  if (emulator::settings().next_allocation != cudaSuccess)
    return std::exchange(emulator::settings().next_allocation, cudaSuccess);
  return (*block = emulator::allocate(bytes)) == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
inline cudaError_t cudaFree(void* block) { return emulator::release(block), cudaSuccess; }
inline cudaError_t cudaMallocAsync(void** block, std::size_t bytes, cudaStream_t stream) {
  if (stream->capturing != nullptr) emulator::refuse("memory is allocated within a capture");
  return cudaMalloc(block, bytes);
}
inline cudaError_t cudaFreeAsync(void* block, cudaStream_t stream) {
  if (stream->capturing != nullptr) emulator::refuse("memory is released within a capture");
  return cudaFree(block);
}
inline cudaError_t cudaMallocHost(void** block, std::size_t bytes) {
  return (*block = std::malloc(bytes)) == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
inline cudaError_t cudaFreeHost(void* block) { return std::free(block), cudaSuccess; }
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  if (stream->capturing != nullptr) emulator::refuse("a copy within a capture");
  if (to == nullptr || from == nullptr) emulator::refuse("a copy to or from nowhere");
  const emulator::Door door;
  return std::memcpy(to, from, bytes), cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (to == nullptr || bytes == 0) emulator::refuse("nothing is cleared");
  return emulator::enqueue(stream, [=] { std::memset(to, value, bytes); }), cudaSuccess;
}
inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, int) {
  return stream->capturing = new emulator::EmulatedGraph, cudaSuccess;
}
inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return *graph = std::exchange(stream->capturing, nullptr), cudaSuccess;
}
inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, int) {
  return *ready = new emulator::EmulatedGraph(*graph), cudaSuccess;
}
inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return delete graph, cudaSuccess; }
inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) { return delete graph, cudaSuccess; }
inline cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t) {
  const emulator::Door door;
  for (const auto& work : graph->work) work();
  return cudaSuccess;
}
