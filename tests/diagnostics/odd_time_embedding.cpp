// expect: pleat: a time embedding has one cosine for each sine; choose an even width for it.
// errors: 1
#include <pleat/ops/time_embedding.hpp>

#ifdef PLEAT_GOOD
inline constexpr pleat::Index width = 6;
#else
inline constexpr pleat::Index width = 7;
#endif
void embed(pleat::Plan<>& run, std::span<const double> t) { pleat::time_embedding<width>(run, t); }
