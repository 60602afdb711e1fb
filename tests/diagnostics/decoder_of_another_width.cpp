// expect: pleat: the decoder's width is not the encoder's; give both Shapes the same .width.
#include <pleat/models/autoencoder.hpp>
using namespace pleat;
#ifdef PLEAT_GOOD
inline constexpr Index width = 16;
#else
inline constexpr Index width = 32;
#endif
using Model = Autoencoder<Transformer<Shape{1, 16, 2}>, Identity, Decoder<Shape{1, width, 2}>>;
auto count = parameter_count<Model>;
