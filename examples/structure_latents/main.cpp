// A diffusion on the latents of a frozen encoder of structures, and what its readings know (docs/structure_latents.md).
//
//   structure_latents FOLDER structure_split.tsv [--encoder FILE] [--lsd FILE] [--pairs FILE] [--steps N] [--budget RESIDUES]
//                     [--rate R] [--seed S] [--threads N] [--save FILE] [--diffusion FILE]
//
// FOLDER holds the structures that the split lists. --encoder: a checkpoint of a pre-training of gearnet-edge-residue-64x4 (none:
// the encoder keeps the values that the seed draws). --lsd: a checkpoint of lsd-nm-nano, autoencoder or diffusion. --pairs: the
// stored interface pairs (none: they are drawn). --save: where the trained diffusion goes; --diffusion: one that was saved, with
// its encoder, in the place of training. Prints Markdown.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <pleat/backend/cpu.hpp>
#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/data/graph_set.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/data/structure_tasks/interface_site.hpp>
#include <pleat/data/structure_tasks/pair_interface.hpp>
#include <pleat/eval/gaussian_floor.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/session/read_graphs.hpp>
#include <pleat/train/lr_schedules.hpp>

#include "diffusion.hpp"
#include "lsd_rows.hpp"
#include "scores.hpp"

using namespace pleat;

namespace {

constexpr Index longest = 1024; // residues of a structure to train on

struct Options {
  std::string folder, split, encoder, lsd, pairs, save, diffusion;
  Index steps = 300, budget = 2048;
  double rate = 1e-3;
  std::uint64_t seed = 1;
  int threads = 0;
};
Options read_options(int argc, char** argv) {
  require(argc >= 3,
          "usage: structure_latents FOLDER structure_split.tsv [--encoder FILE] [--lsd FILE] [--pairs FILE] [--steps N] "
          "[--budget RESIDUES] [--rate R] [--seed S] [--threads N] [--save FILE] [--diffusion FILE]");
  Options options;
  options.folder = argv[1], options.split = argv[2];
  for (int i = 3; i < argc; i += 2) {
    const std::string name = argv[i];
    require(i + 1 < argc, name, ": a value must follow; see the first lines of examples/structure_latents/main.cpp.");
    const std::string value = argv[i + 1];
    const auto number = [&] {
      char* end = nullptr;
      const double x = std::strtod(value.c_str(), &end);
      require(end != value.c_str() && *end == 0 && x >= 0, name, ": \"", value,
              "\" is no number; give one that is not negative.");
      return x;
    };
    if (name == "--encoder")
      options.encoder = value;
    else if (name == "--lsd")
      options.lsd = value;
    else if (name == "--pairs")
      options.pairs = value;
    else if (name == "--diffusion")
      options.diffusion = value;
    else if (name == "--save")
      options.save = value;
    else if (name == "--steps")
      options.steps = static_cast<Index>(number());
    else if (name == "--budget")
      options.budget = static_cast<Index>(number());
    else if (name == "--rate")
      options.rate = number();
    else if (name == "--seed")
      options.seed = static_cast<std::uint64_t>(number());
    else if (name == "--threads")
      options.threads = static_cast<int>(number());
    else
      fail(name, ": is no option; there are --encoder, --lsd, --pairs, --steps, --budget, --rate, --seed, --threads, --save and "
                 "--diffusion.");
  }
  require(options.budget >= longest, "--budget: ", options.budget, " is less than the longest structure, ", longest,
          " residues.");
  return options;
}

// ---- residues of a task, and rows for them
class Sites {
public:
  /// The number of the first of `residues.size()` rows.
  Index add(const Structure& s, std::span<const Index> residues, const LsdRows* lsd) {
    Graphs graph;
    graph.add(graph_source(s), static_cast<std::uint32_t>(graphs_.size()));
    std::vector<Index> node_of(s.types.size(), -1);
    for (Index v = 0; v < graph.node_count(); ++v)
      node_of[static_cast<std::size_t>(s.atom_residues[static_cast<std::size_t>(graph.atoms()[static_cast<std::size_t>(v)])])] =
          v;
    nodes_.emplace_back();
    for (const Index r : residues) {
      require(node_of[static_cast<std::size_t>(r)] >= 0, s.name, ": ", s.describe(r), " has no C-alpha; leave the site out.");
      nodes_.back().push_back(node_of[static_cast<std::size_t>(r)]);
    }
    if (lsd != nullptr) {
      const std::vector<float> all = lsd->rows(s);
      for (const Index r : residues)
        lsd_.insert(lsd_.end(), all.begin() + r * LsdRows::width, all.begin() + (r + 1) * LsdRows::width);
    }
    graphs_.push_back(std::move(graph)), first_.push_back(rows_);
    rows_ += static_cast<Index>(residues.size());
    return first_.back();
  }
  const std::vector<float>& lsd() const { return lsd_; }
  /// For each reading (rows, Model::width).
  std::vector<std::vector<float>> read(ReadGraphsSession<Model, Cpu>& reader, std::span<const ReadOptions> readings) const {
    std::vector<std::vector<float>> all(readings.size(), std::vector<float>(static_cast<std::size_t>(rows_ * Model::width)));
    std::vector<GraphBatch> views;
    for (const Graphs& graph : graphs_) views.push_back(graph.view());
    reader.read(views, readings, [&](Index graph, Index reading, std::span<const float> rows) {
      const auto g = static_cast<std::size_t>(graph);
      float* to = all[static_cast<std::size_t>(reading)].data() + first_[g] * Model::width;
      for (const Index node : nodes_[g]) to = std::copy_n(rows.data() + node * Model::width, Model::width, to);
    });
    return all;
  }

private:
  std::vector<Graphs> graphs_;
  std::vector<std::vector<Index>> nodes_;
  std::vector<Index> first_;
  std::vector<float> lsd_;
  Index rows_ = 0;
};

std::vector<float> side_by_side(const std::vector<float>& a, Index width_a, const std::vector<float>& b, Index width_b) {
  std::vector<float> both;
  for (std::size_t r = 0; r * static_cast<std::size_t>(width_a) < a.size(); ++r) {
    const auto i = static_cast<std::ptrdiff_t>(r);
    both.insert(both.end(), a.begin() + i * width_a, a.begin() + (i + 1) * width_a);
    both.insert(both.end(), b.begin() + i * width_b, b.begin() + (i + 1) * width_b);
  }
  return both;
}
class Study {
public:
  explicit Study(Options options)
      : options_(std::move(options)), pool_(options_.threads), split_(*open_input(options_.split)), reader_(cpu_, options_.seed),
        session_(cpu_) {}

