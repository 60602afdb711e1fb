#include <boost/test/unit_test.hpp>

#include "support/refusal.hpp"

#include <cstdlib>
#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/backend/cpu/device.hpp>
#include <pleat/core/philox.hpp>
#include <pleat/data/structure_file.hpp>
#include <pleat/eval/decoy_baselines.hpp>
#include <pleat/eval/label_set_evaluation.hpp>
#include <pleat/eval/model_quality.hpp>
#include <pleat/eval/mutation_baseline.hpp>
#include <pleat/eval/task_problem.hpp>
#include <pleat/io/gzip.hpp>

using namespace pleat;

namespace {

const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures/";
Structure read(const std::string& path) { return read_structure(*open_input(path)).structure; }
using contract::refusal;
bool says(const std::string& message, const char* text) { return message.find(text) != std::string::npos; }

void check_quality(const Structure& model, const Structure& native, double rmsd, double gdt_ts, double gdt_ha) {
  const ModelQuality q = model_quality(model, native);
  BOOST_TEST(std::abs(q.rmsd - rmsd) < 1e-3, model.name << " " << q.rmsd);
  BOOST_TEST(std::abs(q.gdt_ts - gdt_ts) < 1e-3, model.name << " " << q.gdt_ts); // 0.015 was asked for
  BOOST_TEST(std::abs(q.gdt_ha - gdt_ha) < 1e-3, model.name << " " << q.gdt_ha);
}
MutationTable table_of(const std::string& rows) {
  const std::string text = "pdb\tmutation\tddg_kcal_mol\tfiles\n" + rows;
  MemorySource source(text, "s.tsv");
  return read_skempi(source);
}

} // namespace

BOOST_AUTO_TEST_SUITE(structure_quality)

// The values that the program TM-score gave for these decoys of the Rosetta-300k set.
BOOST_AUTO_TEST_CASE(shipped_decoys) {
  const Structure native = read(shipped + "1ezgA_native.pdb.gz");
  check_quality(native, native, 0, 1, 1);
  check_quality(read(shipped + "1ezgA_tag0001.al.pdb.gz"), native, 6.526, 0.5976, 0.4329);
  check_quality(read(shipped + "1ezgA_tag0003.al.pdb.gz"), native, 10.517, 0.4756, 0.3445);
  check_quality(read(shipped + "1ezgA_tag0004.al.pdb.gz"), native, 4.104, 0.7348, 0.5518);
}

// All of a table file, target, rmsd, gdt_ts, gdt_ha with the files in its folder decoys/, where PLEAT_DECOYS names that table.
BOOST_AUTO_TEST_CASE(decoys_of_a_table) {
  const char* path = std::getenv("PLEAT_DECOYS");
  if (path == nullptr) {
    BOOST_TEST_MESSAGE("PLEAT_DECOYS is not set: only the shipped decoys are compared");
    return;
  }
  FileSource source(path);
  CsvReader table(source, '\t');
  const std::string folder = std::string(path).substr(0, std::string(path).rfind('/')) + "/decoys/";
  while (table.next()) {
    const auto value = [&](const char* column) { return std::atof(std::string(table.field(table.column(column))).c_str()); };
    check_quality(read(folder + std::string(table.field(table.column("file"))) + ".gz"),
                  read(folder + std::string(table.field(table.column("target"))) + "_native.pdb.gz"), value("rmsd"),
                  value("gdt_ts"), value("gdt_ha"));
  }
}

