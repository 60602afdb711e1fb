// expect: pleat: the CPU multiplies numbers as they are stored; choose Float32 or Float64 there. Bf16 and Tf32 are precisions of CUDA.
#include <pleat/backend/cpu.hpp>

#ifdef PLEAT_GOOD
using Precision = pleat::Float64;
#else
using Precision = pleat::Bf16;
#endif
using Run = pleat::Inference<pleat::Cpu, Precision>;
auto product(Run& run, const pleat::Matrix<8, 4>& weight, const pleat::Vector<8>& bias, const pleat::Rows<Run, 4>& x) {
  return linear(run, weight, bias, x);
}
