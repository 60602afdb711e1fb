// expect: pleat: the second argument of NoiseMask is no normalisation loss; it needs a name and must be callable as loss(run, z) -> Scalar<Context>.
#include <pleat/bottlenecks/noise_mask.hpp>

struct Nameless {};
#ifdef PLEAT_GOOD
using Norm = pleat::UnivariateKl;
#else
using Norm = Nameless;
#endif
inline constexpr auto used = sizeof(pleat::NoiseMask<pleat::UniformLaw, Norm>);
