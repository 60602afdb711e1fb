// expect: pleat: the third argument of Autoencoder must be a decoder: a constructor from Layout, a width and a number of classes (core/concepts.hpp).
#include <pleat/models/autoencoder.hpp>
using namespace pleat;
struct Mine {
#ifdef PLEAT_GOOD
  static constexpr Index classes = 33;
#endif
  static constexpr Index width = 16;
  constexpr explicit Mine(Layout) {}
};
auto count = parameter_count<Autoencoder<Transformer<Shape{1, 16, 2}>, Identity, Mine>>;
