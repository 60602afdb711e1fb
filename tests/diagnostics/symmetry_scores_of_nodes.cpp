// expect: pleat: invariant_to_equivariant takes one score per edge (Edge) or per unordered pair of nodes (Pair).
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Pair;
#else
using Space = Residue;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const GraphTopology& graph, const Rows<Run, 1, Space>& s, const Rows<Run, 1, Coordinates<Residue>>& x) {
  return invariant_to_equivariant(run, graph, s, x);
}
