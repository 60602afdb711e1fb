// Fuzz target of the safetensors reader: bytes are refused with pleat::Error, or every tensor can be read.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/safetensors_fuzz.cpp -o
// safetensors_fuzz
//       ./safetensors_fuzz -max_total_time=60 found/ tests/fuzz/corpus/safetensors
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pleat/io/safetensors.hpp>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto file = pleat::Safetensors::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
    std::size_t bytes = 0;
    for (const std::string& name : file.names()) {
      bytes += file.bytes(name).size();
      const auto count = static_cast<std::size_t>(file.count(name));
      if (file.read<double>(name).size() != count || file.read<float>(name).size() != count) std::abort();
      if (!pleat::is_floating(file.dtype(name)) && file.read<std::int64_t>(name).size() != count) std::abort();
    }
    if (bytes > size) std::abort(); // tensors cannot share bytes
    file.require_finite();
  } catch (const pleat::Error&) {
  }
  return 0;
}
