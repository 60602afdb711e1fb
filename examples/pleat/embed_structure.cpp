/// \file  `pleat embed-structure`: representations of structures, streamed.

#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <pleat/io/atomic_file.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/rows_writer.hpp>

#include "command.hpp"
#include "cuda_part.hpp"
#include "registry.hpp"
#include "structure_registry.hpp"
#include "structures.hpp"

namespace tool {

namespace {

struct EmbedStructureArguments : StructureArguments {
  std::string model, weights, output, per = "residue";
  std::uint64_t seed = 0, max_memory = 0;
  bool random = false;
  DeviceOptions where;
  bool skip_bad = false, quiet = false, dry_run = false;
};

long long number(Index value) { return static_cast<long long>(value); }

// Values of rows that are read, run and written before the next structures are read, and structures of them.
constexpr Index group_values = Index(1) << 24, group_structures = 1024;

/// Text of a column: a name from a file may hold anything.
std::string column(std::string text) {
  for (char& c : text)
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  return text;
}

/// What the rows of a structure belong to: numbers of atoms; of residues where the rows are those of residues.
struct Item {
  std::string id;
  pleat::Structure structure; // without a graph where it was refused
  bool refused = false;
  Index graph = -1;
};

/// Bytes: of the machine, and of a device that has its own.
struct Memory {
  double host = 0, device = 0;
};

class StructureEmbedding {
public:
  StructureEmbedding(const EmbedStructureArguments& a, StructureReader& reader, const Memory& limits)
      : a_(a), reader_(reader), facts_(reader.facts()), limits_(limits) {
    settings_ = pleat::Json::object();
    settings_.set("model", facts_.name);
    settings_.set("weights", a.random ? "random, seed " + std::to_string(a.seed) + ": never trained" : a.weights);
    settings_.set("per", a.per).set("rows", meaning()).set("width", facts_.width);
    settings_.set("structure_model", a.options.model).set("atom_records_only", a.options.atom_records_only);
    settings_.set("drop_bad_atoms", a.options.drop_bad_atoms);
    pleat::Json chains = pleat::Json::array();
    for (const std::string& chain : a.options.chains) chains.push(chain);
    settings_.set("chains", std::move(chains));
  }

  void run(const std::vector<std::string>& files) {
    writer_ = std::make_unique<pleat::RowsWriter>(
        a_.output, facts_.width,
        std::vector<std::pair<std::string, std::string>>{{"format", "pleat rows"}, {"settings", settings_.dump()}});
    if (a_.per != "protein" && !pleat::is_special_file(a_.output)) {
      labels_ = std::make_unique<pleat::AtomicFile>(a_.output + ".rows.tsv");
      labels_->write(a_.per == "atom" ? "row\tfile\tchain\tresidue\tname\tatom\n" : "row\tfile\tchain\tresidue\tname\n");
    }
    for (const std::string& file : files) {
      read(file);
      if (values_ >= group_values || static_cast<Index>(items_.size()) >= group_structures) flush();
      if (!a_.quiet) bar_.show(structures_ + static_cast<Index>(items_.size()), static_cast<Index>(files.size()), column(file));
    }
    flush();
    pleat::require(refused_ < structures_, "all ", structures_, " structures were refused; the sentences above say why.");
    if (labels_) labels_->commit();
    writer_->finish();
    if (!pleat::is_special_file(a_.output)) {
      pleat::Json manifest = pleat::Json::object();
      manifest.set("settings", settings_).set("records", structures_).set("refused", refused_);
      manifest.set("residues", residues_).set("rows", rows_).set("left_out", report_.summary());
      pleat::atomic_write(a_.output + ".json", manifest.dump(2) + "\n");
    }
    if (a_.quiet) return;
    if (const std::string notes = report_.summary(); !notes.empty()) std::fprintf(stderr, "%s\n", notes.c_str());
    if (without_ > 0) std::fprintf(stderr, "%lld residues have no C-alpha, no node and no row\n", number(without_));
    std::printf("%lld structures (%lld refused), %lld residues, %lld rows of width %lld, %s, on %s: %s\n", number(structures_),
                number(refused_), number(residues_), number(rows_), number(facts_.width), meaning().c_str(),
                reader_.device().text.c_str(), a_.output.c_str());
  }

