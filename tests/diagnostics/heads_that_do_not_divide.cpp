// expect: pleat: the width of an attention layer must be a multiple of its number of heads.
#include <pleat/encoders/transformer.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index heads = 4;
#else
inline constexpr Index heads = 5;
#endif
auto count = parameter_count<Transformer<Shape{.layers = 2, .width = 48, .heads = heads}>>;
