// expect: pleat: rows of different kinds (residues, sequences, one number a batch) cannot be combined row by row; pool or spread one of them first.
// errors: 1
#include <pleat/backend/cpu.hpp>
#include <pleat/ops/mix.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
using Other = Token;
#else
using Other = Sequence;
#endif
using Run = Training<Cpu>;
auto sum(Run& run, const Rows<Run, 8, Token>& a, const Rows<Run, 8, Other>& b, const Rows<Run, 1, float>& c) {
  return mix(run, a, c, b, c);
}
