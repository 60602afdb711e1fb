// expect: pleat: rows of different kinds (residues, sequences, one number a batch) cannot be combined row by row; pool or spread one of them first.
// errors: 1
#include <pleat/backend/cpu.hpp>
#include <pleat/nn/linear.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Other = Token;
#else
using Other = Sequence;
#endif
using Run = Training<Cpu>;
auto sum(Run& run, const Linear<8, 8>& map, const Rows<Run, 8, Token>& a, const Rows<Run, 8, Other>& b) {
  return map.add_to(run, a, b);
}
