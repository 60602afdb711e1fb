// expect: pleat: this layer takes vectors, rows of Equivariant<...>; make them of positions with edge_vectors, or use the layer for invariant rows.
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Equivariant<Residue>;
#else
using Space = Coordinates<Residue>;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const Rows<Run, 1, Space>& x) { return vector_layer_norm(run, x); }