  void run() {
    load();
    if (options_.diffusion.empty())
      train();
    else
      load_values(Safetensors::open(options_.diffusion), session_.parameters());
    if (!options_.save.empty())
      save_checkpoint(options_.save, {"structure-latents", Json::object(), Json::object(), {}}, session_.parameters(), nullptr);
    reader_.copy_values(session_.parameters());
    report_loss();
    report_side_by_side();
    report_interface();
  }

private:
  struct SplitOf : StructureSplit {
    explicit SplitOf(ByteSource& source) : StructureSplit(read_structure_split(source)) {}
  };

  Structure read_file(const std::string& file) const {
    const auto source = open_input(options_.folder + "/" + file);
    return read_structure(*source, {.model = 1, .chains = {}, .atom_records_only = false, .drop_bad_atoms = true}).structure;
  }

  void load() {
    if (!options_.lsd.empty()) lsd_ = std::make_unique<LsdRows>(options_.lsd, cpu_);
    std::map<std::string, std::vector<StoredPair>> stored;
    if (!options_.pairs.empty())
      for (StoredPair& row : read_residue_pairs(*open_input(options_.pairs))) stored[row.complex].push_back(std::move(row));
    StructureSet train, valid;
    for (const StructureComplex& complex : structure_complexes(split_)) {
      if (complex.group == "decoys") continue;
      const LoadedComplex loaded = load_complex(complex, [this](const std::string& file) { return read_file(file); });
      if (loaded.bound.size() == 2)
        add_pairs(options_.pairs.empty() ? residue_pairs(loaded) : find_pairs(stored[complex.name], loaded), loaded);
      if (loaded.bound.size() == 2 && loaded.unbound.size() == 2)
        for (const std::size_t p : {0u, 1u}) add_interface(loaded, p);
      for (const auto* forms : {&loaded.bound, &loaded.unbound})
        for (const Structure& s : *forms) {
          Index alphas = 0;
          for (const Index a : s.alpha_carbons()) alphas += a >= 0;
          if (complex.split == Split::Test || s.residues() > longest || alphas == 0) continue;
          (complex.split == Split::Train ? train : valid).add(select_residues(s, [](Index) { return true; }));
        }
    }
    train_ = std::make_unique<GraphSet<ResidueGraph>>(std::move(train));
    valid_ = std::make_unique<GraphSet<ResidueGraph>>(std::move(valid));
    std::printf("%ld structures (%ld residues) to train on, %ld (%ld) to validate; interface: %zu residues; PIP: %zu pairs.\n\n",
                static_cast<long>(train_->size()), static_cast<long>(train_->residues()), static_cast<long>(valid_->size()),
                static_cast<long>(valid_->residues()), interface_.size(), pairs_.size());
    std::fflush(stdout);
  }
  void add_interface(const LoadedComplex& loaded, std::size_t partner) try {
    const InterfaceSites sites = interface_sites(loaded, partner);
    if (sites.same_form) return;
    std::vector<Index> residues;
    for (std::size_t i = 0; i < sites.residues.size(); ++i) {
      residues.push_back(sites.residues[i].residue);
      interface_.labels.push_back(static_cast<double>(sites.labels[i]));
      interface_.component.push_back(sites.component), interface_.split.push_back(sites.split);
    }
    interface_sites_.add(loaded.unbound[partner], residues, lsd_.get());
  } catch (const Error& error) {
    std::fprintf(stderr, "left out: %s\n", error.what());
  }
  void add_pairs(const std::vector<ResiduePair>& pairs, const LoadedComplex& loaded) {
    if (pairs.empty()) return;
    std::vector<Index> of[2];
    for (const ResiduePair& pair : pairs) {
      of[0].push_back(pair.first.residue), of[1].push_back(pair.second.residue);
      pairs_.labels.push_back(pair.contact ? 1 : 0);
      pairs_.component.push_back(pair.component), pairs_.split.push_back(pair.split);
    }
    const Index first = pair_sites_.add(loaded.bound[0], of[0], lsd_.get()),
                second = pair_sites_.add(loaded.bound[1], of[1], lsd_.get());
    for (Index i = 0; i < static_cast<Index>(pairs.size()); ++i)
      pair_first_.push_back(first + i), pair_second_.push_back(second + i);
  }

