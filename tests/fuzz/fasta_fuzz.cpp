// Fuzz target of FASTA (also compressed) and the alphabet: bytes are refused with pleat::Error, or the records written out again
// are the same records, whatever the pieces in which the source delivers them.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/fasta_fuzz.cpp -o fasta_fuzz -lz
//       ./fasta_fuzz -max_total_time=60 found/ tests/fuzz/corpus/fasta
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <pleat/data/sequences.hpp>
#include <pleat/io/gzip.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {
/// Three bytes at a time, so that records, lines and gzip headers are cut anywhere.
class Dribble final : public pleat::ByteSource {
public:
  explicit Dribble(std::string_view bytes) : ByteSource("fuzz"), from_(bytes) {}
  pleat::Index read(char* to, pleat::Index capacity) override { return from_.read(to, capacity < 3 ? capacity : 3); }

private:
  pleat::MemorySource from_;
};
bool same(const std::vector<pleat::FastaRecord>& a, const std::vector<pleat::FastaRecord>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].header != b[i].header || a[i].sequence != b[i].sequence || a[i].status != b[i].status) return false;
  return true;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<pleat::FastaRecord> records;
  try {
    pleat::GzipSource source(std::make_unique<pleat::MemorySource>(bytes, "fuzz"));
    records = pleat::read_fasta(source);
  } catch (const pleat::Error&) {
    return 0;
  }
  pleat::GzipSource slow(std::make_unique<Dribble>(bytes));
  if (!same(records, pleat::read_fasta(slow))) std::abort();
  std::string text;
  for (const pleat::FastaRecord& record : records) {
    if (record.id.empty()) std::abort();
    ((text += ">" + record.header) += "\n ") += record.sequence + "\n"; // the blank keeps a sequence that starts with '>' or ';'
  }
  pleat::MemorySource again(text);
  if (!same(records, pleat::read_fasta(again))) std::abort();
  const auto set = pleat::SequenceSet::from_records(records);
  if (set.size() != static_cast<pleat::Index>(records.size())) std::abort();
  for (const pleat::TokenId token : set.tokens())
    if (token < 4 || token >= pleat::token_dot) std::abort();
  try {
    pleat::SequenceSet::from_records(records, {.rare_as_x = true, .keep_gaps = true, .strict = true});
  } catch (const pleat::Error&) {
  }
  return 0;
}
