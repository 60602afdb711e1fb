// expect: pleat: a matrix needs at least one row and one column; check the widths of the model.
#include <pleat/core/layout.hpp>

#ifdef PLEAT_GOOD
inline constexpr pleat::Index width = 6;
#else
inline constexpr pleat::Index width = 0;
#endif
auto place(pleat::Layout at) { return at.matrix<width, 4>("weight", pleat::init::lecun); }