  void estimate(const std::vector<std::string>& files) {
    Index rows = 0, largest_edges = 0;
    Memory memory;
    double flops = 0, rate = 0;
    std::string largest;
    for (const std::string& file : files) {
      Item item;
      pleat::GraphCounts counts;
      if (!load(file, item, counts)) continue;
      ++structures_, residues_ += item.structure.residues(), flops += reader_.flops();
      const Index made = rows_of(item, counts);
      rows += made;
      if (counts.edges > largest_edges) largest_edges = counts.edges, largest = file;
      const Memory need = needed(made * facts_.width);
      memory = {(std::max)(memory.host, need.host), (std::max)(memory.device, need.device)};
      if (rate <= 0 && counts.edges < 20'000) {
        double seconds = 0;
        for (int turn = 0; turn < 2 && seconds < 1; ++turn) { // the first one pays for memory and prepared weights
          const auto begin = std::chrono::steady_clock::now();
          reader_.read([](Index, std::span<const float>, std::span<const float>) {});
          seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        }
        rate = reader_.flops() / seconds;
      }
      reader_.clear();
    }
    std::printf("input            %lld structures (%lld refused), %lld residues, largest %s\n", number(structures_ + refused_),
                number(refused_), number(residues_), largest.c_str());
    memory.host += 4.0 * static_cast<double>(group_values);
    const DeviceChoice& device = reader_.device();
    std::printf("memory           about %s, model %s of it%s; %s available\n",
                bytes_text(device.cuda ? memory.device : memory.host).c_str(),
                bytes_text(static_cast<double>(facts_.memory)).c_str(), device.fixed_memory_text().c_str(),
                bytes_text(device.cuda ? limits_.device : limits_.host).c_str());
    if (device.cuda)
      std::printf("of the machine   about %s; %s available\n", bytes_text(memory.host).c_str(), bytes_text(limits_.host).c_str());
    std::printf("disk             %s (%lld rows of width %lld, float32)\n",
                bytes_text(4.0 * static_cast<double>(rows * facts_.width)).c_str(), number(rows), number(facts_.width));
    if (rate > 0)
      std::printf("time             about %s (measured with %s)\n", time_text(flops / rate).c_str(),
                  reader_.device().measured_with().c_str());
  }

private:
  std::string meaning() const {
    if (a_.per == "protein") return "one row per structure, the " + facts_.readout + " of its " + facts_.nodes + " rows";
    if (a_.per == "residue" && facts_.nodes == "atom") return "one row per residue, the mean of the rows of its atoms";
    return "one row per " + facts_.nodes;
  }

  /// Reads a file and makes its graph; false: refused, and said so.
  bool load(const std::string& file, Item& item, pleat::GraphCounts& counts) {
    item.id = column(file);
    try {
      pleat::ReadStructure read = load_structure(file, a_.options);
      counts = reader_.add(read.structure);
      item.structure = std::move(read.structure);
      report_ += read.report;
      return true;
    } catch (const pleat::Error& error) {
      refuse(item, error);
      return false;
    }
  }
  void refuse(Item& item, const pleat::Error& error) {
    if (!a_.skip_bad) throw error;
    std::fprintf(stderr, "pleat: %s\n", error.what());
    item.refused = true, ++refused_;
    item.structure = {};
  }

  Index rows_of(const Item& item, const pleat::GraphCounts& counts) const {
    if (a_.per == "protein") return 1;
    return a_.per == facts_.nodes ? counts.nodes : item.structure.residues() - counts.residues_without;
  }
  /// Bytes of a group whose rows have `values` values.
  Memory needed(Index values) const {
    const ReadMemory reading = reader_.memory();
    const auto model = static_cast<double>(facts_.memory);
    Memory memory{.host = model + reading.arrays + 4.0 * static_cast<double>(values)};
    if (reader_.device().cuda) {
      // What is sent lies in a block that doubles, and in two of the host; the host has the values as well.
      memory.host += 4 * reading.largest;
      memory.device = model + reading.activations + 2 * reading.largest + reader_.device().fixed_memory();
    } else {
      memory.host += reading.activations;
    }
    return memory;
  }
  bool fits(const Memory& memory) const { return memory.host <= limits_.host && memory.device <= limits_.device; }

