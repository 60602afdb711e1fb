// Fuzz target of the JSON reader and writer: text is refused with pleat::Error, or survives writing and reading unchanged.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/json_fuzz.cpp -o json_fuzz
//       ./json_fuzz -max_total_time=60 found/ tests/fuzz/corpus/json
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pleat/io/json.hpp>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pleat::Json value;
  try {
    value = pleat::Json::parse({reinterpret_cast<const char*>(data), size});
  } catch (const pleat::Error&) {
    return 0;
  }
  for (const int indent : {-1, 0, 2}) {
    const std::string text = value.dump(indent);
    const pleat::Json again = pleat::Json::parse(text); // an Error here is a crash: what we write we must read
    if (!(again == value) || again.dump(indent) != text) std::abort();
  }
  return 0;
}
