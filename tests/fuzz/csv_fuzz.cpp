// Fuzz target of CSV and the task tables: text is refused with pleat::Error, or its fields survive writing and reading unchanged.
// Run:  clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude tests/fuzz/csv_fuzz.cpp -o csv_fuzz
//       ./csv_fuzz -max_total_time=60 found/ tests/fuzz/corpus/csv
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <pleat/data/tasks.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {
std::vector<std::string> fields_of(std::string_view text) {
  pleat::MemorySource source(text);
  pleat::CsvReader table(source);
  std::vector<std::string> fields = table.columns();
  while (table.next())
    for (std::size_t i = 0; i < table.columns().size(); ++i) fields.emplace_back(table.field(static_cast<pleat::Index>(i)));
  return fields;
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    pleat::MemorySource source(text);
    const std::size_t columns = pleat::CsvReader(source).columns().size();
    const std::vector<std::string> fields = fields_of(text);
    std::string written;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const bool alone =
          fields[i].empty() || i == 0; // an empty only field would be a blank line, a byte order mark would be eaten
      if (alone)
        ((written += '"') += fields[i].find('"') == std::string::npos ? fields[i] : "") += '"';
      else
        pleat::csv_quote(written, fields[i]);
      written += (i + 1) % columns == 0 ? '\n' : ',';
    }
    const bool plain = fields[0].find('"') == std::string::npos && !fields[0].starts_with("\xef\xbb\xbf");
    bool returns = false; // a carriage return at the end of a line belongs to the line end
    for (const std::string& field : fields)
      returns = returns || field.find('\r') != std::string::npos || field.find('\0') != std::string::npos;
    if (plain && !returns && fields_of(written) != fields) std::abort();
  } catch (const pleat::Error&) {
  }
  for (const char* name : {"thermostability", "human_ppi", "deeploc_subcellular"}) {
    try {
      pleat::MemorySource source(text);
      const pleat::Task task = pleat::load_task(source, name);
      const pleat::Task some = pleat::subsample(task, 2, size);
      if (some.examples.size() > 6 || some.ids.size() != some.examples.size()) std::abort();
    } catch (const pleat::Error&) {
    }
  }
  return 0;
}
