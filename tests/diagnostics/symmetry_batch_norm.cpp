// expect: pleat: this layer would break the symmetry of its rows; it takes invariant rows only. Form distances, angles or norms of vectors first, or use the layers for vectors (nn/gvp.hpp).
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Residue;
#else
using Space = Equivariant<Residue>;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const BatchNormTensors<8>& norm, const Rows<Run, 8, Space>& x) { return batch_norm(run, norm, x); }
