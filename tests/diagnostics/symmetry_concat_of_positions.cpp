// expect: pleat: positions depend on where the structure lies; this layer takes invariant rows or vectors. Form differences (edge_vectors), distances or angles of the positions first.
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Equivariant<Residue>;
#else
using Space = Coordinates<Residue>;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const std::array<Rows<Run, 1, Space>, 2>& parts) { return concat(run, parts); }
