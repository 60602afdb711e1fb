// expect: pleat: this layer would break the symmetry of its rows; it takes invariant rows only. Form distances, angles or norms of vectors first, or use the layers for vectors (nn/gvp.hpp).
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Edge;
#else
using Space = Equivariant<Edge>;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const Rows<Run, 1, Space>& x) { return rbf<16>(run, x, 0.0, 20.0); }
