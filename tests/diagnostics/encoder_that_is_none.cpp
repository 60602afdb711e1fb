// expect: pleat: the first argument of Autoencoder must be an encoder of sequences: a constructor from Layout, Input = SequenceBatch and a width (core/concepts.hpp).
#include <pleat/models/autoencoder.hpp>
using namespace pleat;
struct Mine {
#ifdef PLEAT_GOOD
  using Input = SequenceBatch;
#endif
  static constexpr Index width = 16;
  constexpr explicit Mine(Layout) {}
};
auto count = parameter_count<Autoencoder<Mine, Identity, Decoder<Shape{1, 16, 2}>>>;
