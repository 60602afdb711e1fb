// expect: pleat: a vector needs at least one element; check the widths of the model.
#include <pleat/core/layout.hpp>

#ifdef PLEAT_GOOD
inline constexpr pleat::Index width = 6;
#else
inline constexpr pleat::Index width = 0;
#endif
auto place(pleat::Layout at) { return at.vector<width>("bias", pleat::init::zero); }
