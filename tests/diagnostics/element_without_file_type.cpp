// expect: This element type has no counterpart in safetensors files
#include <pleat/io/dtype.hpp>

#ifdef PLEAT_GOOD
auto type = pleat::dtype_of<double>();
#else
auto type = pleat::dtype_of<unsigned>();
#endif