  void read(const std::string& file) {
    Item item;
    pleat::GraphCounts counts;
    if (load(file, item, counts)) {
      Index values = rows_of(item, counts) * facts_.width;
      if (!fits(needed(values_ + values)) && graphs_ > 0) { // alone it may fit
        reader_.remove_last();
        flush();
        reader_.add(item.structure);
      }
      if (const Memory need = needed(values_ + values); !fits(need)) {
        reader_.remove_last();
        const bool on_device = need.device > limits_.device;
        try {
          pleat::fail(file, ": its ", item.structure.residues(), " residues need ",
                      bytes_text(on_device ? need.device : need.host), on_device ? " of the GPU's memory" : " of memory",
                      " with ", facts_.name, ", and there are ", bytes_text(on_device ? limits_.device : limits_.host),
                      "; read fewer chains (--chain), choose a smaller model, or ",
                      on_device || !reader_.device().cuda ? "raise --max-memory." : "free memory of the machine.");
        } catch (const pleat::Error& error) {
          refuse(item, error);
        }
      } else {
        values_ += values, without_ += counts.residues_without;
        item.graph = graphs_++;
      }
    }
    items_.push_back(std::move(item));
  }

  /// Runs the graphs that were read, and writes their rows in the order of the files.
  void flush() {
    std::vector<std::vector<float>> made(static_cast<std::size_t>(graphs_));
    std::vector<const Item*> of(made.size());
    for (const Item& item : items_)
      if (item.graph >= 0) of[static_cast<std::size_t>(item.graph)] = &item;
    if (graphs_ > 0)
      reader_.read([&](Index graph, std::span<const float> rows, std::span<const float> whole) {
        const auto g = static_cast<std::size_t>(graph);
        if (a_.per == "protein")
          made[g].assign(whole.begin(), whole.end());
        else if (a_.per == facts_.nodes)
          made[g].assign(rows.begin(), rows.end());
        else
          made[g] = means_of_residues(rows, reader_.atoms(g), *of[g]);
      });
    for (Item& item : items_) {
      const std::vector<float> none;
      const std::vector<float>* rows = item.graph >= 0 ? &made[static_cast<std::size_t>(item.graph)] : &none;
      const bool finite = std::all_of(rows->begin(), rows->end(), [](float x) { return std::isfinite(x); });
      const Index residues = item.structure.residues();
      if (!finite) {
        rows = &none;
        refuse(item, pleat::Error(item.id + ": its rows are not finite; the weights are damaged or belong to another model."));
      } else if (item.graph >= 0) {
        label(item);
        residues_ += residues;
      }
      writer_->add(item.id, item.refused ? 0 : residues, *rows, item.refused ? "refused" : "ok");
      rows_ += static_cast<Index>(rows->size()) / facts_.width;
      if (item.graph >= 0) made[static_cast<std::size_t>(item.graph)] = {};
    }
    structures_ += static_cast<Index>(items_.size());
    items_.clear(), reader_.clear();
    graphs_ = values_ = 0;
  }

  std::vector<float> means_of_residues(std::span<const float> rows, std::span<const std::int32_t> atoms, const Item& item) const {
    const auto width = static_cast<std::size_t>(facts_.width);
    std::vector<float> means;
    std::vector<double> sum(width);
    for (std::size_t begin = 0, end = 0; begin < atoms.size(); begin = end) {
      const std::int32_t residue = item.structure.atom_residues[static_cast<std::size_t>(atoms[begin])];
      std::fill(sum.begin(), sum.end(), 0.0);
      for (; end < atoms.size() && item.structure.atom_residues[static_cast<std::size_t>(atoms[end])] == residue; ++end)
        for (std::size_t c = 0; c < width; ++c) sum[c] += static_cast<double>(rows[end * width + c]);
      for (const double x : sum) means.push_back(static_cast<float>(x / static_cast<double>(end - begin)));
    }
    return means;
  }

  /// One line a row: where it stands in its file.
  void label(const Item& item) {
    if (!labels_) return;
    const pleat::Structure& s = item.structure;
    std::string text;
    std::int32_t last = -1;
    Index row = rows_;
    for (const std::int32_t node : reader_.atoms(static_cast<std::size_t>(item.graph))) {
      const auto atom = static_cast<std::size_t>(node);
      const std::int32_t residue = s.atom_residues[atom];
      if (a_.per == "residue" && residue == last) continue;
      last = residue;
      const pleat::ResidueLabel& of = s.labels[static_cast<std::size_t>(residue)];
      const auto chain = static_cast<std::size_t>(s.residue_chains[static_cast<std::size_t>(residue)]);
      text += std::to_string(row++) + '\t' + item.id + '\t' + column(s.chains[chain].name) + '\t' + std::to_string(of.number);
      if (of.insertion != ' ') text += of.insertion;
      (text += '\t') += column(of.name);
      if (a_.per == "atom") (text += '\t') += pleat::atom_name_texts[s.names[atom]];
      text += '\n';
    }
    labels_->write(text);
  }

