#include "tool_runs.hpp"

#include <cmath>
#include <sstream>

#include <pleat/data/structure_file.hpp>
#include <pleat/io/gzip.hpp>
#include <pleat/io/json.hpp>

using namespace tool_runs;
using pleat::Json;

namespace {

using Words = std::vector<std::string>;
const std::string structures = PLEAT_TEST_DATA "/../examples/data/structures";

// Both shipped complexes: 1EFN trains, 1SYX tests.
std::string split() {
  const std::string path = scratch()("finetune_split.tsv");
  std::string table = "file\tchain\tcluster\tcomponent\tsplit\n";
  int cluster = 0;
  for (const char* code : {"1EFN", "1SYX"})
    for (const char* partner : {"r", "l"}) {
      ++cluster;
      for (const char* form : {"u", "b"})
        table += std::string("unbound_bound/") + code + "_" + partner + "_" + form + ".pdb.gz\t" +
                 (partner[0] == 'r' ? "A" : "B") + "\tc" + std::to_string(cluster) + "\tk" + code + "\t" +
                 (code[1] == 'E' ? "train" : "test") + "\n";
    }
  spill(path, table);
  return path;
}
Words words(const std::string& task, const std::string& output, const Words& more = {}) {
  Words all{"finetune", "--task",   task,  "--structures", structures, "--split", split(),    "--output",
            output,     "--budget", "200", "--quiet",      "--steps",  "4",       "--warmup", "1"};
  if (std::find(more.begin(), more.end(), "--init") == more.end()) all.insert(all.end(), {"--init", "none"});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
Json result(const std::string& folder) { return Json::parse(slurp(folder + "/result.json"), "result"); }

} // namespace

BOOST_AUTO_TEST_SUITE(finetune)

BOOST_AUTO_TEST_CASE(a_task_is_trained_scored_and_continued) {
  const std::string folder = scratch()("interface");
  const Ran first = run(words("interface", folder));
  BOOST_REQUIRE_MESSAGE(first.code == 0, first.err);
  BOOST_TEST(first.out.find("interface: AUROC ") == 0u);
  const Json scored = result(folder);
  BOOST_TEST((scored.at("value").number() >= 0 && scored.at("value").number() <= 1));
  BOOST_TEST(scored.at("low").number() <= scored.at("value").number());
  BOOST_TEST(scored.at("units").integer() == 2);
  const std::string predictions = slurp(folder + "/predictions.tsv"), checkpoint = slurp(folder + "/model.safetensors");
  BOOST_TEST(std::count(predictions.begin(), predictions.end(), '\n') == scored.at("labels").integer() + 1);
  BOOST_TEST(run(words("interface", folder)).code == 0); // finished: scored again, nothing trained
  BOOST_TEST((slurp(folder + "/model.safetensors") == checkpoint));
  BOOST_TEST((slurp(folder + "/predictions.tsv") == predictions));
  BOOST_TEST(refuses(words("displacement", folder), 1, "is a checkpoint of task-interface"));
  BOOST_TEST(refuses(words("interface", folder, {"--seed", "2"}), 1, "another configuration"));
}

BOOST_AUTO_TEST_CASE(an_encoder_is_taken_from_a_pre_training) {
  const std::string pre = scratch()("finetune_pre"), folder = scratch()("from_pre");
  BOOST_REQUIRE(run({"pretrain-structure",
                     "--objective",
                     "diffpret",
                     "--level",
                     "residue",
                     "--structures",
                     structures + "/unbound_bound",
                     "--split",
                     split(),
                     "--output",
                     pre,
                     "--quiet",
                     "--budget",
                     "120",
                     "--crop",
                     "40",
                     "--steps",
                     "2",
                     "--validate-every",
                     "0"})
                    .code == 0);
  BOOST_REQUIRE(run(words("displacement", folder, {"--init", pre})).code == 0);
  BOOST_TEST(result(folder).at("run").at("initial").string() == "diffpret-gearnet-edge-residue-64x4");
  // The same folder, task and seed, from another encoder: refused, so that no score is told of the wrong one.
  BOOST_TEST(refuses(words("displacement", folder), 1, "another configuration"));
  BOOST_TEST(refuses(words("pip", scratch()("wrong_level"), {"--init", pre}), 1, "does not hold encoder."));
  BOOST_TEST(refuses(words("interface", scratch()("no_init"), {"--init", scratch()("nowhere")}), 1, "nowhere"));
}

BOOST_AUTO_TEST_CASE(atom_level_and_decoys) {
  BOOST_TEST(run(words("pip", scratch()("pip"))).code == 0);
  BOOST_TEST(result(scratch()("pip")).at("labels").integer() == 20);
  const std::string decoys = scratch()("decoys.safetensors"), folder = scratch()("psr");
  BOOST_TEST(refuses(words("psr", folder, {"--decoys", decoys, "--dry-run"}), 1, "making the decoys is most of the work"));
  const Ran made = run(words("psr", folder, {"--decoys", decoys, "--first", "1"}));
  BOOST_REQUIRE_MESSAGE(made.code == 0, made.err);
  BOOST_TEST(result(folder).at("labels").integer() == 20);
  const std::string kept = slurp(decoys), predictions = slurp(folder + "/predictions.tsv");
  BOOST_TEST(run(words("psr", folder, {"--decoys", decoys, "--first", "1"})).code == 0);
  BOOST_TEST((slurp(decoys) == kept));
  BOOST_TEST((slurp(folder + "/predictions.tsv") == predictions));
  // Labels are GDT_TS, not standardised.
  std::istringstream rows(predictions);
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    const double label = std::stod(line.substr(line.find('\t', line.find('\t') + 1) + 1));
    BOOST_TEST((label > 0 && label <= 1));
  }
  // Decoys that are files of the collection are a table of their own, whatever part the split has them in.
  const fs::path collection = scratch()("collection");
  fs::create_directories(collection / "decoys");
  fs::create_directory_symlink(fs::absolute(structures + "/unbound_bound"), collection / "unbound_bound");
  std::string listed = slurp(split());
  for (const char* file : {"1ezgA_tag0001.al", "1ezgA_native", "1ezgA_tag0003.al", "1ezgA_tag0004.al"}) {
    const std::string name = file + std::string(".pdb.gz");
    fs::copy_file(structures + "/" + name, collection / "decoys" / name);
    listed += "decoys/" + name + "\tA\tc9\tk9\ttrain\n";
  }
  const std::string wider = scratch()("with_decoys.tsv"), report = scratch()("quality");
  spill(wider, listed);
  const Ran compared = run({"evaluate-structure", "--structures", collection.string(), "--split", wider, "--decoys", decoys,
                            "--report", report, "--run", folder, "--resamples", "20"});
  BOOST_REQUIRE_MESSAGE(compared.code == 0, compared.err);
  const Json files = Json::parse(slurp(report + "/results.json"), "results").at("tasks").at("psr-files");
  BOOST_TEST(files.at("labels").integer() == 3);
  BOOST_REQUIRE(files.at("rows").items().size() == 5u); // four measures and the run
  // GDT_TS 0.60, 0.48, 0.73: three decoys are in one of six orders, or tied.
  const double rho = files.at("rows").items()[4].at("value").number();
  BOOST_TEST((std::abs(rho) <= 1 && std::abs(rho * 2 - std::round(rho * 2)) < 1e-9), rho);
  BOOST_TEST(refuses({"evaluate-structure", "--structures", structures, "--split", wider, "--decoys", decoys, "--report", report,
                      "--run", folder, "--resamples", "20"},
                     1, "1ezgA_native"));
  spill(decoys, kept.substr(0, kept.size() / 2));
  BOOST_TEST(refuses(words("psr", scratch()("psr2"), {"--decoys", decoys, "--first", "1"}), 1, "decoys.safetensors"));
}