  void train() {
    auto& parameters = session_.parameters();
    parameters.initialise(options_.seed);
    if (!options_.encoder.empty())
      load_part(Safetensors::open(options_.encoder), parameters, "autoencoder.encoder.", "autoencoder.");
    const BatchOptions batches{options_.budget, 0, options_.seed};
    fit(session_, *train_, batches);
    const BatchPlan plan(train_->lengths(), batches);
    const WarmUpCosine rates{options_.rate, (std::min)(options_.steps, Index{50}), (std::max)(options_.steps, Index{1}), 0.05};
    double sum = 0;
    for (Index step = 0; step < options_.steps; ++step) {
      const Graphs batch = owned_batch(*train_, plan.batch(step));
      const StepResult result = session_.step({&batch, 1}, options_.seed, static_cast<std::uint64_t>(step), rates.rate(step + 1));
      require(result.finite, "the gradient of step ", step + 1, " is not finite; train again with a lower --rate.");
      sum += result.metrics.value("loss");
      if ((step + 1) % 50 == 0) std::fprintf(stderr, "step %ld: loss %.4f\n", static_cast<long>(step + 1), sum / 50), sum = 0;
    }
  }

  // Standardised latents of about `residues` residues of a set.
  CovarianceSums covariance(const GraphSet<ResidueGraph>& set, Index residues) {
    CovarianceSums sums(Model::width);
    const auto* state = reader_.parameters().store(Store::State);
    const auto *mean = state + model_of<Model>.mean.offset, *deviation = state + model_of<Model>.deviation.offset;
    const BatchPlan plan(set.lengths(), {options_.budget, 0, options_.seed});
    for (Index step = 0; step < plan.batches_per_epoch() && sums.count() < static_cast<double>(residues); ++step) {
      const Graphs batch = owned_batch(set, plan.batch(step));
      const GraphBatch view = batch.view();
      Ragged z = reader_.represent({&view, 1}, {});
      for (std::size_t i = 0; i < z.rows.size(); ++i) {
        const std::size_t c = i % static_cast<std::size_t>(Model::width);
        z.rows[i] = (z.rows[i] - mean[c]) / (std::max)(deviation[c], static_cast<float>(least_deviation));
      }
      sums.add(cpu_, z.rows);
    }
    return sums;
  }

