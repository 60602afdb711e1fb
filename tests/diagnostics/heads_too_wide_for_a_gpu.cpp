// expect: pleat: GPUs with 100 KiB of shared memory hold heads of at most 512 channels (256 in double); choose more heads.
// errors: 1
#include <pleat/backend/cuda/tuning.hpp>
using namespace pleat::cuda;
template <int Dim> struct Kernels {
  static constexpr TileSizes of(const AttentionSizes& sizes) { return sizes_of(sizes.floats, Dim); }
  template <int Mine, int Theirs, int Blocks> static constexpr bool held_by(const Tuning& gpu) {
    return holds(gpu, Blocks, 2 * Mine, 1024);
  }
};
#ifdef PLEAT_GOOD
inline constexpr int dim = 512;
#else
inline constexpr int dim = 514;
#endif
void use() {
  with_sizes<Kernels<dim>>(90, []<int Mine, int Theirs, int Blocks>() {});
}
