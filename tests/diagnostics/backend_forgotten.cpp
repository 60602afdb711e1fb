// expect: pleat: no kernels for this device; include <pleat/backend/cpu.hpp> (or the header of your device) as well.
#ifdef PLEAT_GOOD
#include <pleat/backend/cpu.hpp>
#endif
#include <pleat/backend/cpu/device.hpp>
#include <pleat/ops/linear.hpp>

using Run = pleat::Inference<pleat::Cpu>;
auto product(Run& run, const pleat::Matrix<8, 4>& weight, const pleat::Vector<8>& bias, const pleat::Rows<Run, 4>& x) {
  return linear(run, weight, bias, x);
}
