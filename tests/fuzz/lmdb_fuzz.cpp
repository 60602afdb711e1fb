// Fuzz target of LMDB files and MessagePack: bytes are refused with pleat::Error, or every key that is listed is also found.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/lmdb_fuzz.cpp -o lmdb_fuzz
//       ./lmdb_fuzz -max_total_time=60 found/ tests/fuzz/corpus/lmdb
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pleat/io/lmdb.hpp>
#include <pleat/io/msgpack.hpp>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const pleat::LmdbReader reader(bytes, "fuzz");
    pleat::Index keys = 0;
    unsigned sum = 0;
    reader.for_each([&](std::string_view key, std::string_view value) {
      ++keys;
      for (const char c : key) sum += static_cast<unsigned char>(c);
      for (const char c : value.substr(0, 64)) sum += static_cast<unsigned char>(c);
      if (!value.empty()) sum += static_cast<unsigned char>(value.back());
    });
    if (keys != reader.size()) std::abort();
    reader.find("key 007");
    reader.find("long");
  } catch (const pleat::Error&) {
  }
  try {
    const pleat::Json value = pleat::MsgpackReader::parse(bytes);
    if (value.is_array() && value.size() > static_cast<pleat::Index>(size)) std::abort();
  } catch (const pleat::Error&) {
  }
  return 0;
}
