// expect: pleat: a layer was called with rows of another width than it was made for; check the widths of the model.
// errors: 1
#include <pleat/backend/cpu.hpp>
#include <pleat/nn/linear.hpp>
#include <pleat/nn/norm.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index width = 8;
#else
inline constexpr Index width = 12;
#endif
using Run = Training<Cpu>;
auto call(Run& run, const Linear<8, 8>& map, const Rows<Run, width>& x) { return map(run, x); }