  void report_loss() {
    const GaussianFloor floor(cpu_, covariance(*train_, 200'000));
    const std::vector<double> moments = floor.moments_of(covariance(*valid_, valid_->residues()));
    std::vector<Graphs> batches;
    const BatchPlan plan(valid_->lengths(), {options_.budget, 0, options_.seed});
    for (Index step = 0; step < plan.batches_per_epoch(); ++step) batches.push_back(owned_batch(*valid_, plan.batch(step)));
    std::puts(
        "| t | v-loss, denoiser, valid | Gaussian of train, valid | Gaussian floor, train |\n| ---: | ---: | ---: | ---: |");
    for (const double t : {0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98}) {
      const NoiseLevel at = noise_level(Model::Schedule{}, t);
      std::printf("| %.2f | %.4f | %.4f | %.4f |\n", t, loss_at(session_, batches, t, {options_.seed + 1, 0}), floor(at, moments),
                  floor(at));
      std::fflush(stdout);
    }
  }

  std::string interface_score(const std::vector<float>& features) { return site_score(cpu_, interface_, features); }
  std::string pair_score(const std::vector<float>& features) {
    return ::pair_score(cpu_, pairs_, pair_first_, pair_second_, features);
  }

  void report_interface() {
    std::puts("\n| interface from the unbound form, AUROC | eps | denoised | hidden:1 |\n| --- | ---: | ---: | ---: |");
    for (const double t : {0.0, 0.1, 0.3, 0.5, 0.7, 0.9}) {
      std::string line;
      for (const ReadingChoice choice :
           {ReadingChoice{Reading::EpsHat, 0}, ReadingChoice{Reading::Denoised, 0}, ReadingChoice{Reading::Hidden, 1}}) {
        const ReadOptions reading{choice, t, ReadingInput::Clean, 1};
        line += " | " + interface_score(interface_sites_.read(reader_, {&reading, 1})[0]);
      }
      std::printf("| t = %.1f%s |\n", t, line.c_str());
      std::fflush(stdout);
    }
  }

  void report_side_by_side() {
    const ReadOptions readings[] = {{}, {{Reading::EpsHat, 0}, 0.3, ReadingInput::Clean, 1}};
    const char* names[] = {"structure, z", "structure, eps at t = 0.3"};
    const auto of_sites = interface_sites_.read(reader_, readings), of_pairs = pair_sites_.read(reader_, readings);
    std::puts("\n| rows | channels | interface, AUROC | PIP, AUROC |\n| --- | ---: | ---: | ---: |");
    const auto say = [&](const std::string& name, Index width, const std::vector<float>& sites, const std::vector<float>& pairs) {
      std::printf("| %s | %ld | %s | %s |\n", name.c_str(), static_cast<long>(width), interface_score(sites).c_str(),
                  pair_score(pairs).c_str());
      std::fflush(stdout);
    };
    if (lsd_) say(lsd_->what(), LsdRows::width, interface_sites_.lsd(), pair_sites_.lsd());
    for (std::size_t k = 0; k < 2; ++k) {
      say(names[k], Model::width, of_sites[k], of_pairs[k]);
      if (lsd_)
        say(lsd_->what() + " + " + names[k], LsdRows::width + Model::width,
            side_by_side(interface_sites_.lsd(), LsdRows::width, of_sites[k], Model::width),
            side_by_side(pair_sites_.lsd(), LsdRows::width, of_pairs[k], Model::width));
    }
    if (!lsd_) std::puts("\nWithout --lsd there are no rows of sequences to put beside those of structures.");
  }

  Options options_;
  ThreadPool pool_;
  Cpu cpu_{&pool_};
  SplitOf split_;
  ReadGraphsSession<Model, Cpu> reader_;
  Session session_;
  std::unique_ptr<LsdRows> lsd_;
  std::unique_ptr<GraphSet<ResidueGraph>> train_, valid_;
  StructureExamples interface_, pairs_;
  Sites interface_sites_, pair_sites_;
  std::vector<Index> pair_first_, pair_second_;
};

} // namespace

int main(int argc, char** argv) try { Study(read_options(argc, argv)).run(); } catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
