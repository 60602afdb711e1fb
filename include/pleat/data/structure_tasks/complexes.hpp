#pragma once
/// \file  Complexes of a collection of structures: which files lie in one frame, and which are unbound forms of the same
/// partners.

#include <cstdint>
#include <map>
#include <pleat/core/error.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/data/structure.hpp>
#include <pleat/data/structure_parts.hpp>
#include <pleat/data/structure_split.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pleat::inline v0_1 {

/// Files that belong together, all of one component. A file that is no part of a complex of two is one by itself.
struct StructureComplex {
  std::string name, group;                 ///< "unbound_bound/1PPE", "unbound_bound"
  std::vector<std::string> bound, unbound; ///< one file a partner, receptor first, in the frame of the complex; the same unbound
  Index component = 0;                     ///< number of `StructureSplit::components`
  Split split = Split::Train;
};

namespace detail {

/// What the name of a file says: its complex, the place of its partner (0: only its name orders it), and whether it is unbound.
struct FileRole {
  std::string complex, group;
  int place = 0;
  bool unbound = false;
};
inline FileRole file_role(const std::string& file) {
  const std::size_t slash = file.find('/');
  FileRole role;
  role.group = slash == file.npos ? std::string() : file.substr(0, slash);
  const std::size_t start = slash == file.npos ? 0 : slash + 1;
  std::string stem = file.substr(start, file.find('.', start) - start);
  const auto ends = [&stem](std::string_view end) { return stem.size() > end.size() && stem.ends_with(end); };
  const auto cut = [&stem](std::size_t count) { stem.resize(stem.size() - count); };
  if (role.group == "unbound_bound") {
    require(ends("_r_u") || ends("_r_b") || ends("_l_u") || ends("_l_b"), file,
            ": files of unbound_bound end in _r_u, _r_b, _l_u or _l_b; rename the file, or put it into another folder.");
    role.unbound = stem.back() == 'u', role.place = stem[stem.size() - 3] == 'r' ? 1 : 2;
    cut(4);
  } else if (role.group == "dips_pairs") {
    require(ends("_l") || ends("_r"), file,
            ": files of dips_pairs end in _l or _r; rename the file, or put it into another folder.");
    role.place = stem.back() == 'r' ? 1 : 2;
    cut(2);
  } else if (role.group == "bound_pairs") {
    const std::size_t line = stem.rfind('_');
    require(line != stem.npos, file,
            ": files of bound_pairs end in _ and their chains; rename the file, or put it into another folder.");
    cut(stem.size() - line);
  }
  role.complex = role.group.empty() ? stem : role.group + "/" + stem;
  if (role.group != "unbound_bound" && role.group != "dips_pairs" && role.group != "bound_pairs") role.complex = file;
  return role;
}

} // namespace detail

/// The complexes of a split, by name. Files of `unbound_bound` (CODE_r_u, CODE_r_b, CODE_l_u, CODE_l_b), `dips_pairs` (NAME_r,
/// NAME_l) and `bound_pairs` (CODE_chains, two of a code) are put together by their names; every other file stands alone. Errors:
/// files of one complex in two components, more than two partners.
inline std::vector<StructureComplex> structure_complexes(const StructureSplit& split) {
  std::map<std::string, StructureComplex> found;
  for (const std::string& file : split.files()) {
    const detail::FileRole role = detail::file_role(file);
    const SplitChain& row = split.chains[static_cast<std::size_t>(split.of_file(file)[0])];
    const auto [at, fresh] =
        found.try_emplace(role.complex, StructureComplex{role.complex, role.group, {}, {}, row.component, row.split});
    StructureComplex& complex = at->second;
    for (const Index other : split.of_file(file))
      require(split.chains[static_cast<std::size_t>(other)].component == complex.component, split.name(), ": the files of ",
              role.complex, " lie in two components; what meets in a complex belongs to one.");
    std::vector<std::string>& files = role.unbound ? complex.unbound : complex.bound;
    files.insert(role.place == 1 ? files.begin() : files.end(), file); // the receptor first
    require(files.size() <= 2, split.name(), ": ", role.complex, " has more than two partners: ", file,
            " is one too many; put files that do not belong together into other folders.");
  }
  std::vector<StructureComplex> all;
  for (auto& [name, complex] : found) all.push_back(std::move(complex));
  return all;
}

/// The structures of a complex.
struct LoadedComplex {
  StructureComplex complex;
  std::vector<Structure> bound, unbound;
};

/// `read(file)` gives the structure of a file of the collection.
template <class Read> LoadedComplex load_complex(const StructureComplex& complex, Read&& read) {
  LoadedComplex loaded{complex, {}, {}};
  for (const std::string& file : complex.bound) loaded.bound.push_back(read(file));
  for (const std::string& file : complex.unbound) loaded.unbound.push_back(read(file));
  return loaded;
}

/// All bound partners as one structure.
inline Structure whole_complex(const LoadedComplex& loaded) {
  std::vector<const Structure*> parts;
  for (const Structure& s : loaded.bound) parts.push_back(&s);
  return join_structures(parts, loaded.complex.name);
}

/// A residue of a task, named as in its file.
struct TaskResidue {
  std::string file, chain;
  std::int32_t number = 0;
  char insertion = ' ';
  Index residue = 0; ///< number in the structure of the file, from 0
  StructureResidue type = residue_unknown;
  friend bool operator==(const TaskResidue&, const TaskResidue&) = default;
};
inline TaskResidue task_residue(const Structure& s, const std::string& file, Index residue) {
  const auto r = static_cast<std::size_t>(residue);
  return {
      file,      s.chains[static_cast<std::size_t>(s.residue_chains[r])].name, s.labels[r].number, s.labels[r].insertion, residue,
      s.types[r]};
}

namespace detail {
/// Host draws of one item of a task: a stream of its name (FNV-1a), so that they depend neither on order nor on what else there
/// is.
inline Philox task_draws(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return Philox(seed, hash);
}
} // namespace detail

} // namespace pleat::inline v0_1