BOOST_AUTO_TEST_CASE(mutations_by_complex) {
  // Of each complex 24 residues of both chains become alanine; every third binds tighter.
  std::string table = "pdb\tmutation\tddg_kcal_mol\tfiles\n", first;
  for (const std::string code : {"1EFN", "1SYX"}) {
    int made = 0;
    for (const char* partner : {"r", "l"}) {
      const auto source = pleat::open_input(structures + "/unbound_bound/" + code + "_" + partner + "_b.pdb.gz");
      const pleat::Structure chain = pleat::read_structure(*source).structure;
      const std::string letters = chain.sequence();
      for (std::size_t r = 0; r < letters.size() && made < (partner[0] == 'r' ? 12 : 24); r += 4) {
        if (letters[r] == 'A' || letters[r] == 'X') continue;
        const std::string row = code + "\t" + chain.chains[0].name + ":" + letters[r] + std::to_string(r + 1) + "A\t" +
                                (made % 3 == 0 ? "1.5" : "-0.25") + "\tunbound_bound/" + code + "_r_b.pdb.gz unbound_bound/" +
                                code + "_l_b.pdb.gz\n";
        if (made++ == 0 && first.empty()) first = row;
        table += row;
      }
    }
    BOOST_REQUIRE(made == 24);
  }
  const std::string path = scratch()("mutations.tsv"), folder = scratch()("msp");
  spill(path, table);
  const auto msp = [&](const Words& more) {
    Words all{"finetune", "--task", "msp",           "--structures", structures, "--init",  "none", "--output", folder,
              "--budget", "600",    "--second-fold", "1SYX",         "--quiet",  "--steps", "3",    "--warmup", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const Ran done = run(msp({"--mutations", path, "--fold", "1"}));
  BOOST_REQUIRE_MESSAGE(done.code == 0, done.err);
  BOOST_TEST(done.out.find("a pipeline check, no benchmark") != std::string::npos);
  const Json scored = result(folder);
  BOOST_TEST(scored.at("labels").integer() == 24);
  BOOST_TEST(scored.at("run").at("labels").integer() == 24);
  BOOST_TEST(!scored.contains("low"));
  BOOST_REQUIRE(scored.at("complexes").size() == 1);
  const Json& complex = scored.at("complexes").items()[0];
  BOOST_TEST(complex.at("complex").string() == "1SYX");
  BOOST_TEST(complex.at("mutations").integer() == 24);
  BOOST_TEST(complex.at("tighter").integer() == 8);
  BOOST_TEST(complex.at("auroc").number() == scored.at("value").number());
  BOOST_TEST(std::abs(complex.at("spearman").number()) <= 1);
  // The value is that of the predictions that were written.
  std::istringstream rows(slurp(folder + "/predictions.tsv"));
  std::string line;
  std::vector<double> odds[2];
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    std::istringstream fields(line);
    double unit, component, label, no, yes;
    BOOST_REQUIRE(bool(fields >> unit >> component >> label >> no >> yes));
    odds[label > 0].push_back(yes - no);
  }
  double right = 0;
  for (const double tighter : odds[1])
    for (const double other : odds[0]) right += tighter > other ? 1 : tighter == other ? 0.5 : 0;
  BOOST_TEST(std::abs(right / (8 * 16) - scored.at("value").number()) < 0.02); // six digits of the outputs were written
  BOOST_TEST(refuses(msp({"--mutations", path, "--fold", "0"}), 1, "another configuration"));

  // Fewer than 20 mutations: by complex still, but no value.
  fs::remove_all(folder);
  BOOST_REQUIRE(run(msp({"--mutations", path, "--fold", "0", "--first", "9"})).code == 0);
  BOOST_TEST(result(folder).at("value").is_null());
  BOOST_TEST(result(folder).at("complexes").items()[0].at("mutations").integer() == 9);

  const std::size_t colon = first.find(':');
  std::string wrong = first;
  wrong[colon + 1] = wrong[colon + 1] == 'W' ? 'Y' : 'W';
  spill(path, table.substr(0, table.find('\n') + 1) + wrong + table.substr(table.find('\n') + 1));
  BOOST_TEST(refuses(msp({"--mutations", path, "--fold", "1"}), 1, "mutations.tsv:2: residue 1 of chain"));
  BOOST_TEST(refuses(msp({"--mutations", path}), 2, "--task msp needs --mutations TABLE and --fold"));
  BOOST_TEST(refuses(msp({"--mutations", path, "--fold", "1", "--split", split()}), 2, "--split says nothing to --task msp"));
  BOOST_TEST(refuses(words("interface", folder, {"--fold", "1"}), 2, "--mutations and --fold belong to --task msp"));
  Words without = words("interface", folder);
  without.erase(std::find(without.begin(), without.end(), "--split"), std::find(without.begin(), without.end(), "--split") + 2);
  BOOST_TEST(refuses(without, 2, "--task interface needs --split"));
}

BOOST_AUTO_TEST_CASE(runs_are_compared) {
  const std::string report = scratch()("comparison");
  Words call{"evaluate-structure", "--structures", structures, "--split", split(), "--report", report, "--resamples", "20"};
  for (const char* task : {"interface", "displacement", "pip"})
    for (const char* seed : {"1", "2"}) {
      const std::string folder = scratch()(std::string("compared-") + task + seed);
      BOOST_REQUIRE(run(words(task, folder, {"--seed", seed})).code == 0);
      // The first seed as "none", the second as something else.
      call.insert(call.end(), {"--run", (seed[0] == '1' ? "none=" : "other & more=") + folder});
    }
  Words again = call;
  again.push_back("--again");
  const Ran made = run(again);
  BOOST_REQUIRE_MESSAGE(made.code == 0, made.err);
  BOOST_TEST(made.out.find("| other &amp; more |") != std::string::npos);
  const Json json = Json::parse(slurp(report + "/results.json"), "results");
  const Json& interface = json.at("tasks").at("interface");
  BOOST_TEST(interface.at("reference").string() == "none");
  BOOST_TEST(interface.at("rows").items().size() == 3u); // exposure; what is fitted needs a valid part
  const Json& other = interface.at("rows").items()[2];
  BOOST_TEST(other.contains("difference_to_reference"));
  BOOST_TEST(other.at("value").number() == result(scratch()("compared-interface2")).at("value").number(),
             boost::test_tools::tolerance(1e-4));
  BOOST_TEST(json.at("tasks").at("displacement").at("rows").items().size() == 5u);
  BOOST_TEST(json.at("tasks").at("pip").at("rows").items().size() == 4u);
  // The same predictions by the second label: C-alphas within 8 A are fewer contacts, and other scores.
  const Json& second = json.at("tasks").at("pip-second").at("rows");
  BOOST_TEST(second.items().size() == 4u);
  BOOST_TEST(second.items()[0].at("value").number() != json.at("tasks").at("pip").at("rows").items()[0].at("value").number());
  const std::string html = slurp(report + "/report.html");
  for (const char* what : {"Fine-tuning on interface", "interface from the unbound form: 1SYX", "<polyline"})
    BOOST_TEST(html.find(what) != std::string::npos, what);
  // Without the reference there is no difference to it; a protein can be named.
  Words few(call.begin(), call.begin() + 9);
  few.insert(few.end(), {"--run", scratch()("compared-interface2"), "--picture", "1SYX_l", "--no-baselines"});
  const Ran alone = run(few);
  BOOST_REQUIRE_MESSAGE(alone.code == 0, alone.err);
  BOOST_TEST(slurp(report + "/report.html").find("1SYX_l_u.pdb.gz, none, seed 2") != std::string::npos);
  few.back() = "--dry-run";
  BOOST_TEST(run(few).out.find("memory") != std::string::npos);
  const Ran inspected = run({"inspect", scratch()("compared-interface2")});
  BOOST_TEST(inspected.out.find("task-interface-gearnet-edge-residue-64x4") != std::string::npos);
  BOOST_TEST(inspected.out.find("head.") != std::string::npos);
  BOOST_TEST(refuses(
      {"evaluate", "--model", scratch()("compared-interface2"), "--task", "all", "--tasks-dir", structures, "--report", report},
      1, "pleat evaluate-structure"));
  Words other_reference(call);
  other_reference.insert(other_reference.end(), {"--reference", "nobody"});
  BOOST_TEST(refuses(other_reference, 1, "no run has this title"));
  // What is not a run, and predictions of other labels.
  Words wrong(call.begin(), call.begin() + 9);
  wrong.insert(wrong.end(), {"--run", scratch()("nothing_here")});
  BOOST_TEST(refuses(wrong, 1, "is this a finished run of `pleat finetune`"));
  const std::string folder = scratch()("compared-interface2"), table = folder + "/predictions.tsv";
  std::string changed = slurp(table);
  changed.resize(changed.rfind('\n', changed.size() - 2) + 1); // a row less
  spill(table, changed);
  wrong.back() = folder;
  BOOST_TEST(refuses(wrong, 1, "is of other labels"));
}

BOOST_AUTO_TEST_CASE(bad_input_and_dry_run) {
  const Ran dry = run(words("displacement", scratch()("dry"), {"--dry-run"}));
  BOOST_TEST(dry.code == 0);
  BOOST_TEST(dry.out.find("time ") != std::string::npos);
  BOOST_TEST(!fs::exists(scratch()("dry") + "/model.safetensors"));
  BOOST_TEST(refuses(words("folding", scratch()("x")), 2, "there is no structure task \"folding\""));
  const std::string empty = scratch()("only_train.tsv");
  spill(empty, "file\tchain\tcluster\tcomponent\tsplit\nunbound_bound/1EFN_r_b.pdb.gz\tA\tc1\tk1\ttrain\n");
  Words all = words("interface", scratch()("x"));
  *(std::find(all.begin(), all.end(), "--split") + 1) = empty;
  BOOST_TEST(refuses(all, 1, "holds nothing that the task interface can be made of"));
}

BOOST_AUTO_TEST_SUITE_END()
