// expect: pleat: rotary attention needs an even number of channels per head; choose heads so that width / heads is even.
#include <pleat/encoders/transformer.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index heads = 3;
#else
inline constexpr Index heads = 6;
#endif
auto count = parameter_count<Transformer<Shape{.layers = 2, .width = 18, .heads = heads}>>;
