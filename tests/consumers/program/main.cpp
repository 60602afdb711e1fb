// The small program that every way of consuming pleat builds.
#if __has_include(<pleat/pleat.hpp>)
#include <pleat/pleat.hpp>
#else
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#endif
#if __has_include(<pleat/backend/cpu.hpp>)
#include <pleat/backend/cpu.hpp>
#else
#include <pleat/backend/cpu/device.hpp>
#endif

#include <pleat/data/structure_file.hpp>

#include <cstdio>
#include <cstring>

int main() {
  pleat::ThreadPool pool(2);
  pleat::Cpu device{&pool};
  pleat::Index part[8] = {};
  device.parallel_for(8, [&](pleat::Index task) { part[task] = pleat::stride_of(task); });
  pleat::Index sum = 0;
  for (pleat::Index value : part) sum += value;
  bool caught = false;
  try {
    pleat::require(sum != 7 * 16, "the consumer's sum is ", sum);
  } catch (const pleat::Error& error) {
    caught = std::strstr(error.what(), "112") != nullptr;
  }
  const auto read = pleat::read_structure("ATOM      1  CA  GLY A   1       1.000   2.000   3.000\n", "memory");
  caught = caught && read.structure.sequence() == "G";
  std::printf("pleat %s\n", pleat::version);
  return caught ? 0 : 1;
}
