#pragma once
/// \file  Data sets of ATOM3D: LMDB files whose entries are packed tables of atoms, as JSON or MessagePack.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <pleat/core/error.hpp>
#include <pleat/core/index.hpp>
#include <pleat/data/atom_record.hpp>
#include <pleat/data/elements.hpp>
#include <pleat/data/structure_rules.hpp>
#include <pleat/io/byte_source.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/json_reader.hpp>
#include <pleat/io/lmdb.hpp>
#include <pleat/io/msgpack.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// Items by number, read and unpacked one at a time. An item is an object with the members that its task has: `id`, `atoms` (a
/// table as pandas writes it with orient "split": columns, index, data), `label`, `scores`, `atoms_pairs` ...; see
/// `atom3d_structure` for the tables of atoms. Data sets that were packed with pickle are refused: reading pickle means running
/// what the file says.
class Atom3dDataset {
public:
  /// A folder with data.mdb, or that file. \throws Error: no LMDB, no data set of ATOM3D, pickle.
  static Atom3dDataset open(const std::string& path) { return Atom3dDataset(LmdbReader::open(path)); }
  explicit Atom3dDataset(LmdbReader reader) : reader_(std::move(reader)) {
    const std::string format(meta("serialization_format")), count(meta("num_examples"));
    if (format == "pkl") refuse_pickle();
    require(format == "json" || format == "msgpack", name(), ": is packed as \"", detail::printable(format),
            "\"; json and msgpack are read.");
    packed_as_json_ = format == "json";
    const auto result = std::from_chars(count.data(), count.data() + count.size(), size_);
    require(result.ec == std::errc() && result.ptr == count.data() + count.size() && size_ >= 0, name(),
            ": says that it holds \"", detail::printable(count), "\" examples, which is no number.");
  }

  const std::string& name() const { return reader_.name(); }
  Index size() const { return size_; }

  /// Unpacks item `number`. \throws Error that names the item: not there, damaged, not what the data set says it is packed as.
  Json item(Index number) const {
    const std::string where = name() + ", item " + std::to_string(number);
    require(number >= 0 && number < size_, where, ": there are the items 0 to ", size_ - 1, ".");
    const auto packed = reader_.find(std::to_string(number));
    require(packed.has_value(), where, ": is missing; the data set is damaged, fetch it again.");
    GzipSource source(std::make_unique<MemorySource>(*packed, where));
    std::string text;
    std::vector<char> block(std::size_t{1} << 16);
    for (Index got = 0; (got = source.read(block.data(), static_cast<Index>(block.size()))) > 0;)
      text.append(block.data(), static_cast<std::size_t>(got));
    if (text.size() > 1 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5 && text.back() == '.') refuse_pickle();
    Json item = packed_as_json_ ? Json::parse(text, where) : MsgpackReader::parse(text, where);
    require(item.is_object(), where, ": is no object with named members; data sets of ATOM3D hold such.");
    return item;
  }

private:
  std::string_view meta(std::string_view key) const {
    const auto value = reader_.find(key);
    require(value.has_value(), name(), ": has no entry \"", key, "\": it is an LMDB file, but no data set of ATOM3D.");
    return *value;
  }
  [[noreturn]] void refuse_pickle() const {
    fail(name(),
         ": is packed with pickle, which is not read, since it runs code of the file; where you trust it, re-write it with: ",
         "python -c \"import atom3d.datasets as d; d.make_lmdb_dataset(d.load_dataset('OLD', 'lmdb'), 'NEW', "
         "serialization_format='json')\"");
  }

  LmdbReader reader_;
  bool packed_as_json_ = true;
  Index size_ = 0;
};

/// The protein in a table of atoms of an item: its heavy atoms by the same rules as structure files, the first model. The columns
/// chain, hetero, insertion_code, residue, resname, x, y, z, element, altloc and name are read (model too, where there is one);
/// others are passed over. Numbers that are null become bad coordinates. \throws Error that starts with `name`.
inline ReadStructure atom3d_structure(const Json& table, const std::string& name, const StructureOptions& options = {}) {
  require(table.is_object() && table.contains("columns") && table.contains("data"), name,
          ": is no table of atoms: an object with columns and data was expected.");
  const Json &columns = table.at("columns"), &data = table.at("data");
  require(columns.is_array() && data.is_array(), name, ": the columns or the data of its table are no arrays.");
  const auto column = [&](std::string_view wanted, bool needed = true) {
    for (std::size_t i = 0; i < columns.items().size(); ++i)
      if (columns.items()[i].is_string() && columns.items()[i].string() == wanted) return i;
    require(!needed, name, ": the table of atoms has no column \"", wanted, "\".");
    return std::string::npos;
  };
  const std::size_t chain = column("chain"), hetero = column("hetero"), insertion = column("insertion_code"),
                    residue = column("residue"), type = column("resname"), x = column("x"), y = column("y"), z = column("z"),
                    element = column("element"), alternate = column("altloc"), atom_name = column("name"),
                    model = column("model", false);
  AtomTable atoms;
  const Json* first_model = nullptr;
  const auto same = [](const Json& a, const Json& b) {
    return a.is_string() && b.is_string() ? a.string() == b.string() : a.is_number() && b.is_number() && a.number() == b.number();
  };
  for (std::size_t r = 0; r < data.items().size(); ++r) {
    const Json& row = data.items()[r];
    const std::string where = name + ", row " + std::to_string(r);
    require(row.is_array() && row.size() == columns.size(), where, ": has not as many values as the table has columns.");
    if (model != std::string::npos) {
      const Json& of = row.items()[model];
      if (first_model == nullptr) first_model = &of;
      if (!same(of, *first_model)) {
        ++atoms.other_atoms;
        continue;
      }
    }
    const auto text = [&](std::size_t at) -> std::string {
      const Json& value = row.items()[at];
      if (value.is_null()) return {};
      require(value.is_string(), where, ": ", columns.items()[at].string(), " is not a text.");
      std::string_view found = value.string();
      while (!found.empty() && found.front() == ' ') found.remove_prefix(1);
      while (!found.empty() && found.back() == ' ') found.remove_suffix(1);
      return std::string(found);
    };
    const auto coordinate = [&](std::size_t at) {
      const Json& value = row.items()[at];
      if (value.is_null()) return std::numeric_limits<float>::quiet_NaN();
      require(value.is_number(), where, ": ", columns.items()[at].string(), " is not a number.");
      return static_cast<float>(value.number());
    };
    AtomRecord atom;
    atom.x = coordinate(x), atom.y = coordinate(y), atom.z = coordinate(z);
    atom.name = text(atom_name), atom.residue = text(type), atom.chain = text(chain), atom.hetero = !text(hetero).empty();
    const std::string symbol = text(element), code = text(insertion), other = text(alternate);
    atom.element = atomic_number(symbol);
    atom.insertion = code.empty() ? ' ' : code[0], atom.alternate = other.empty() ? ' ' : other[0];
    const Json& number = row.items()[residue];
    require(number.is_integer() && number.integer() >= (std::numeric_limits<std::int32_t>::min)() &&
                number.integer() <= (std::numeric_limits<std::int32_t>::max)(),
            where, ": its residue is no number.");
    atom.number = static_cast<std::int32_t>(number.integer());
    atom.line = static_cast<Index>(r);
    atoms.atoms.push_back(std::move(atom));
  }
  require(!atoms.atoms.empty(), name, ": its table holds no atom.");
  atoms.models = 1;
  return build_structure(atoms, name, options);
}

} // namespace pleat::inline v0_1
