// expect: pleat: rows of different kinds (residues, sequences, one number a batch) cannot be combined row by row; pool or spread one of them first.
// errors: 1
#include <pleat/backend/cpu.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Space = Residue;
#else
using Space = Edge;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const Rows<Run, 8, Equivariant<Residue>>& v, const Rows<Run, 8, Space>& gate) { return vector_gate(run, v, gate); }
