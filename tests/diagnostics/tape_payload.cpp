// expect: pleat: what a tape entry stores must be trivially copyable; keep handles with run.keep and spans by pointer.
#include <pleat/backend/cpu.hpp>
#include <vector>

using Run = pleat::Training<pleat::Cpu>;
struct Backward {
#ifdef PLEAT_GOOD
  const float* scale;
#else
  std::vector<float> scale;
#endif
  void operator()(Run&) const {}
};
void remember(Run& run, const Backward& backward) { run.record(backward); }
