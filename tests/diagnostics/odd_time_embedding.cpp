// expect: pleat: a time embedding has one cosine for each sine; choose an even width for it.
#include <pleat/backend/cpu.hpp>
#include <pleat/ops/time_embedding.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index width = 8;
#else
inline constexpr Index width = 7;
#endif
auto embed(Inference<Cpu>& run, std::span<const double> t) { return time_embedding<width>(run, t); }