  const EmbedStructureArguments& a_;
  StructureReader& reader_;
  const StructureModelFacts& facts_;
  Memory limits_;
  pleat::Json settings_;
  pleat::StructureReport report_;
  std::unique_ptr<pleat::RowsWriter> writer_;
  std::unique_ptr<pleat::AtomicFile> labels_;
  std::vector<Item> items_; // of the group
  ProgressBar bar_;
  Index graphs_ = 0, values_ = 0; // of the group
  Index structures_ = 0, refused_ = 0, residues_ = 0, rows_ = 0, without_ = 0;
};

void embed_structure(const EmbedStructureArguments& a) {
  const StructureModel* model = nullptr; // on the CPU
  as_usage([&] {
    pleat::require(!a.inputs.empty() || !a.list.empty(), "there is no input; name files or folders of structures, or a --list.");
    model = &find_structure_model(a.model);
    pleat::require(a.random == a.weights.empty(), a.model,
                   a.random ? ": there are two kinds of weights" : ": there are no weights",
                   "; give --weights FILE.safetensors, or --random SEED for weights that were never trained.");
    pleat::require(a.per == "residue" || a.per == "atom" || a.per == "protein", "--per ", a.per,
                   ": there are residue, atom and protein.");
    const StructureModelFacts& facts = model->facts();
    pleat::require(a.per != "atom" || facts.nodes == "atom", "--per atom: ", a.model,
                   " reads a graph of residues and has no rows of atoms; use --per residue, or an encoder of atoms.");
    pleat::RowsWriter::require_ending(a.output);
  });
  const std::vector<std::string> files = structure_files(a);
  const Placed<StructureModel> placed = place_structure_model(a.model, a.where);
  Memory limits{.host = available_memory()}; // before the model takes some
  if (placed.device.cuda) limits.device = static_cast<double>(cuda_part().free_memory(placed.device.gpu));
  if (a.max_memory > 0) (placed.device.cuda ? limits.device : limits.host) = static_cast<double>(a.max_memory);
  const std::unique_ptr<StructureReader> reader = placed->open(placed.device);
  if (a.random) {
    std::fprintf(stderr, "%s has random weights (seed %llu): its rows tell nothing about proteins\n", a.model.c_str(),
                 static_cast<unsigned long long>(a.seed));
    reader->initialise(a.seed);
  } else {
    reader->load(checkpoint_file(a.weights));
  }
  StructureEmbedding embedding(a, *reader, limits);
  if (a.dry_run)
    embedding.estimate(files);
  else
    embedding.run(files);
}

} // namespace

void add_embed_structure(CLI::App& app) {
  auto a = std::make_shared<EmbedStructureArguments>();
  CLI::App& command =
      *app.add_subcommand("embed-structure", "Representations of structure files, per residue, per atom or per protein.");
  command.footer(
      "Example:\n  pleat embed-structure --model gearnet-edge-residue --weights encoder.safetensors structures/ \\\n"
      "                        --per protein --output structures.safetensors\n\n"
      "OUT.safetensors has the tensors rows (all rows, width) and offsets (structures + 1); OUT.npy the rows alone. Beside it\n"
      "OUT.ids.tsv has file, residues, first row, number of rows and status of every structure, and OUT.rows.tsv file, chain,\n"
      "residue number with insertion code, and name of every row. Weights are tensors of float with the names of the model,\n"
      "which for GearNet are the published ones. Rows per residue of an encoder of atoms are means over the atoms of a residue.");
  add_structure_options(command, *a);
  command.add_option("--model", a->model, "an encoder of structures, see `pleat models`")->required();
  command.add_option("--weights", a->weights,
                     ".safetensors file with the weights of this model, or the folder of a run of `pleat pretrain-structure`");
  CLI::Option* random = command.add_option("--random", a->seed, "seed: random weights, never trained");
  command.add_option("--output", a->output, "file to write, .safetensors or .npy")->required();
  command.add_option("--per", a->per, "what has a row: residue, atom or protein")->capture_default_str();
  command
      .add_option("--max-memory", a->max_memory,
                  "bytes (also 800MB, 16GB) that may be used, those of the GPU where one computes; default: what is free")
      ->transform(CLI::AsSizeValue(true));
  add_device_options(command, a->where);
  command.add_flag("--skip-bad", a->skip_bad, "files that are refused do not end the others; they have no rows");
  command.add_flag("--dry-run", a->dry_run, "print what memory, disk and time it will take, and stop");
  command.add_flag("--quiet", a->quiet, "no progress bar, no sums");
  command.callback([a, random] {
    a->random = random->count() > 0;
    embed_structure(*a);
  });
}

} // namespace tool
