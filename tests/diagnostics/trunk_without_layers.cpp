// expect: pleat: a trunk needs at least one layer and one channel; write Shape{.layers = 6, .width = 320, .heads = 20}, say.
#include <pleat/encoders/transformer.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index layers = 2;
#else
inline constexpr Index layers = 0;
#endif
auto count = parameter_count<Transformer<Shape{.layers = layers, .width = 18, .heads = 3}>>;
