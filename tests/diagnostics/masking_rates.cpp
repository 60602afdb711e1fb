// expect: pleat: rates of Masking must satisfy 0 < chosen <= 1 and masked + random <= 1.
#include <pleat/bottlenecks/masking.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr double random_share = 0.1;
#else
inline constexpr double random_share = 0.3;
#endif
auto name = Masking<MaskingRates{0.15, 0.8, random_share}>::name;