BOOST_AUTO_TEST_CASE(quality_of_known_motions) {
  const Structure native = read(shipped + "1ezgA_native.pdb.gz");
  MatchedTraces t = match_traces(native, native);
  BOOST_TEST(t.matched() == 82);
  // Another place: quality is as before.
  std::vector<float> moved(t.model.size());
  for (std::size_t i = 0; i < moved.size(); i += 3)
    moved[i] = -t.model[i + 1] + 50, moved[i + 1] = t.model[i], moved[i + 2] = t.model[i + 2] - 7;
  BOOST_TEST(model_quality(moved, t.native, 82).gdt_ts == 1);
  BOOST_TEST(model_quality(moved, t.native, 82).rmsd < 1e-4);
  // The last 20 residues 100 away: the other 62 are found as one piece, though no superposition of all of them shows it.
  for (std::size_t i = 62 * 3; i < moved.size(); ++i) moved[i] += 100;
  const ModelQuality cut = model_quality(moved, t.native, 82);
  BOOST_TEST(cut.gdt_ts == 62.0 / 82, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(cut.gdt_ha == 62.0 / 82, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(cut.rmsd > 10);
  // Residues that the model lacks count as wrong.
  const Structure half = select_residues(native, [](Index r) { return r < 41; });
  BOOST_TEST(model_quality(half, native).gdt_ts == 0.5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(model_quality(half, native).rmsd < 1e-4);
  // A mirror image is another fold.
  for (std::size_t i = 0; i < moved.size(); i += 3)
    moved[i] = -t.model[i], moved[i + 1] = t.model[i + 1], moved[i + 2] = t.model[i + 2];
  BOOST_TEST(model_quality(moved, t.native, 82).gdt_ts < 0.6);
  // A coarser search finds no more.
  const Structure decoy = read(shipped + "1ezgA_tag0001.al.pdb.gz");
  const double fine = model_quality(decoy, native).gdt_ts,
               coarse = model_quality(decoy, native, {.starts = 8, .iterations = 8}).gdt_ts;
  BOOST_TEST(coarse <= fine);
  BOOST_TEST(coarse > fine - 0.03);

  Structure other = native;
  other.types[3] = residue_of_letter('W');
  BOOST_TEST(says(refusal([&] { match_traces(other, native); }), "a model is matched to its native structure by residue number"));
  for (ResidueLabel& label : other.labels) label.number += 1000;
  BOOST_TEST(says(refusal([&] { match_traces(other, native); }), "have no residue with a C-alpha in common"));
  BOOST_TEST(says(refusal([&] { model_quality(moved, t.native, 80); }), "got 82 matched residues of 80"));
}

BOOST_AUTO_TEST_CASE(decoy_rows) {
  std::vector<DecoyRow> rows;
  Philox draws(1);
  for (Index target = 0; target < 4; ++target)
    for (Index k = 0; k < 10; ++k) {
      const double gdt = draws.uniform();
      // The first knows everything within a target, the second everything, the third nothing; the fourth is constant.
      rows.push_back({target, k % 2 == 0 ? "even" : "odd", gdt, {gdt + 10 * double(target % 2), gdt, draws.uniform(), 1}});
    }
  const DecoyBaselines all = decoy_baselines(rows), even = decoy_baselines(rows, "even");
  BOOST_TEST(all.decoys == 40);
  BOOST_TEST(even.decoys == 20);
  BOOST_TEST(all.measures[0].mean == 1);
  BOOST_TEST(all.measures[0].global < 0.9);
  BOOST_TEST(all.measures[1].global == 1);
  BOOST_TEST(all.measures[0].targets == 4);
  BOOST_TEST(all.measures[3].targets == 0);
  BOOST_TEST(all.best() == 1);
  BOOST_TEST(!generator_is_accepted(all));
  DecoyBaselines fair = all;
  for (auto& c : fair.measures) c.mean = -0.4;
  BOOST_TEST(generator_is_accepted(fair));
  fair.measures[2].mean = -0.41; // a sign does not make it better
  BOOST_TEST(!generator_is_accepted(fair));
  fair.measures[2].mean = detail::undefined;
  BOOST_TEST(!generator_is_accepted(fair));
}

BOOST_AUTO_TEST_CASE(mutations) {
  BOOST_TEST(blosum62('W', 'W') == 11);
  BOOST_TEST(blosum62('D', 'E') == 2);
  BOOST_TEST(blosum62('E', 'D') == 2);
  BOOST_TEST(blosum62('I', 'G') == -4);
  BOOST_CHECK_THROW(blosum62('a', 'B'), Error);

  const Structure s = read(shipped + "1ezgA_native.pdb.gz");
  const std::vector<double> buried = burial(s);
  const std::vector<Index> alphas = s.alpha_carbons();
  const auto beta = [&](Index r) {
    for (std::size_t a = 0; a < s.names.size(); ++a)
      if (s.atom_residues[a] == r && s.names[a] == atom_cb) return s.positions[a];
    return s.positions[std::size_t(alphas[std::size_t(r)])];
  };
  for (const Index r : {Index{0}, Index{40}}) {
    Index count = 0;
    for (Index q = 0; q < s.residues(); ++q) {
      const Position p = beta(r), o = beta(q);
      count += q != r && std::hypot(double(p.x() - o.x()), double(p.y() - o.y()), double(p.z() - o.z())) < 10;
    }
    BOOST_TEST(buried[std::size_t(r)] == double(count));
  }

  // Energies that are a linear function of the features: the fit on one fold foretells the other exactly.
  std::string rows;
  const std::string sequence = s.sequence(), mutants = "ADKLWG";
  for (int complex = 0; complex < 3; ++complex)
    for (Index r = complex; r < s.residues(); r += 6)
      for (const char mutant : mutants) {
        const double ddg = 0.5 * blosum62(sequence[std::size_t(r)], mutant) - 0.1 * buried[std::size_t(r)] + 2.5;
        rows += std::string("C") + char('0' + complex) + "\tA:" + sequence[std::size_t(r)] + std::to_string(r + 1) + mutant +
                "\t" + std::to_string(ddg) + "\tfile\n";
      }
  const MutationTable table = table_of(rows);
  const Structure complexes[] = {s, s, s};
  const std::string_view second[] = {"C1"};
  const std::vector<int> folds = mutation_folds(table, second);
  const std::vector<double> scores = mutation_baseline(table, complexes, folds);
  for (std::size_t i = 0; i < scores.size(); ++i) BOOST_REQUIRE(std::abs(scores[i] - table.mutations[i].ddg) < 1e-4);
  const std::vector<ComplexScore> by_complex = score_mutations(table, scores);
  BOOST_TEST(by_complex.size() == 3u);
  for (const ComplexScore& score : by_complex) {
    BOOST_TEST(score.spearman > 0.99);
    BOOST_TEST(score.auroc > 0.99);
    BOOST_TEST(score.mutations == 84);
  }
  BOOST_TEST(mean_auroc(by_complex) == (by_complex[0].auroc + by_complex[1].auroc + by_complex[2].auroc) / 3);
  BOOST_TEST(std::isnan(mean_auroc(by_complex, 85)));
  const Index of_two[] = {1, 0};
  const MutationTable part = table.only(of_two);
  BOOST_TEST(part.mutations[0].line == table.mutations[1].line);
  BOOST_TEST(part.complexes.size() == 3u);
  const double swapped[] = {1, 2};
  BOOST_TEST(score_mutations(part, swapped)[0].mutations == 2);
  BOOST_TEST(score_mutations(part, swapped)[2].mutations == 0); // no mutation of it is left
  // A complex of one kind has no AUROC, one of two rows no rank correlation.
  const MutationTable few = table_of("X\tA:D1A\t-1\tf\nX\tA:D1E\t-2\tf\n");
  const double two[] = {1, 2};
  BOOST_TEST(std::isnan(score_mutations(few, two)[0].auroc));
  BOOST_TEST(std::isnan(score_mutations(few, two)[0].spearman));
  BOOST_TEST(says(refusal([&] { mutation_baseline(table, std::span(complexes).first(2), folds); }),
                  "has 3 complexes, but 2 structures"));
}

BOOST_AUTO_TEST_CASE(several_labels) {
  // Sequences of one letter mostly; the letter tells the class.
  std::string text = "id,sequence,label,split\n";
  Philox draws(4);
  for (int i = 0; i < 90; ++i) {
    std::string sequence;
    for (int k = 0; k < 30; ++k) sequence += draws.uniform() < 0.6 ? "AKW"[i % 3] : "GLDE"[draws.index(4)];
    text += "s" + std::to_string(i) + "," + sequence +
            (i % 3 == 0   ? ",1.1.1.1"
             : i % 3 == 1 ? ",2.2.2.2;2.2.2.-"
                          : ",3.3.3.3") +
            (i < 60   ? ",train\n"
             : i < 75 ? ",valid\n"
                      : ",test\n");
  }
  MemorySource source(text, "ec.csv");
  const LabelSetTask task = load_label_set_task(source, "ec");
  const std::vector<float> features = composition_matrix(task.sequences);
  ThreadPool threads(2);
  const double strengths[] = {1.0, 0.1};
  const FeatureView view{features.data(), task.sequences.size(), composition_width};
  const LabelSetScore score = evaluate_label_sets(Cpu{&threads}, view, task, strengths);
  BOOST_TEST(score.f1_max > 0.95);
  BOOST_TEST(score.micro_auprc > 0.95);
  const std::vector<float> nothing(features.size(), 1.0f); // constant features know the frequencies only
  const LabelSetScore floor = evaluate_label_sets(Cpu{&threads}, {nothing.data(), view.rows, view.width}, task, strengths);
  BOOST_TEST(floor.f1_max < 0.7);
  BOOST_TEST(says(refusal([&] {
                    evaluate_label_sets(Cpu{&threads}, {features.data(), 3, composition_width}, task, strengths);
                  }),
                  "features of 3 sequences were given for 90"));

  const LabelSetTask few = subsample(task, 10, 3);
  BOOST_TEST(few.sequences.size() == 30);
  BOOST_TEST((few.sets.classes == task.sets.classes));
  for (const Split split : all_splits) BOOST_TEST(few.of(split).size() == 10u);
  for (Index i = 0; i < 30; ++i) { // a row keeps what belongs to it
    const auto row = std::size_t(std::stoi(std::string(few.sequences.id(i)).substr(1)));
    BOOST_TEST((few.sets.labels[std::size_t(i)] == task.sets.labels[row]));
    BOOST_TEST((few.splits[std::size_t(i)] == task.splits[row]));
  }
  BOOST_TEST(subsample(task, 1000, 3).sequences.size() == 90);

  // Nearest neighbours never look into their own cluster: twins that share one are of no help.
  const LabelSets sets{{"a", "b"}, {{0}, {0}, {1}, {0, 1}}};
  const float rows[] = {1, 0, 1, 0, 0, 1, 3, 4};
  const Index clusters[] = {5, 5, 7, 8};
  const std::vector<double> found = leave_cluster_out_scores({rows, 4, 2}, sets, clusters);
  const std::vector<double> expected = {0.6, 0.6, 0.6, 0.6, 0.8, 0.8, 0.6, 0.8};
  for (std::size_t i = 0; i < expected.size(); ++i) BOOST_TEST(std::abs(found[i] - expected[i]) < 1e-6);
  const Index one[] = {5, 5, 5, 5};
  BOOST_TEST(says(refusal([&] { leave_cluster_out_scores({rows, 4, 2}, sets, one); }), "at least two clusters"));
  BOOST_TEST(says(refusal([&] { leave_cluster_out_scores({rows, 3, 2}, sets, clusters); }), "got 3 rows of features"));
}

BOOST_AUTO_TEST_SUITE_END()
