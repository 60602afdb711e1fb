// expect: pleat: backward needs a Training pass; this is an Inference pass.
#include <pleat/backend/cpu.hpp>

#ifdef PLEAT_GOOD
using Run = pleat::Training<pleat::Cpu>;
#else
using Run = pleat::Inference<pleat::Cpu>;
#endif
void unwind(Run& run, const pleat::Scalar<Run>& loss) { run.backward(loss); }
