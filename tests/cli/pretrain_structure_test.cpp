#include "tool_runs.hpp"

#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include <pleat/io/json.hpp>
#include <pleat/io/safetensors.hpp>

using namespace tool_runs;
using pleat::Index;
using pleat::Json;
using pleat::Safetensors;

namespace {

using Words = std::vector<std::string>;
const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures/unbound_bound";

/// Small files and a split of them: receptor and ligand of 1EFN train, the ligand of 1SYX valid, its receptor test.
struct Corpus {
  std::string folder = scratch()("corpus"), split = scratch()("split.tsv");
  Corpus() {
    fs::create_directories(folder);
    std::string table = "file\tchain\tcluster\tcomponent\tsplit\n";
    const auto add = [&](const std::string& name, const char* chain, const char* group, const char* part) {
      fs::copy_file(shipped + "/" + name, folder + "/" + name, fs::copy_options::overwrite_existing);
      table += name + "\t" + chain + "\tc" + group + "\tk" + group + "\t" + part + "\n";
    };
    for (const char* form : {"u", "b"}) {
      const std::string end = std::string("_") + form + ".pdb.gz";
      add("1EFN_r" + end, "A", "1", "train"), add("1EFN_l" + end, "B", "2", "train");
      add("1SYX_l" + end, "B", "3", "valid"), add("1SYX_r" + end, "A", "4", "test");
    }
    spill(split, table);
  }
};
const Corpus& corpus() {
  static const Corpus c;
  return c;
}

Words words(const std::string& objective, const std::string& level, const std::string& output, const Words& more = {}) {
  Words all{"pretrain-structure",  "--objective", objective,  "--level", level,      "--structures", corpus().folder, "--split",
            corpus().split,        "--output",    output,     "--quiet", "--budget", "120",          "--crop",        "40",
            "--validate-residues", "80",          "--warmup", "2"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
/// The words with the values of options exchanged.
Words with(Words all, const Words& changes) {
  for (std::size_t i = 0; i + 1 < changes.size(); i += 2) {
    const auto at = std::find(all.begin(), all.end(), changes[i]);
    if (at == all.end())
      all.push_back(changes[i]), all.push_back(changes[i + 1]);
    else
      *(at + 1) = changes[i + 1];
  }
  return all;
}
Json last_line(const std::string& directory) {
  std::string log = slurp(directory + "/log.jsonl");
  log.pop_back();
  return Json::parse(log.substr(log.rfind('\n') + 1), directory);
}
Json config_of(const std::string& directory) {
  return Json::parse(Safetensors::open(directory + "/model.safetensors").metadata("config"), directory);
}
double number_in(const Json& json, const char* name) {
  const Json* found = json.find(name);
  return found != nullptr && !found->is_null() ? found->number() : std::nan("");
}

} // namespace

BOOST_AUTO_TEST_SUITE(pretrain_structure)

BOOST_AUTO_TEST_CASE(every_objective_on_both_levels) {
  const auto runs = [&](const std::string& objective, const std::string& level, const Words& more, const Words& metrics) {
    const std::string output = scratch()("run_" + objective + "_" + level);
    fs::remove_all(output);
    const Ran r = run(words(objective, level, output, more));
    BOOST_TEST(r.code == 0, r.err);
    if (r.code != 0) return;
    const Json line = last_line(output);
    BOOST_TEST(line.at("step").integer() == 2);
    for (const std::string& metric : metrics) {
      BOOST_TEST(std::isfinite(number_in(line, metric.c_str())), objective << " " << level << " " << metric);
      BOOST_TEST(std::isfinite(number_in(line, ("valid_" + metric).c_str())), objective << " " << level << " " << metric);
    }
    BOOST_TEST(number_in(line, "loss") > 0);
    BOOST_TEST(number_in(line, "gradient_norm") > 0);
    const Safetensors file = Safetensors::open(output + "/model.safetensors");
    BOOST_TEST(file.metadata("model").starts_with(objective + "-gearnet-edge-" + level + "-"));
    BOOST_TEST(file.contains("encoder.layers.0.linear.weight"));
    BOOST_TEST(
        file.contains("structure_head.layers.0.weight") ==
        (std::find(metrics.begin(), metrics.end(), "structure") != metrics.end() || objective == "denoising-score-matching"));
    const Json config = config_of(output);
    BOOST_TEST(config.at("objective").string() == objective);
    BOOST_TEST(config.at("level").string() == level);
    BOOST_TEST(config.at("run").at("structures").integer() == 4);
    BOOST_TEST(config.at("run").at("valid_structures").integer() == 2);
    BOOST_TEST(config.at("run").at("split").string().size() == 16u);
  };
  const Words steps{"--steps", "2"}, both{"loss", "structure", "sequence", "accuracy"};
  for (const char* level : {"residue", "atom"}) {
    runs("diffpret", level, steps, both);
    runs("denoising-score-matching", level, steps, {"loss"});
    runs("residue-type", level, steps, {"loss", "accuracy"});
    runs("distance", level, steps, {"loss"});
  }
  for (const char* conformer : {"gaussian", "torsional", "rotamers", "observed"}) {
    const Words more{"--steps", "2", "--conformer", conformer};
    for (const char* level : {"residue", "atom"}) {
      runs("siamdiff", level, more, both);
      const Json run = config_of(scratch()(std::string("run_siamdiff_") + level)).at("run");
      BOOST_TEST(run.at("conformer").string() == conformer);
      BOOST_TEST(run.at("gamma").number() == 0.5);
      BOOST_TEST(run.at("crop").integer() == 40);
    }
  }
}

BOOST_AUTO_TEST_CASE(only_the_asked_for_part_is_read) {
  const std::string output = scratch()("part");
  const auto told = [&](const Words& changes, const std::string& text) {
    fs::remove_all(output);
    Words all = with(words("diffpret", "residue", output, {"--dry-run"}), changes);
    std::erase(all, "--quiet");
    const Ran r = run(all);
    BOOST_TEST(r.code == 0, r.err);
    BOOST_TEST(r.says(text.c_str()), r.err);
    BOOST_TEST(!fs::exists(output));
    return r;
  };
  told({}, "4 structures, 310 residues to train on; 2 structures, 124 residues to validate on");
  told({"--part", "test"}, "2 structures, 259 residues to train on; 2 structures, 124 residues to validate on");
  told({"--part", "valid"}, "2 structures, 124 residues to train on; 0 structures, 0 residues to validate on");
  // Half of the components, for any seed; one residue more than none is one component.
  const Ran half = told({"--fraction", "0.5", "--seed", "1"}, "2 structures, ");
  BOOST_TEST(told({"--fraction", "0.5", "--seed", "2"}, "2 structures, ").err == half.err);
  BOOST_TEST(told({"--fraction", "0.01"}, "2 structures, ").err == half.err);
  // Forms: 1EFN_l_u has two residues that the bound form lacks. The files of one form alone have no other one.
  const Words forms{"--objective", "siamdiff", "--conformer", "observed"};
  told(forms, "4 structures, 308 residues to train on");
  told(forms, "4 structures were observed in another form, 0 have a Gaussian conformer instead");
  told({"--objective", "siamdiff", "--conformer", "observed", "--structures", corpus().folder + "/1EFN_r_u.pdb.gz"},
       "0 structures were observed in another form, 1 have a Gaussian conformer instead");
  // A file that the table lacks, with --all; and without a table.
  const std::string strange = PLEAT_TEST_DATA "/../examples/data/structures/103l.pdb.gz";
  Words all = words("diffpret", "residue", output, {"--dry-run", "--all", "--list", scratch()("more.txt")});
  std::erase(all, "--quiet");
  spill(scratch()("more.txt"), strange + "\n");
  BOOST_TEST(run(all).says("5 structures, 469 residues to train on; 2 structures, 124"));
  all = with(all, {"--structures", shipped});
  all.erase(std::find(all.begin(), all.end(), "--split"), std::find(all.begin(), all.end(), "--split") + 2);
  BOOST_TEST(run(all).says("9 structures, 852 residues to train on; 0 structures, 0"));
}

BOOST_AUTO_TEST_CASE(dry_run_tells_what_a_run_takes) {
  for (const char* level : {"residue", "atom"}) {
    const Ran r = run(words("siamdiff", level, scratch()("dry"), {"--dry-run", "--threads", "1"}));
    BOOST_TEST(r.code == 0, r.err);
    for (const char* text :
         {"model            siamdiff-gearnet-edge-", "4 structures, ", "memory  ", "disk  ", "time  ", "--threads 1"})
      BOOST_TEST(r.out.find(text) != std::string::npos, text);
    BOOST_TEST(r.err.empty(), r.err);
    BOOST_TEST(!fs::exists(scratch()("dry")));
  }
}

// Killed and started again with another number of threads: byte for byte what a run gives that nobody disturbed.
BOOST_AUTO_TEST_CASE(resumes_bit_for_bit) {
  const auto of = [](const std::string& output, const char* threads) {
    return with(words("siamdiff", "residue", output),
                {"--steps", "12", "--checkpoint-every", "3", "--validate-every", "2", "--threads", threads, "--average", "0.9",
                 "--conformer", "rotamers", "--budget", "480", "--crop", "120"});
  };
  const auto steps = [](const std::string& output) {
    const std::string log = slurp(output + "/log.jsonl");
    return std::count(log.begin(), log.end(), '\n');
  };
  const std::string calm = scratch()("calm_s"), killed = scratch()("killed_s");
  const Ran whole = run(of(calm, "2"));
  BOOST_REQUIRE_MESSAGE(whole.code == 0, whole.err);
  const pid_t child = start(of(killed, "1"), scratch()("out"), scratch()("err"));
  for (int turn = 0; turn < 60000 && steps(killed) < 4; ++turn) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  BOOST_TEST(WIFSIGNALED(status));
  BOOST_TEST(steps(killed) >= 3);
  const auto stood = Json::parse(slurp(killed + "/config.json"), "config").at("training").at("step").integer();
  BOOST_TEST((stood >= 3 && stood < 12 && stood % 3 == 0)); // where depends on when the signal came
  const Ran end = run(of(killed, "2"));
  BOOST_TEST(end.code == 0, end.err);
  BOOST_TEST(steps(calm) == 12);
  BOOST_TEST((slurp(calm + "/log.jsonl") == slurp(killed + "/log.jsonl")));
  BOOST_TEST((slurp(calm + "/model.safetensors") == slurp(killed + "/model.safetensors")));

  // Another choice is no continuation.
  const auto other = [&](const Words& changes, const char* text) { return refuses(with(of(killed, "2"), changes), 1, text); };
  BOOST_TEST(other({"--seed", "2"}, "run.seed: 1 there, 2 here"));
  BOOST_TEST(other({"--gamma", "0.25"}, "run.gamma: 0.5 there, 0.25 here"));
  BOOST_TEST(other({"--conformer", "gaussian"}, "run.conformer: "));
  BOOST_TEST(other({"--fraction", "0.5"}, "run.fraction: 1.0 there, 0.5 here"));
  BOOST_TEST(other({"--stage", "2"}, "run.stage: 1 there, 2 here"));
  BOOST_TEST(other({"--objective", "diffpret", "--conformer", ""}, "is a checkpoint of siamdiff-gearnet-edge-residue-64x4"));
}

BOOST_AUTO_TEST_CASE(the_second_stage_begins_where_the_first_ended) {
  const std::string first = scratch()("stage1"), second = scratch()("stage2");
  BOOST_REQUIRE(run(words("siamdiff", "residue", first, {"--steps", "3"})).code == 0);
  const Ran r = run(words("siamdiff", "residue", second, {"--stage", "2", "--init", first, "--steps", "1", "--rate", "0"}));
  BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
  const Safetensors before = Safetensors::open(first + "/model.safetensors"),
                    after = Safetensors::open(second + "/model.safetensors");
  int same = 0;
  for (const std::string& name : before.names())
    if (!name.starts_with("train.") && name.find("running") == name.npos && name.find("num_batches") == name.npos)
      same += before.read<float>(name) == after.read<float>(name);
  BOOST_TEST(same > 40); // at a rate of 0 all trained values stay those of the first stage
  for (const char* name : {"encoder.layers.0.linear.weight", "sequence_head.layers.0.weight", "structure_head.layers.0.weight"})
    BOOST_TEST((before.read<float>(name) == after.read<float>(name)), name);
  const Json config = config_of(second);
  BOOST_TEST(config.at("run").at("gamma").number() == 0.2);
  BOOST_TEST(config.at("run").at("stage").integer() == 2);
  BOOST_TEST(config.at("initial").string().size() == 16u);
  const Json training = Json::parse(after.metadata("training"), "training");
  BOOST_TEST(training.at("updates").integer() == 1); // the optimiser is a fresh one
  // Values of other names or shapes.
  BOOST_TEST(refuses(words("residue-type", "residue", scratch()("s"), {"--init", first}), 1, "not needed: "));
  BOOST_TEST(refuses(words("siamdiff", "atom", scratch()("s"), {"--init", first}), 1, "with another shape"));
  BOOST_TEST(refuses(words("siamdiff", "residue", scratch()("s"), {"--init", scratch()("nowhere")}), 1, "nowhere"));
  BOOST_TEST(refuses(words("siamdiff", "residue", second, {"--stage", "2", "--steps", "1", "--rate", "0"}), 1,
                     "was trained with another configuration"));
}

BOOST_AUTO_TEST_CASE(a_pretrained_encoder_is_read) {
  const std::string trained = scratch()("read"), file = corpus().folder + "/1EFN_l_u.pdb.gz", out = scratch()("rows.safetensors");
  for (const std::string level : {"residue", "atom"}) {
    const std::string encoder = level == "residue" ? "gearnet-edge-residue-64x4" : "gearnet-edge-atom-32x4";
    fs::remove_all(trained);
    BOOST_REQUIRE(run(words("siamdiff", level, trained, {"--steps", "2"})).code == 0);
    const auto rows_with = [&](const Words& weights) {
      Words all{"embed-structure", file, "--model", encoder, "--output", out, "--quiet"};
      all.insert(all.end(), weights.begin(), weights.end());
      const Ran r = run(all);
      BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
      return Safetensors::open(out).read<float>("rows");
    };
    const auto rows = rows_with({"--weights", trained});
    BOOST_TEST(rows.size() > 50u * 128);
    BOOST_TEST(std::all_of(rows.begin(), rows.end(), [](float x) { return std::isfinite(x); }));
    BOOST_TEST((rows == rows_with({"--weights", trained + "/model.safetensors"})));
    BOOST_TEST((rows != rows_with({"--random", "1"})));
  }
  BOOST_TEST(refuses({"embed-structure", file, "--model", "gearnet-edge-residue-64x4", "--output", out, "--weights", trained}, 1,
                     "does not fit this model"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_one_sentence) {
  const std::string out = scratch()("refused");
  const auto usage = [&](const Words& changes, const char* text) {
    return refuses(with(words("siamdiff", "residue", out), changes), 2, text);
  };
  BOOST_TEST(usage({"--objective", "bert"}, "there are diffpret, siamdiff, denoising-score-matching, residue-type, distance."));
  BOOST_TEST(usage({"--level", "chain"}, "there are residue and atom"));
  BOOST_TEST(usage({"--model", "gearnet"}, "there are gearnet-edge-residue-64x4, gearnet-edge-atom-32x4."));
  BOOST_TEST(usage({"--model", "gearnet-edge-atom-32x4"}, "reads graphs of atoms"));
  BOOST_TEST(usage({"--conformer", "md"}, "there are gaussian, torsional, rotamers, observed"));
  BOOST_TEST(usage({"--objective", "diffpret", "--conformer", "gaussian"}, "looks at one form"));
  BOOST_TEST(usage({"--objective", "residue-type", "--gamma", "0.5"}, "has one loss"));
  BOOST_TEST(usage({"--objective", "distance", "--stage", "2"}, "has one stage"));
  BOOST_TEST(usage({"--stage", "3"}, "--stage"));
  BOOST_TEST(usage({"--gamma", "1.5"}, "--gamma"));
  BOOST_TEST(usage({"--fraction", "0"}, "above 0 and at most 1"));
  BOOST_TEST(usage({"--fraction", "nan"}, "above 0 and at most 1"));
  BOOST_TEST(usage({"--part", "holdout"}, "there are train, valid and test"));
  BOOST_TEST(usage({"--rate", "nan"}, "--rate is nan, which is no amount"));
  BOOST_TEST(refuses({"pretrain-structure", "--objective", "siamdiff", "--structures", "x", "--all", "--output", out}, 2,
                     "give --level residue or atom"));
  const Words bare{"pretrain-structure", "--objective", "siamdiff", "--level", "residue", "--output", out};
  BOOST_TEST(refuses(with(bare, {"--split", corpus().split}), 2, "there is no input"));
  BOOST_TEST(refuses(with(bare, {"--structures", corpus().folder}), 2, "there is no split"));
  Words every = with(bare, {"--structures", corpus().folder, "--fraction", "0.5"});
  every.push_back("--all");
  BOOST_TEST(refuses(every, 2, "give one"));

  const auto fails = [&](const Words& changes, const char* text) {
    return refuses(with(words("siamdiff", "residue", out), changes), 1, text);
  };
  BOOST_TEST(fails({"--structures", scratch()("nix.pdb")}, "nix.pdb: there is no such file"));
  BOOST_TEST(fails({"--split", scratch()("nix.tsv")}, "nix.tsv"));
  spill(scratch()("bad.tsv"), "file\tchain\tsplit\n");
  BOOST_TEST(fails({"--split", scratch()("bad.tsv")}, "bad.tsv"));
  const std::string strange = PLEAT_TEST_DATA "/../examples/data/structures/103l.pdb.gz";
  BOOST_TEST(fails({"--structures", strange}, "103l.pdb.gz: "));
  BOOST_TEST(fails({"--structures", strange}, "has no such file, so it may be one that a test looks at"));
  BOOST_TEST(fails({"--structures", corpus().folder + "/1SYX_r_u.pdb.gz"}, "none of the 1 files has a chain of the part train"));
  spill(scratch()("other_chain.tsv"), "file\tchain\tcluster\tcomponent\tsplit\n1SYX_r_u.pdb.gz\tZ\tc1\tk1\ttrain\n");
  BOOST_TEST(fails({"--structures", corpus().folder + "/1SYX_r_u.pdb.gz", "--split", scratch()("other_chain.tsv")},
                   "has no chain \"A\" of \"1SYX_r_u.pdb.gz\", only \"Z\""));
  // Content that is none, in a file that the table has.
  const auto content = [&](const std::string& text, const char* says) {
    fs::create_directories(scratch()("broken"));
    spill(scratch()("broken/1EFN_r_u.pdb.gz"), text);
    return fails({"--structures", scratch()("broken")}, says);
  };
  BOOST_TEST(content("no structure\n", "broken/1EFN_r_u.pdb.gz: is neither PDB nor mmCIF"));
  BOOST_TEST(content(slurp(corpus().folder + "/1EFN_r_u.pdb.gz").substr(0, 2000), "broken/1EFN_r_u.pdb.gz: "));
  BOOST_TEST(content("ATOM      2  N   THR A  85      20.471 -10.398  20.180  1.00 42.56           N\n",
                     "broken/1EFN_r_u.pdb.gz: none of its 1 residues has a C-alpha"));
  BOOST_TEST(fails({"--budget", "30"}, "budget of 30 residues is smaller than one sequence"));
  BOOST_TEST(!fs::exists(out), "nothing is left behind");
}

BOOST_AUTO_TEST_SUITE_END()
