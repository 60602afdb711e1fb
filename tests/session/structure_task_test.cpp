// Fine-tuning: labelled sets of real complexes, rows of their sites, gradients, and runs that learn and go on where they stopped.

#include "support/benchmark_complex.hpp"
#include "support/op_contract.hpp"
#include "support/refusal.hpp"

#include <cstring>
#include <filesystem>
#include <unistd.h>

#include <pleat/data/structure_tasks/labelled_sets.hpp>
#include <pleat/data/structure_tasks/mutation_pair.hpp>
#include <pleat/encoders/gearnet.hpp>
#include <pleat/session/encode_graphs.hpp>
#include <pleat/train/task_objective.hpp>
#include <pleat/train/trainer.hpp>

using namespace pleat;
using namespace contract;

namespace {

using Encoder = GearNetEdge<ResidueGraph, Shape{.layers = 2, .width = 8}>;
using Pairs = StructureTask<Encoder, 2, 2>;
using Number = StructureTask<Encoder, 1, 1>;
template <class Model> using Session = TrainSession<TaskObjective<Model>, Cpu>;
using Set = LabelledSet<ResidueGraph>;

SharedComplex complex() {
  static const SharedComplex shared = std::make_shared<const LoadedComplex>(structures::shipped_complex("1EFN"));
  return shared;
}
Set pairs() {
  LabelledStructures set;
  add_residue_pairs(set, complex());
  return Set(std::move(set));
}
Set displacements_of_complex() {
  LabelledStructures set;
  for (const std::size_t p : {0u, 1u}) add_displacements(set, complex(), p);
  return Set(std::move(set));
}
BatchPieces first_unit() {
  BatchPieces pieces;
  pieces.records = {0};
  return pieces;
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_task)

BOOST_AUTO_TEST_CASE(labelled_sets_of_a_complex) {
  const Index residues[2] = {complex()->bound[0].residues(), complex()->bound[1].residues()};
  LabelledStructures sites, touching, moved, of_pairs;
  add_residue_sites(sites, complex());
  add_residue_pairs(of_pairs, complex());
  for (const std::size_t p : {0u, 1u}) {
    BOOST_TEST(add_interface_sites(touching, complex(), p));
    BOOST_TEST(add_displacements(moved, complex(), p));
  }
  auto copied = std::make_shared<LoadedComplex>(*complex()); // an unbound form that is none
  copied->unbound[0] = copied->bound[0];
  BOOST_TEST(!add_interface_sites(touching, copied, 0));
  BOOST_TEST(!add_displacements(moved, copied, 0));

  BOOST_TEST(of_pairs.size() == 1);
  BOOST_TEST(of_pairs.items() == 20);
  BOOST_TEST(of_pairs.residues() == residues[0] + residues[1]);
  double contacts = 0;
  for (const LabelledItem& item : of_pairs[0].make().items) contacts += item.label;
  BOOST_TEST(contacts == 10);

  BOOST_TEST(sites.size() == sites.items());
  BOOST_TEST(sites.items() > 40);
  for (Index u = 0; u < sites.size(); u += 7) {
    const LabelledUnit unit = sites[u].make();
    const Structure& seen = *unit.structures[0];
    const auto residue = static_cast<std::size_t>(unit.items[0].sites[0].residue);
    BOOST_TEST(int{seen.types[residue]} == int{residue_unknown}); // the answer is not shown
    Index own = 0;
    for (const std::int32_t r : seen.atom_residues) own += r == static_cast<std::int32_t>(residue);
    BOOST_TEST(own == 4);
    BOOST_TEST(seen.atoms() > 60);
    BOOST_TEST((unit.items[0].label >= 0 && unit.items[0].label < 20));
  }

  BOOST_TEST(touching.size() == 2);
  BOOST_TEST(moved.size() == 2);
  BOOST_TEST(touching[1].group != touching[0].group);
  BOOST_TEST(touching[0].component == complex()->complex.component);
  for (Index u = 0; u < 2; ++u) {
    const LabelledUnit unit = moved[u].make();
    BOOST_TEST(moved[u].length == complex()->unbound[static_cast<std::size_t>(u)].residues());
    const Displacements expected = displacements(*complex(), static_cast<std::size_t>(u));
    BOOST_REQUIRE(unit.items.size() == expected.values.size());
    BOOST_TEST(unit.items[3].label == std::log(expected.values[3] + 0.1));
  }
}

// A mutation is its surroundings twice; between the two only the type and the side chain of its residue differ.
BOOST_AUTO_TEST_CASE(mutations_of_a_complex) {
  const auto whole = std::make_shared<const Structure>(whole_complex(*complex()));
  const std::vector<Index> alphas = whole->alpha_carbons();
  const auto distance = [&](Index r, Index q) {
    const Position &a = whole->positions[std::size_t(alphas[std::size_t(r)])],
                   &b = whole->positions[std::size_t(alphas[std::size_t(q)])];
    return std::hypot(double(a.x() - b.x()), double(a.y() - b.y()), double(a.z() - b.z()));
  };
  // A residue of the second chain with a whole side chain, near the first chain.
  const StructureChain& ligand = whole->chains[1];
  Index residue = -1, across = 0;
  for (Index r = ligand.first_residue; r < ligand.end(); ++r) {
    Index count = 0;
    for (Index q = 0; q < ligand.first_residue; ++q) count += distance(r, q) < 20;
    if (count > across && whole->types[std::size_t(r)] == residue_of_letter('R')) residue = r, across = count;
  }
  BOOST_REQUIRE(residue >= 0);
  const std::string position = std::to_string(residue - ligand.first_residue + 1), head = "pdb\tmutation\tddg_kcal_mol\tfiles\n";
  const auto row = [&](char wild, char mutant, const char* ddg) {
    return "1EFN\t" + ligand.name + ":" + wild + position + mutant + "\t" + ddg + "\tf\n";
  };
  const std::string text = head + row('R', 'A', "0.5") + row('R', 'G', "-1") + row('R', 'W', "0"),
                    other = head + row('K', 'A', "1");
  MemorySource source(text, "s.tsv"), wrong_source(other, "s.tsv");
  const MutationTable table = read_skempi(source), wrong = read_skempi(wrong_source);
  const std::shared_ptr<const Structure> complexes[] = {whole};
  const Index chosen[] = {0, 1, 2}, one[] = {0};
  LabelledStructures set;
  BOOST_TEST(refusal([&] { add_mutations(set, wrong, one, complexes); }).find("s.tsv:2: residue " + position) !=
             std::string::npos);
  BOOST_TEST(refusal([&] { add_mutations(set, table, chosen, {}); }).find("has 1 complexes, but 0 structures") !=
             std::string::npos);
  add_mutations(set, table, chosen, complexes);
  BOOST_REQUIRE(set.size() == 3);
  Index near = 0;
  for (Index r = 0; r < whole->residues(); ++r) near += alphas[std::size_t(r)] >= 0 && distance(r, residue) < 20;
  BOOST_TEST(near > across);
  BOOST_TEST(near < whole->residues());
  const auto atoms_of = [](const Structure& s, Index r) { return std::count(s.atom_residues.begin(), s.atom_residues.end(), r); };
  for (const Index u : chosen) {
    const LabelledUnit unit = set[u].make();
    BOOST_REQUIRE(unit.structures.size() == 2u);
    const Structure &before = *unit.structures[0], &after = *unit.structures[1];
    before.check(), after.check();
    const char mutant = table.mutations[std::size_t(u)].mutant;
    BOOST_TEST(set[u].length == 2 * near);
    BOOST_TEST(set[u].component == 0);
    BOOST_TEST(unit.items[0].label == (u == 0 ? 1.0 : 0.0)); // 0 kcal/mol is not tighter
    BOOST_TEST(atoms_of(before, residue) == atoms_of(*whole, residue));
    BOOST_TEST(atoms_of(before, residue) > 5); // there is a side chain to cut
    BOOST_TEST(atoms_of(after, residue) == (mutant == 'G' ? 4 : 5));
    BOOST_TEST(before.atoms() - after.atoms() == atoms_of(before, residue) - atoms_of(after, residue)); // no other is gone
    for (Index r = 0; r < whole->residues(); ++r) {
      const auto at = std::size_t(r);
      BOOST_TEST(int{before.types[at]} == int{whole->types[at]});
      BOOST_TEST(int{after.types[at]} == int{r == residue ? residue_of_letter(mutant) : whole->types[at]});
    }
    BatchPieces pieces;
    pieces.records = {u};
    const auto batch = owned_batch(Set(set), pieces);
    const auto view = batch.view();
    BOOST_REQUIRE(view.sites.size() == 2u);
    const auto node = [&](std::size_t site) { return std::size_t(view.sites[site].member[0]); };
    BOOST_TEST(view.graphs.node_columns[node(0)] == residue_of_letter('R'));
    BOOST_TEST(view.graphs.node_columns[node(1)] == residue_of_letter(mutant));
    BOOST_TEST(Index(node(1) - node(0)) == near); // the graphs have the same nodes
  }
  BOOST_TEST(refusal([&] { mutated(*whole, residue, 'B'); }).find("cannot become \"B\"") != std::string::npos);
  auto bare = std::make_shared<Structure>(*whole);
  bare->names[std::size_t(alphas[std::size_t(residue)])] = atom_unknown;
  const std::shared_ptr<const Structure> without[] = {bare};
  BOOST_TEST(refusal([&] { add_mutations(set, table, one, without); }).find("has no C-alpha") != std::string::npos);
  BOOST_TEST(set.size() == 3);
}

// What the head reads is the encoder's row of the C-alpha, or the mean of all rows.
BOOST_AUTO_TEST_CASE(rows_of_sites) {
  ThreadPool pool(2);
  EncodeGraphsSession<Encoder, Cpu> encoder(Cpu{&pool});
  encoder.parameters().initialise(4);
  const auto& [first, second] = std::tie(complex()->bound[0], complex()->bound[1]);
  const EncodedGraphs rows = encoder.encode(std::vector<Structure>{first, second});
  LabelledUnit unit = pairs().units()[0].make();
  unit.items = {{{{0, 5, SiteNodes::Alpha}, {1, 7, SiteNodes::Residue}}, 1},
                {{{1, 0, SiteNodes::Structure}, {0, 5, SiteNodes::Alpha}}, 0}};
  LabelledGraphs<ResidueGraph> batch;
  batch.add(unit, 3);
  BOOST_TEST(batch.items() == 2);
  const auto view = batch.view();
  const auto mean_of = [&](std::size_t slot, std::size_t item, Index channel) {
    double sum = 0;
    const RowGroups& g = view.sites[slot];
    for (Index k = g.begin[item]; k < g.begin[item + 1]; ++k) {
      const std::int32_t node = g.member[static_cast<std::size_t>(k)];
      const bool of_second = node >= rows.nodes.length(0);
      const auto row = rows.nodes[of_second ? 1 : 0].subspan(
          static_cast<std::size_t>((node - (of_second ? rows.nodes.length(0) : 0)) * Encoder::width));
      sum += static_cast<double>(row[static_cast<std::size_t>(channel)]);
    }
    return sum / static_cast<double>(g.begin[item + 1] - g.begin[item]);
  };
  // At residue level the nodes are the residues that have a C-alpha: here all.
  BOOST_REQUIRE(rows.nodes.length(0) == first.residues());
  for (const Index c : {0, 9}) {
    BOOST_TEST(mean_of(0, 0, c) == static_cast<double>(rows.nodes[0][static_cast<std::size_t>(5 * Encoder::width + c)]));
    BOOST_TEST(mean_of(1, 0, c) == static_cast<double>(rows.nodes[1][static_cast<std::size_t>(7 * Encoder::width + c)]));
  }
  BOOST_TEST(view.sites[0].begin[2] - view.sites[0].begin[1] == second.residues());

  // A hidden type: no column of a residue's type, on all nodes of the site.
  const auto type_column = [](const LabelledGraphs<ResidueGraph>& of, Index node) {
    return of.view().graphs.node_columns[static_cast<std::size_t>(node)];
  };
  BOOST_TEST(type_column(batch, 5) == first.types[5]);
  unit.items[0].sites[0].type_hidden = true;
  LabelledGraphs<ResidueGraph> hidden;
  hidden.add(unit, 3);
  BOOST_TEST(type_column(hidden, 5) == -1);
  BOOST_TEST(type_column(hidden, 6) == first.types[6]);

  unit.items[0].sites.pop_back();
  BOOST_TEST(refusal([&] { LabelledGraphs<ResidueGraph>().add(unit, 0); }).find("give every item of a set as many") !=
             std::string::npos);
  unit.items = {{{{0, first.residues(), SiteNodes::Alpha}}, 1}};
  BOOST_TEST(refusal([&] { LabelledGraphs<ResidueGraph>().add(unit, 0); }).find("give the number of one of them") !=
             std::string::npos);
  auto bare = std::make_shared<Structure>(first);
  for (auto& name : bare->names) name = name == atom_ca ? atom_name_of("CB") : name;
  unit = {{bare, complex()->unbound[0].residues() > 0 ? std::make_shared<const Structure>(second) : nullptr},
          {{{{0, 2, SiteNodes::Alpha}}, 1}}};
  BOOST_TEST(refusal([&] { LabelledGraphs<ResidueGraph>().add(unit, 0); }) != "");
  LabelledGraphs<ResidueGraph> one;
  one.add(LabelledUnit{{complex()->bound[0].residues() > 0 ? std::make_shared<const Structure>(first) : nullptr},
                       {{{{0, 2, SiteNodes::Alpha}}, 1}}},
          0);
  Session<Pairs> session(Cpu{&pool});
  Metrics metrics;
  BOOST_TEST(refusal([&] { session.validate(one, {}, metrics); }).find("for a head of 2") != std::string::npos);
}

// Gradients of all tensors, in double, against central differences.
template <class Model> void check_gradients(const Set& set) {
  const auto batch = owned_batch(set, first_unit());
  ThreadPool pool(2);
  TrainSession<TaskObjective<Model>, Cpu, Float64> session(Cpu{&pool}, {}, {.decay = 0});
  auto& parameters = session.parameters();
  parameters.initialise(6);
  const Index peak = session.planned_memory(batch);
  HostMemory memory(peak);
  const auto loss_of = [&](bool backward) {
    Arena arena(memory.data(), peak);
    Training<Cpu, Float64> run(Cpu{&pool}, arena, parameters.values(true));
    double value = 0;
    {
      const auto loss = session.objective().loss(run, batch.view());
      value = *loss.loss.data();
      if (backward) parameters.zero_gradients(), run.backward(loss.loss);
    }
    run.commit([](Index, Index, const double*) {});
    return value;
  };
  loss_of(true);
  const std::vector<double> gradient(parameters.gradients(), parameters.gradients() + parameters.size(Store::Trained));
  double scale = 0;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  Index checked = 0;
  double* const values = parameters.store(Store::Trained);
  for (const TensorPlace& place : parameters.tensors())
    if (place.store == Store::Trained)
      for (Index r = 0; r < place.rows; r += 1 + place.rows / 2) {
        const Index at = place.offset + r * stride_of(place.columns) + (place.columns - 1) / 2;
        const double kept = values[at], h = 1e-6;
        const auto at_value = [&](double x) {
          values[at] = x, parameters.changed();
          return loss_of(false);
        };
        const double numeric = (at_value(kept + h) - at_value(kept - h)) / (2 * h);
        at_value(kept);
        BOOST_CHECK_MESSAGE(std::abs(gradient[static_cast<std::size_t>(at)] - numeric) < 1e-6 * std::max(scale, 1.0), place.name);
        ++checked;
      }
  BOOST_TEST(checked > 30);
}
BOOST_AUTO_TEST_CASE(gradients) {
  check_gradients<Pairs>(pairs());
  check_gradients<Number>(displacements_of_complex());
}

BOOST_AUTO_TEST_CASE(training_learns_and_threads_change_nothing) {
  const Set set = pairs();
  const auto train = [&](int threads) {
    ThreadPool pool(threads);
    Session<Pairs> session(Cpu{&pool});
    session.parameters().initialise(2);
    const std::vector<LabelledGraphs<ResidueGraph>> batches{owned_batch(set, first_unit())};
    double before = 0, after = 0;
    for (int step = 0; step < 60; ++step) {
      const StepResult result = session.step(batches, 7, static_cast<std::uint64_t>(step), 5e-3);
      BOOST_REQUIRE(result.finite);
      (step == 0 ? before : after) = result.metrics.value("loss");
    }
    BOOST_TEST(after < 0.5 * before); // of 20 pairs it can learn every one
    return task_outputs(session, set);
  };
  const auto one = train(1), two = train(2);
  BOOST_TEST(one.size() == 40u);
  BOOST_TEST((one == two));
}

// A run that is cut at its third step and continued ends with the same bytes.
BOOST_AUTO_TEST_CASE(a_run_goes_on_bit_for_bit) {
  const Set set = displacements_of_complex();
  const auto folder = std::filesystem::temp_directory_path() / ("pleat_task_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  const auto run = [&](const char* name, std::initializer_list<Index> stops) {
    std::vector<float> values;
    for (const Index stop : stops) {
      ThreadPool pool(2);
      Session<Number> session(Cpu{&pool});
      session.parameters().initialise(2);
      TrainerOptions options{
          .steps = 6, .budget = 200, .crop = 0, .peak_rate = 1e-3, .warm_up = 2, .validate_every = 0, .checkpoint_every = 1};
      struct Stop {};
      Trainer trainer(session, set, Set(LabelledStructures{}), (folder / name).string(), options,
                      [] { return CheckpointInfo{"task"}; });
      try {
        trainer.run([&](const Progress& p) {
          if (p.step > stop) throw Stop{};
        });
      } catch (const Stop&) {
      }
      values.assign(session.parameters().store(Store::Trained),
                    session.parameters().store(Store::Trained) + session.parameters().size(Store::Trained));
    }
    return values;
  };
  const auto whole = run("whole", {6}), cut = run("cut", {3, 6});
  std::filesystem::remove_all(folder);
  BOOST_TEST((whole == cut));
}

BOOST_AUTO_TEST_SUITE_END()
