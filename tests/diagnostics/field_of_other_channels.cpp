// expect: pleat: a layer was called with a field of other channels than it was made for; check the Channels of the model.
// errors: 1
#include <pleat/backend/cpu.hpp>
#include <pleat/nn/gvp.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Channels channels{8, 4};
#else
inline constexpr Channels channels{8, 3};
#endif
using Run = Training<Cpu>;
using Layer = VectorPerceptron<Channels{8, 4}, Channels{8, 4}>;
auto call(Run& run, const Layer& layer, const Field<Run, channels, Residue>& x) { return layer(run, x); }
