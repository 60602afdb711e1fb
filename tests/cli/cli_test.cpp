#include "tool_runs.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <pleat/io/gzip.hpp>
#include <pleat/io/json.hpp>
#include <pleat/io/npy.hpp>
#include <pleat/io/safetensors.hpp>
#include <pleat/io/safetensors_writer.hpp>

using namespace tool_runs;
using pleat::Index;
using pleat::Safetensors;

namespace {

std::string proteins(int count, int seed, unsigned shortest = 20) {
  std::string text;
  unsigned state = static_cast<unsigned>(seed) * 747796405u + 2891336453u;
  auto next = [&state](unsigned below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  for (int i = 0; i < count; ++i) {
    text += ">p" + std::to_string(i) + (i % 5 == 4 ? " mark" : "") + "\n";
    for (unsigned n = shortest + next(60); n > 0; --n) text += "LAGVSERTIDPKQNFYMHWC"[next(20)];
    text += "\n";
  }
  return text;
}

/// Files that several tests share: sequences, an autoencoder and its diffusion, both of size nano.
struct World {
  std::string train = scratch()("train.fasta"), valid = scratch()("valid.fasta"), few = scratch()("few.fasta");
  std::string model = scratch()("model"), diffusion = scratch()("diffusion");
  std::vector<std::string> pretrain(const std::string& output, const char* steps = "12") const {
    return {"pretrain",
            "--model",
            "lsd-nm-nano",
            "--data",
            train,
            "--valid",
            valid,
            "--output",
            output,
            "--steps",
            steps,
            "--budget",
            "256",
            "--crop",
            "64",
            "--warmup",
            "4",
            "--validate-every",
            "6",
            "--validate-residues",
            "256",
            "--checkpoint-every",
            "5",
            "--threads",
            "2"};
  }
  std::vector<std::string> embed(const std::string& input, const std::string& output,
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"embed", "--model", diffusion, "--input", input, "--output", output};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  World() {
    spill(train, proteins(60, 1)), spill(valid, proteins(12, 2)), spill(few, proteins(7, 3));
    const Ran a = run(pretrain(model));
    BOOST_REQUIRE_MESSAGE(a.code == 0, a.err);
    const Ran b =
        run({"diffuse", "--autoencoder",     model,  "--data",         train,      "--valid", valid, "--output",
             diffusion, "--steps",           "12",   "--budget",       "256",      "--crop",  "64",  "--validate-residues",
             "256",     "--latent-residues", "1000", "--time-sampler", "reducible"});
    BOOST_REQUIRE_MESSAGE(b.code == 0, b.err);
  }
};
const World& world() {
  static const World w;
  return w;
}

/// A copy of a checkpoint with something changed.
void rewrite(const std::string& from, const std::string& to, const std::string& key, const std::string& value,
             const std::string& tensor = "", float factor = 1, bool leave_out = false) {
  const Safetensors file = Safetensors::open(from);
  pleat::SafetensorsWriter writer(to);
  for (const auto& [k, v] : file.metadata()) writer.metadata(k, k == key ? value : v);
  auto kept = [&](const std::string& name) { return !(leave_out && name == tensor); };
  std::vector<std::string> names;
  for (const std::string& name : file.names())
    if (kept(name)) names.push_back(name), writer.declare(name, file.dtype(name), file.shape(name));
  for (const std::string& name : names) {
    if (file.dtype(name) == pleat::Dtype::U8) {
      writer.write(file.read<std::uint8_t>(name));
    } else if (file.dtype(name) == pleat::Dtype::F64) {
      writer.write(file.read<double>(name));
    } else {
      std::vector<float> values = file.read<float>(name);
      if (name == tensor)
        for (float& v : values) v *= factor;
      writer.write(values);
    }
  }
  writer.finish();
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_AUTO_TEST_CASE(usage_and_help) {
  BOOST_TEST(refuses({}, 2, "subcommand"));
  BOOST_TEST(refuses({"predict"}, 2, "there is no command \"predict\""));
  BOOST_TEST(refuses({"embed", "--no-such-option"}, 2, "--help"));
  BOOST_TEST(refuses({"pretrain", "--model", "lsd-nm-nano"}, 2, "required"));
  BOOST_TEST(refuses({"pretrain", "--model", "lsd-nm-nano", "--data", "x", "--output", "y", "--steps", "many"}, 2, "--steps"));
  const Ran version = run({"--version"});
  BOOST_TEST(version.code == 0);
  BOOST_TEST(version.out.find(pleat::version) != std::string::npos);
  for (const char* command : {"pretrain", "pretrain-structure", "diffuse", "embed", "embed-structure", "evaluate", "models",
                              "inspect", "inspect-structure", "finetune", "evaluate-structure", "neighbours", "selftest"}) {
    const Ran help = run({command, "--help"});
    BOOST_TEST(help.code == 0);
    BOOST_TEST(help.out.find(std::string("Example:\n  pleat ") + command) != std::string::npos, command);
  }
}

BOOST_AUTO_TEST_CASE(the_registry_is_what_it_should_be) {
  const Ran models = run({"models"});
  BOOST_TEST(models.code == 0);
  int rows = 0;
  for (const char* kind : {"mlm", "lsd-tn", "lsd-nm"})
    for (const char* size : {"nano", "xs", "s"})
      for (const char* suffix : {"", "-diffusion"}) {
        const std::string name = std::string(kind) + "-" + size + suffix + " ";
        rows += models.out.find(name) != std::string::npos;
      }
  BOOST_TEST(rows == 18);
  for (const char* row : {"gearnet-edge-residue-64x4  4 x 64     residue      256 sum            208419\n",
                          "gearnet-edge-residue       6 x 512    residue     3072 sum          20145635\n",
                          "gearnet-edge-atom          6 x 128    atom         768 mean           834503\n",
                          "gvp-atom                   5 x 100    atom         100 mean           874982\n"})
    BOOST_TEST(models.out.find(row) != std::string::npos, row);
  BOOST_TEST(refuses({"pretrain", "--model", "lsd-nm-xl", "--data", "x", "--output", "y"}, 2,
                     "there are mlm-nano, lsd-tn-nano, lsd-nm-nano, mlm-xs, lsd-tn-xs, lsd-nm-xs, mlm-s, lsd-tn-s, lsd-nm-s"));
}

BOOST_AUTO_TEST_CASE(selftest_passes) {
  const Ran r = run({"selftest"});
  BOOST_TEST(r.code == 0);
  BOOST_TEST(r.out.find("all good") != std::string::npos);
}

// Of a tool that was built without CUDA, as that of these tests is; tests/tool_cuda/check.sh has the other.
BOOST_AUTO_TEST_CASE(devices) {
  spill(scratch()("devices.fasta"), ">a\nMKTAYIAKQRQISFVK\n");
  const auto with = [&](const char* device) {
    return std::vector<std::string>{"pretrain",
                                    "--model",
                                    "mlm-nano",
                                    "--data",
                                    scratch()("devices.fasta"),
                                    "--output",
                                    scratch()("devices"),
                                    "--steps",
                                    "1",
                                    "--budget",
                                    "64",
                                    "--crop",
                                    "64",
                                    "--threads",
                                    "1",
                                    "--device",
                                    device};
  };
  for (const char* device : {"tpu", "cuda:", "cuda:x", "cuda:-1", ""})
    BOOST_TEST(refuses(with(device), 2, "there are cpu, cuda, cuda:N (the GPU of number N, from 0) and auto"), device);
  for (const char* device : {"cuda", "cuda:1"})
    BOOST_TEST(refuses(with(device), 1,
                       (std::string("--device ") + device +
                        ": this program was built without CUDA; configure with "
                        "-DPLEAT_TOOL_CUDA=ON")
                           .c_str()));
  const auto precise = [&](const char* device) {
    auto words = with(device);
    words.insert(words.end(), {"--precision", "bf16"});
    return words;
  };
  BOOST_TEST(refuses(precise("cpu"), 2, "--precision bf16: the CPU computes in float32; leave it out"));
  BOOST_TEST(
      refuses(precise("auto"), 1, "--precision bf16: the CPU computes in float32, and this program was built without CUDA"));
  BOOST_TEST(!fs::exists(scratch()("devices")));
  BOOST_TEST(refuses({"selftest", "--device", "cuda"}, 1, "built without CUDA"));
  const Ran r = run(with("auto"));
  BOOST_TEST(r.code == 0);
  BOOST_TEST(r.out.find("mlm-nano on cpu: 1 steps") == 0u, r.out);
  BOOST_TEST(!r.says("CPU")); // nothing else was to be had
  const std::vector<std::string> embed{
      "embed",   "--model", scratch()("devices"), "--input", scratch()("devices.fasta"), "--output", scratch()("devices.npy"),
      "--device"};
  const auto on = [&](const char* device) {
    auto words = embed;
    words.push_back(device);
    return words;
  };
  BOOST_TEST(refuses(on("cuda"), 1, "built without CUDA"));
  BOOST_TEST(run(on("cpu")).out.find("of width 128, on cpu: ") != std::string::npos);
}

// What a run was trained in is in its checkpoint, and it goes on so.
BOOST_AUTO_TEST_CASE(runs_keep_their_precision) {
  const std::string folder = scratch()("precise"), file = folder + "/model.safetensors", of_model = world().model;
  const auto precision = [&] {
    return pleat::Json::parse(Safetensors::open(file).metadata("training"), file).at("precision").string();
  };
  const auto record = [&](const std::string& recorded) { // a run of 12 steps whose last ones were in it
    fs::remove_all(folder), fs::copy(of_model, folder);
    std::string training = Safetensors::open(file).metadata("training");
    const std::string mine = ",\"precision\":\"float32\"";
    const std::size_t at = training.find(mine);
    BOOST_REQUIRE(at != std::string::npos);
    rewrite(of_model + "/model.safetensors", file, "training", training.replace(at, mine.size(), recorded));
  };
  const auto go_on = [&](const std::vector<std::string>& more) {
    auto words = world().pretrain(folder, "14");
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  record(",\"precision\":\"bf16\"");
  BOOST_TEST(
      refuses(go_on({}), 1,
              "/model.safetensors: was trained in bf16 (to go on in float32 give --precision float32): the CPU computes in "
              "float32, and this program was built without CUDA"));
  BOOST_TEST(
      refuses(go_on({"--device", "cpu"}), 1, "was trained in bf16 (to go on in float32 give --precision float32): the CPU"));
  BOOST_TEST(
      refuses(go_on({"--device", "cuda"}), 1, "give --precision float32): --device cuda: this program was built without CUDA"));
  BOOST_TEST(refuses(go_on({"--precision", "bf16"}), 1, "--precision bf16: the CPU computes in float32, and"));
  BOOST_TEST(precision() == "bf16");
  const Ran other = run(go_on({"--precision", "float32"}));
  BOOST_TEST(other.code == 0, other.err);
  BOOST_TEST(other.says("/model.safetensors: was trained in bf16 and goes on in float32, as --precision says\n"));
  BOOST_TEST(precision() == "float32");
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--precision", "float32"}}) {
    record(""); // before there was another
    const Ran old = run(go_on(more));
    BOOST_TEST(old.code == 0, old.err);
    BOOST_TEST(!old.says("was trained in"));
    BOOST_TEST(precision() == "float32");
  }
}

BOOST_AUTO_TEST_CASE(bad_sequences) {
  const auto with = [&](const std::string& data) {
    return std::vector<std::string>{"pretrain", "--model", "mlm-nano", "--data", data,     "--output", scratch()("bad"),
                                    "--steps",  "1",       "--budget", "64",     "--crop", "64"};
  };
  BOOST_TEST(refuses(with(scratch()("absent.fasta")), 1, "absent.fasta: cannot be opened"));
  spill(scratch()("empty"), "");
  BOOST_TEST(refuses(with(scratch()("empty")), 1, "has no sequences"));
  spill(scratch()("text"), "id,sequence\n1,MKV\n");
  BOOST_TEST(refuses(with(scratch()("text")), 1, "is not a FASTA file"));
  spill(scratch()("binary"), std::string(">a\nMK\0\x01V\n", 9));
  BOOST_TEST(refuses(with(scratch()("binary")), 1, "binary data"));
  {
    std::string packed = slurp(PLEAT_TEST_DATA "/fuzz/corpus/fasta/packed.fasta.gz");
    spill(scratch()("cut.gz"), packed.substr(0, packed.size() / 2));
  }
  BOOST_TEST(refuses(with(scratch()("cut.gz")), 1, "truncated"));
  spill(scratch()("blank"), ">a\n>b\n");
  BOOST_TEST(refuses(with(scratch()("blank")), 1, "no sequences with residues"));
  auto words = with(world().train);
  words.back() = "0"; // no crop
  BOOST_TEST(refuses(words, 1, "budget of 64 residues is smaller than one sequence"));
  BOOST_TEST(!fs::exists(scratch()("bad")), "nothing is left behind");
  spill(scratch()("odd"), ">a\nMKB1JX*\n");
  words = with(scratch()("odd"));
  words.push_back("--strict");
  BOOST_TEST(refuses(words, 1, "is no residue"));
}

BOOST_AUTO_TEST_CASE(bad_places) {
  auto words = world().pretrain("/dev/null/run", "1");
  BOOST_TEST(refuses(words, 1, "cannot be created"));
  BOOST_TEST(refuses(world().embed(world().few, "/dev/null/x.safetensors"), 1, "cannot be written"));
  BOOST_TEST(refuses(world().embed(world().few, "/dev/full"), 1, "No space left"));
  BOOST_TEST(refuses(world().embed(world().few, scratch()("x.txt")), 2, ".safetensors or .npy"));
  BOOST_TEST(refuses({"evaluate", "--model", world().model, "--task", "thermostability", "--tasks-dir",
                      PLEAT_TEST_DATA "/../examples/data/tasks", "--report", "/dev/null/report"},
                     1, "the report's folder cannot be made"));
  const Ran full = run({"models"}, "/dev/full");
  BOOST_TEST(full.code == 1);
  BOOST_TEST(full.says("pleat: standard output cannot be written"));
}

BOOST_AUTO_TEST_CASE(evaluate_writes_a_report) {
  std::string table = "id,sequence,label,split\n";
  const std::string letters = proteins(60, 9);
  std::size_t at = 0;
  for (int i = 0; i < 60; ++i) {
    const std::size_t begin = letters.find('\n', at) + 1, end = letters.find('\n', begin);
    table += "q" + std::to_string(i) + "," + letters.substr(begin, end - begin) + "," + std::to_string(40 + i % 17) + "," +
             (i % 3 == 0   ? "train"
              : i % 3 == 1 ? "valid"
                           : "test") +
             "\n";
    at = end + 1;
  }
  spill(scratch()("thermostability.csv"), table);
  const std::vector<std::string> words{"evaluate",
                                       "--model",
                                       world().model,
                                       "--model",
                                       world().diffusion,
                                       "--task",
                                       "thermostability",
                                       "--tasks-dir",
                                       scratch()(""),
                                       "--report",
                                       scratch()("report"),
                                       "--crop",
                                       "32",
                                       "--t",
                                       "0,0.3",
                                       "--probe",
                                       "linear",
                                       "--resamples",
                                       "20",
                                       "--threads",
                                       "2"};
  const Ran r = run(words);
  BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
  for (const char* name : {"report/report.html", "report/report.md", "report/results.json"})
    BOOST_TEST(slurp(scratch()(name)).size() > 500);
  const std::string page = slurp(scratch()("report/report.html")), results = slurp(scratch()("report/results.json"));
  BOOST_TEST(page.find("http://") == std::string::npos);
  for (const char* word : {"thermostability", "lsd-nm-nano", "composition", "random", "encoder", "diffusion", "spearman"})
    BOOST_TEST(results.find(word) != std::string::npos, word);

  spill(scratch()("thermostability.csv"), "id,sequence,label,split\na,MKV,hot,train\n");
  BOOST_TEST(refuses(words, 1, "thermostability.csv:2"));
  spill(scratch()("thermostability.csv"), "id,sequence,label,split\na,MKV,41,holdout\n");
  BOOST_TEST(refuses(words, 1, "holdout"));
  spill(scratch()("thermostability.csv"), "id,sequence,split\na,MKV,train\n");
  BOOST_TEST(refuses(words, 1, "label"));
}

BOOST_AUTO_TEST_CASE(evaluate_scores_several_labels) {
  const std::string tasks = scratch()("label_sets"), report = scratch()("label_report");
  fs::create_directories(tasks);
  const auto table = [](const char* split) {
    // Two kinds of proteins, which composition tells apart.
    std::string text;
    for (int i = 0; i < 8; ++i) {
      text += split + std::to_string(i) + ",";
      for (int k = 0; k < 24 + i; ++k) text += (i % 2 == 0 ? "AAAL" : "KKKE")[(k * (i + 3)) % 4];
      text += i % 2 == 0 ? ",1.1.1.1;1.1.1.-," : ",3.4.21.-,";
      (text += split) += "\n";
    }
    return text;
  };
  const std::string rows = "id,sequence,label,split\n" + table("train") + table("valid") + table("test");
  spill(tasks + "/ec.csv", rows);
  const auto words = [&](const char* task, const std::string& folder) {
    return std::vector<std::string>{
        "evaluate", "--model", world().model, "--model", world().diffusion, "--task",    task, "--tasks-dir", folder, "--report",
        report,     "--crop",  "32",          "--t",     "0,0.3",           "--threads", "2"};
  };
  const Ran r = run(words("ec", tasks));
  BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
  const auto results = pleat::Json::parse(slurp(report + "/results.json"));
  BOOST_TEST(results.at("tasks").size() == 0);
  const auto& ec = results.at("label_sets").at("ec");
  BOOST_TEST(ec.at("classes").integer() == 3);
  BOOST_TEST(ec.at("train").integer() == 8);
  std::string found;
  int chosen = 0;
  for (const auto& row : ec.at("rows").items()) {
    found += row.at("model").string() + " " + row.at("representation").string() + "; ";
    chosen += row.contains("chosen_on_valid") && row.at("chosen_on_valid").boolean();
    BOOST_TEST((row.at("f1_max").number() > 0 && row.at("f1_max").number() <= 1));
    BOOST_TEST((row.at("micro_auprc").number() > 0 && row.at("micro_auprc").number() <= 1));
    if (row.at("model").string() == "composition") BOOST_TEST(row.at("f1_max").number() > 0.99);
  }
  BOOST_TEST(found ==
             "lsd-nm-nano encoder; lsd-nm-nano diffusion; lsd-nm-nano diffusion; composition features; random-nano encoder; ");
  BOOST_TEST(chosen == 1);
  for (const char* page : {"/report.md", "/report.html"})
    BOOST_TEST(slurp(report + page).find("EC numbers of enzymes") != std::string::npos);

  // All is the five tasks, and ec only where its table is there: here it is read, and found damaged.
  spill(tasks + "/ec.csv", "id,sequence,label,split\na,MKV,1.1.1.1,train\n");
  BOOST_TEST(refuses(words("ec", tasks), 1, "ec.csv: has no row of the split valid"));
  BOOST_TEST(refuses(words("ec", PLEAT_TEST_DATA "/../examples/data/tasks"), 1, "ec.csv.gz: cannot be opened"));
  for (const auto& entry : fs::directory_iterator(PLEAT_TEST_DATA "/../examples/data/tasks"))
    fs::copy_file(entry.path(), tasks + "/" + entry.path().filename().string());
  BOOST_TEST(refuses(words("all", tasks), 1, "ec.csv: has no row of the split valid"));
  auto dry = words("all", PLEAT_TEST_DATA "/../examples/data/tasks");
  dry.push_back("--dry-run");
  BOOST_TEST(run(dry).out.find("tasks            5,") == 0u);
}

BOOST_AUTO_TEST_CASE(bad_readings) {
  const auto reading = [&](const std::vector<std::string>& more) { return world().embed(world().few, scratch()("r.npy"), more); };
  BOOST_TEST(refuses(reading({"--rep", "eps", "--t", "1.5"}), 2, "outside [0, 1]"));
  BOOST_TEST(refuses(reading({"--rep", "eps", "--t", "nan"}), 2, "outside [0, 1]"));
  BOOST_TEST(refuses(reading({"--rep", "sum"}), 2, "unknown reading"));
  BOOST_TEST(refuses(reading({"--rep", "hidden:5"}), 2, "blocks 1 to 4"));
  BOOST_TEST(refuses(reading({"--rep", "score", "--t", "0"}), 1, "sigma = 0 at t = 0"));
  BOOST_TEST(refuses(reading({"--pool", "median"}), 2, "unknown pooling"));
  BOOST_TEST(refuses(reading({"--on-long", "window:8:9"}), 2, "overlap"));
  BOOST_TEST(refuses({"embed", "--model", world().model, "--input", world().few, "--output", scratch()("r.npy"), "--rep", "eps"},
                     1, "has no diffusion"));
  BOOST_TEST(refuses({"diffuse", "--autoencoder", world().diffusion, "--data", world().train, "--output", scratch()("dd")}, 1,
                     "is itself a diffusion"));
  BOOST_TEST(refuses({"diffuse", "--autoencoder", world().model, "--data", world().train, "--output", scratch()("dd"),
                      "--time-sampler", "magic"},
                     2, "unknown time sampler"));
}

BOOST_AUTO_TEST_CASE(bad_checkpoints) {
  const std::string good = world().model + "/model.safetensors", bad = scratch()("bad.safetensors");
  const auto inspected = [&](const char* text) { return refuses({"inspect", bad}, 1, text); };
  BOOST_TEST(run({"inspect", world().model}).code == 0);
  BOOST_TEST(run({"inspect", world().diffusion}).code == 0);
  const std::string bytes = slurp(good);
  std::string lying = bytes;
  lying[7] = '\x7f';
  spill(bad, lying);
  BOOST_TEST(inspected("header"));
  spill(bad, bytes.substr(0, bytes.size() - 1000));
  BOOST_TEST(inspected("truncated"));
  rewrite(good, bad, "model", "lsd-nm-xl");
  BOOST_TEST(inspected("there is no model"));
  rewrite(good, bad, "model", "mlm-nano");
  BOOST_TEST(inspected("of another model"));
  rewrite(good, bad, "format", "other");
  BOOST_TEST(inspected("is not a checkpoint"));
  rewrite(good, bad, "", "", "encoder.trunk.norm.weight", 1, true);
  BOOST_TEST(inspected("missing: encoder.trunk.norm.weight"));
  rewrite(good, bad, "", "", "encoder.trunk.norm.weight", NAN);
  BOOST_TEST(inspected("encoder.trunk.norm.weight"));
  rewrite(good, bad, "", "", "encoder.trunk.norm.weight", 1.5f);
  BOOST_TEST(inspected("does not reproduce its own tensor"));
  fs::create_directories(scratch()("nothing"));
  BOOST_TEST(refuses({"inspect", scratch()("nothing")}, 1, "holds no model.safetensors"));
}

BOOST_AUTO_TEST_CASE(rows_are_residues_and_do_not_depend_on_company) {
  const std::string all = scratch()("all.safetensors"), alone = scratch()("alone.npy");
  for (const std::vector<std::string>& reading : {std::vector<std::string>{"--rep", "z"},
                                                  {"--rep", "eps", "--t", "0.3"},
                                                  {"--rep", "score", "--t", "0.5", "--input-noise", "noised"}}) {
    BOOST_TEST(run(world().embed(world().few, all, reading)).code == 0);
    const Safetensors file = Safetensors::open(all);
    const auto offsets = file.read<std::int64_t>("offsets");
    BOOST_TEST(offsets.size() == 8u);
    BOOST_TEST(file.shape("rows")[0] == offsets.back());
    BOOST_TEST(file.shape("rows")[1] == 128);
    const std::string text = slurp(world().few), first = text.substr(0, text.find('>', 1));
    spill(scratch()("one.fasta"), first);
    BOOST_TEST(run(world().embed(scratch()("one.fasta"), alone, reading)).code == 0);
    const pleat::NpyArray one = pleat::read_npy(alone);
    const auto rows = file.read<float>("rows");
    BOOST_TEST(one.shape[0] == offsets[1]);
    BOOST_TEST(std::memcmp(one.values.data(), rows.data(), one.values.size() * 4) == 0);
  }
  const std::string ids = slurp(all + ".ids.tsv");
  BOOST_TEST(ids.starts_with("id\tlength\tfirst_row\trows\tstatus\np0\t"));
  BOOST_TEST(std::count(ids.begin(), ids.end(), '\n') == 8);
}

BOOST_AUTO_TEST_CASE(odd_records) {
  std::string text = ">long\n" + std::string(100000, 'A') + "\n>one\nM\n>none\n>odd\nMKB1JX-*\n";
  spill(scratch()("odd.fasta"), text);
  const std::string out = scratch()("odd.safetensors");
  BOOST_TEST(refuses(world().embed(scratch()("odd.fasta"), out), 1, "long: has 100000 residues"));
  BOOST_TEST(!fs::exists(out));
  const Ran cut = run(world().embed(scratch()("odd.fasta"), out, {"--on-long", "truncate:50", "--pool", "mean-std"}));
  BOOST_TEST(cut.code == 0);
  BOOST_TEST(cut.says("rare letters"));
  const Safetensors file = Safetensors::open(out);
  BOOST_TEST(file.shape("rows")[0] == 3);
  BOOST_TEST(file.shape("rows")[1] == 256);
  BOOST_TEST(slurp(out + ".ids.tsv").find("none\t0\t2\t0\tempty\n") != std::string::npos);
  BOOST_TEST(slurp(out + ".ids.tsv").find("long\t100000\t0\t1\ttruncated\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(windows_cover_every_residue) {
  const std::string out = scratch()("windows.npy"), whole = scratch()("whole.npy");
  BOOST_TEST(run(world().embed(world().few, out, {"--on-long", "window:16:4"})).code == 0);
  BOOST_TEST(run(world().embed(world().few, whole, {"--on-long", "full"})).code == 0);
  BOOST_TEST(pleat::read_npy(out).shape == pleat::read_npy(whole).shape);
}

BOOST_AUTO_TEST_CASE(shards_resume) {
  const std::string out = scratch()("sharded.safetensors");
  const std::vector<std::string> more{"--shard-records", "3", "--pool", "mean", "--resume"};
  BOOST_TEST(run(world().embed(world().few, out, more)).code == 0);
  std::vector<std::string> first;
  for (const char* shard : {"0", "1", "2"})
    first.push_back(slurp(scratch()(std::string("sharded-0000") + shard + ".safetensors")));
  BOOST_TEST(!first[2].empty());
  // As after a kill during the second shard.
  fs::remove(scratch()("sharded-00001.safetensors")), fs::remove(scratch()("sharded-00002.safetensors"));
  std::string manifest = slurp(out + ".json");
  spill(out + ".json", manifest.substr(0, manifest.find(",\n  \"records\"")) + "\n}\n");
  BOOST_TEST(run(world().embed(world().few, out, more)).code == 0);
  for (std::size_t i = 0; i < 3; ++i)
    BOOST_TEST((slurp(scratch()("sharded-0000" + std::to_string(i) + ".safetensors")) == first[i]));
  BOOST_TEST(run(world().embed(world().few, out, more)).out.find("complete already") != std::string::npos);
  auto other = more;
  other[3] = "max";
  BOOST_TEST(refuses(world().embed(world().few, out, other), 1, "other settings"));
}

// Rows are written as they are made: four times the input needs the memory of once the input, where all rows would need 100 MB
// more.
BOOST_AUTO_TEST_CASE(memory_does_not_grow_with_the_input) {
  const std::string once = scratch()("once.fasta"), often = scratch()("often.fasta"), out = scratch()("rows.safetensors");
  spill(once, proteins(500, 4, 100)), spill(often, proteins(2000, 5, 100));
  const Ran small = run(world().embed(once, out)), large = run(world().embed(often, out));
  BOOST_TEST(small.code == 0);
  BOOST_TEST(large.code == 0);
  const double rows = 4.0 * 128 * 100 * (2000 - 500) / 1024; // KiB of the rows by which the outputs differ
  BOOST_TEST(static_cast<double>(fs::file_size(out)) / 1024 > rows);
  BOOST_TEST(static_cast<double>(large.peak - small.peak) < 0.25 * rows);
}

BOOST_AUTO_TEST_CASE(dry_runs_leave_nothing) {
  auto words = world().pretrain(scratch()("dry"));
  words.push_back("--dry-run");
  const Ran r = run(words);
  BOOST_TEST(r.code == 0);
  for (const char* line : {"memory ", "disk ", "time "}) BOOST_TEST(r.out.find(line) != std::string::npos);
  BOOST_TEST(!fs::exists(scratch()("dry")));
  BOOST_TEST(run(world().embed(world().few, scratch()("dry.npy"), {"--dry-run"})).code == 0);
  BOOST_TEST(!fs::exists(scratch()("dry.npy")));
}

BOOST_AUTO_TEST_CASE(a_folder_of_another_run_is_refused) {
  auto words = world().pretrain(world().model);
  words[2] = "mlm-nano";
  BOOST_TEST(refuses(words, 1, "is a checkpoint of lsd-nm-nano"));
  words = world().pretrain(world().model);
  words.insert(words.end(), {"--lambda", "2"});
  BOOST_TEST(refuses(words, 1, "run.lambda: 1.0 there, 2.0 here"));
  BOOST_TEST(run(world().pretrain(world().model)).code == 0);
}

BOOST_AUTO_TEST_CASE(marked_records_are_left_out) {
  auto words = world().pretrain(scratch()("marked"), "1");
  words.insert(words.end(), {"--exclude-marked", "mark", "--dry-run"});
  const Ran r = run(words);
  BOOST_TEST(r.code == 0);
  BOOST_TEST(r.says("12 records left out"));
  BOOST_TEST(r.out.find("48 sequences") != std::string::npos);
}

// Killed twice at arbitrary moments and started again with another number of threads: the log and the checkpoint are those of a
// run that nobody disturbed, byte for byte. With an adaptive sampler and averaged weights all that a step reads is involved.
BOOST_AUTO_TEST_CASE(kill_and_restart) {
  const auto words = [&](bool diffusion, const std::string& output, const char* threads) {
    std::vector<std::string> all = world().pretrain(output, "40");
    if (diffusion) {
      all.erase(all.begin(), all.begin() + 3);
      all.insert(all.begin(),
                 {"diffuse", "--autoencoder", world().model, "--time-sampler", "loss-second-moment", "--latent-residues", "500"});
    } else {
      all.insert(all.end(), {"--average", "0.9"});
    }
    all.back() = diffusion ? threads : all.back();
    if (!diffusion) *(all.end() - 3) = threads;
    return all;
  };
  for (const bool diffusion : {false, true}) {
    const std::string tag = diffusion ? "d" : "a", calm = scratch()("calm_" + tag), killed = scratch()("killed_" + tag);
    const Ran r = run(words(diffusion, calm, "2"));
    BOOST_REQUIRE_MESSAGE(r.code == 0, r.err);
    int kills = 0;
    for (const std::size_t lines : {std::size_t{8}, std::size_t{23}}) {
      const pid_t child = start(words(diffusion, killed, "1"), scratch()("out"), scratch()("err"));
      for (int turn = 0; turn < 20000; ++turn) {
        const std::string log = slurp(killed + "/log.jsonl");
        if (static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n')) >= lines) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ::kill(child, SIGKILL);
      int status = 0;
      ::waitpid(child, &status, 0);
      kills += WIFSIGNALED(status) ? 1 : 0;
    }
    BOOST_TEST(kills == 2);
    const Ran end = run(words(diffusion, killed, "2"));
    BOOST_TEST(end.code == 0, end.err);
    const std::string log = slurp(calm + "/log.jsonl");
    BOOST_TEST(std::count(log.begin(), log.end(), '\n') == 40);
    BOOST_TEST((log == slurp(killed + "/log.jsonl")));
    BOOST_TEST((slurp(calm + "/model.safetensors") == slurp(killed + "/model.safetensors")));
  }
}

BOOST_AUTO_TEST_CASE(structures_are_inspected) {
  const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures";
  const Ran one = run({"inspect-structure", shipped + "/117e.pdb.gz"});
  BOOST_TEST(one.code == 0, one.err);
  for (const char* text : {"atoms            4466 of the file's 4943", "residues         564, 564 with a C-alpha",
                           "A            282      2232  1 to 282        TYTTRQIGAKNTLEYK",
                           "B            282      2234  1001 to 1282", "  454 atoms of water left out\n", "MN 8, PO4 3",
                           "42 atoms missing", "residue graph    564 nodes, 12262 edges, 4582 pairs, 300223 arcs;",
                           "sequence -2: 560, -1: 562, 0: 564, +1: 562, +2: 560,",
                           "atom graph       4466 nodes, 76126 edges, 38063 pairs, 1398260 arcs;"})
    BOOST_TEST(one.out.find(text) != std::string::npos, text);
  const Ran chain = run({"inspect-structure", "--chain", "B", shipped + "/117e.pdb.gz"});
  BOOST_TEST(chain.out.find("residues         282,") != std::string::npos);
  const Ran model = run({"inspect-structure", shipped + "/1AS5.cif.gz", "--structure-model", "14"});
  BOOST_TEST(model.out.find("model            14 of 14") != std::string::npos);

  // A folder and a list: a line for each file in the order of their names; a bad file does not end the others.
  const std::string folder = scratch()("structures"), list = scratch()("list.txt");
  fs::create_directories(folder + "/below");
  fs::copy_file(shipped + "/2olx.cif", folder + "/below/b.cif");
  fs::copy_file(shipped + "/1A8O.pdb.gz", folder + "/a.pdb.gz");
  spill(folder + "/notes.txt", "no structure");
  const Ran all = run({"inspect-structure", folder, "--atom-records-only"});
  BOOST_TEST(all.code == 0, all.err);
  BOOST_TEST(all.out.starts_with("file\tmodels\tchains\tresidues\talpha_carbons\tatoms\tatoms_in_file\tnotes\n"));
  const std::size_t a = all.out.find("/a.pdb.gz\t1\t1\t66\t66\t524\t644\t"),
                    b = all.out.find("/below/b.cif\t1\t1\t4\t4\t35\t35\t\n");
  BOOST_TEST((a != std::string::npos && b != std::string::npos && a < b));
  BOOST_TEST(all.says("2 files: 2 chains, 70 residues, 559 of 679 atoms"));
  const Ran graphs = run({"inspect-structure", folder, "--graphs", "--atom-records-only", "--quiet"});
  BOOST_TEST(graphs.out.find("/a.pdb.gz\t1\t1\t66\t66\t524\t644\t66\t937\t") != std::string::npos);
  BOOST_TEST(graphs.out.find("/b.cif\t1\t1\t4\t4\t35\t35\t4\t14\t5\t50\t0\t35\t320\t160\t3262\t0\t\n") != std::string::npos);
  spill(folder + "/bad.pdb", "no structure\n");
  spill(list, "# two\n" + folder + "/bad.pdb\n\n" + folder + "/a.pdb.gz  # good\n");
  BOOST_TEST(
      refuses({"inspect-structure", "--list", list, "--quiet"}, 1, "1 of 2 files was refused; the sentences above say why."));
  const Ran listed = run({"inspect-structure", "--list", list, "--quiet"});
  BOOST_TEST(listed.out.find("/a.pdb.gz\t1\t1\t70") != std::string::npos);
  BOOST_TEST(listed.says("/bad.pdb: is neither PDB nor mmCIF"));

  BOOST_TEST(refuses({"inspect-structure"}, 2, "there is no input"));
  BOOST_TEST(refuses({"inspect-structure", "nix.pdb"}, 1, "nix.pdb: there is no such file"));
  BOOST_TEST(refuses({"inspect-structure", scratch()("structures/below/b.cif"), "--chain", "Q"}, 1,
                     "has no chain \"Q\"; its chains are \"A\""));
  BOOST_TEST(refuses({"inspect-structure", shipped + "/2olx.cif", "--structure-model", "2"}, 1, "has no model 2, only 1 to 1"));
  BOOST_TEST(refuses({"inspect-structure", shipped + "/2olx.cif", "--structure-model", "0"}, 2, "--structure-model"));
  spill(list, "# nothing\n");
  BOOST_TEST(refuses({"inspect-structure", "--list", list}, 1, "the list names no file"));
  spill(list, "\nnix.pdb\n");
  BOOST_TEST(refuses({"inspect-structure", "--list", list}, 1, "list.txt:2: nix.pdb: there is no such file"));
  fs::create_directories(scratch()("hollow"));
  BOOST_TEST(refuses({"inspect-structure", scratch()("hollow")}, 1, "the folder has no structures"));
}

BOOST_AUTO_TEST_CASE(structures_are_embedded) {
  const std::string shipped = PLEAT_TEST_DATA "/../examples/data/structures", folder = scratch()("shapes"),
                    out = scratch()("shapes.safetensors");
  fs::create_directories(folder);
  fs::copy_file(shipped + "/2olx.cif", folder + "/b.cif", fs::copy_options::overwrite_existing);
  fs::copy_file(shipped + "/103l.pdb.gz", folder + "/a.pdb.gz", fs::copy_options::overwrite_existing);
  const auto words = [&](const std::string& input, const std::string& output, const std::vector<std::string>& more = {},
                         const char* model = "gearnet-edge-residue-64x4") {
    std::vector<std::string> all{"embed-structure", input, "--model", model, "--output", output};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const auto rows_of = [](const std::string& path) {
    const Safetensors file = Safetensors::open(path);
    BOOST_TEST((file.read<std::int64_t>("offsets").back() == file.shape("rows")[0]));
    return file.read<float>("rows");
  };

  const Ran both = run(words(folder, out, {"--random", "1", "--threads", "2"}));
  BOOST_REQUIRE_MESSAGE(both.code == 0, both.err);
  BOOST_TEST(both.says("random weights (seed 1)"));
  BOOST_TEST(both.out.starts_with("2 structures (0 refused), 163 residues, 163 rows of width 256, one row per residue, on cpu: "));
  const Safetensors file = Safetensors::open(out);
  BOOST_TEST((file.shape("rows") == std::vector<Index>{163, 256}));
  BOOST_TEST((file.read<std::int64_t>("offsets") == std::vector<std::int64_t>{0, 159, 163}));
  BOOST_TEST(file.metadata("settings").find("random, seed 1: never trained") != std::string::npos);
  const std::string ids = slurp(out + ".ids.tsv"), labels = slurp(out + ".rows.tsv");
  BOOST_TEST(ids == "id\tlength\tfirst_row\trows\tstatus\n" + folder + "/a.pdb.gz\t159\t0\t159\tok\n" + folder +
                        "/b.cif\t4\t159\t4\tok\n");
  BOOST_TEST(std::count(labels.begin(), labels.end(), '\n') == 164);
  BOOST_TEST(labels.starts_with("row\tfile\tchain\tresidue\tname\n0\t" + folder + "/a.pdb.gz\tA\t1\tMET\n"));
  BOOST_TEST(labels.find("\tA\t40A\tSER\n") != std::string::npos); // an insertion code

  // Alone, on one thread, and as .npy: the same bits. Per protein: the sum of the rows.
  const std::vector<float> rows = rows_of(out);
  const Ran alone = run(words(folder + "/b.cif", out, {"--random", "1", "--threads", "1", "--quiet"}));
  BOOST_TEST(alone.out.empty());
  const std::vector<float> last = rows_of(out);
  BOOST_TEST((last == std::vector<float>(rows.end() - 4 * 256, rows.end())));
  run(words(folder + "/b.cif", scratch()("b.npy"), {"--random", "1"}));
  const std::string npy = slurp(scratch()("b.npy"));
  BOOST_TEST_REQUIRE(npy.size() > 4u * 4 * 256);
  BOOST_TEST(std::memcmp(npy.data() + npy.size() - 4 * 4 * 256, last.data(), 4 * 4 * 256) == 0);
  run(words(folder + "/b.cif", out, {"--random", "1", "--per", "protein"}));
  const std::vector<float> whole = rows_of(out);
  BOOST_TEST_REQUIRE(whole.size() == 256u);
  for (std::size_t c = 0; c < 256; ++c) {
    double sum = 0, size = 0;
    for (std::size_t r = 0; r < 4; ++r) sum += double(last[256 * r + c]), size += std::abs(double(last[256 * r + c]));
    BOOST_CHECK_SMALL(double(whole[c]) - sum, 1e-5 * (1 + size));
  }
  // Atoms, and residues as their means.
  run(words(folder + "/b.cif", out, {"--random", "2", "--per", "atom"}, "gearnet-edge-atom"));
  const std::vector<float> atoms = rows_of(out);
  BOOST_TEST_REQUIRE(atoms.size() == 35u * 768);
  const std::string names = slurp(out + ".rows.tsv");
  const auto of_first = std::size_t(std::count(names.begin(), names.begin() + std::ptrdiff_t(names.find("\tA\t2\t")), '\n') - 1);
  BOOST_TEST(names.find("\tA\t1\tASN\tCA\n") != std::string::npos);
  run(words(folder + "/b.cif", out, {"--random", "2"}, "gearnet-edge-atom"));
  const std::vector<float> means = rows_of(out);
  BOOST_TEST_REQUIRE(means.size() == 4u * 768);
  double first = 0;
  for (std::size_t a = 0; a < of_first; ++a) first += double(atoms[a * 768]) / double(of_first);
  BOOST_CHECK_SMALL(double(means[0]) - first, 1e-4 * (1 + std::abs(first)));

  // A bad file ends the run and leaves nothing, or is passed over.
  spill(folder + "/a_bad.pdb", "no structure\n");
  fs::remove(out);
  BOOST_TEST(refuses(words(folder, out, {"--random", "1"}), 1, "a_bad.pdb: is neither PDB nor mmCIF"));
  BOOST_TEST(!fs::exists(out));
  const Ran skipped = run(words(folder, out, {"--random", "1", "--skip-bad"}));
  BOOST_TEST(skipped.code == 0);
  BOOST_TEST(skipped.says("a_bad.pdb: is neither PDB nor mmCIF"));
  BOOST_TEST(skipped.out.starts_with("3 structures (1 refused), 163 residues, 163 rows"));
  BOOST_TEST((Safetensors::open(out).read<std::int64_t>("offsets") == std::vector<std::int64_t>{0, 159, 159, 163}));
  BOOST_TEST(slurp(out + ".ids.tsv").find("/a_bad.pdb\t0\t159\t0\trefused\n") != std::string::npos);
  BOOST_TEST(refuses(words(folder + "/a_bad.pdb", out, {"--random", "1", "--skip-bad"}), 1, "all 1 structures were refused"));

  const Ran dry = run(words(folder, scratch()("dry.npy"), {"--random", "1", "--skip-bad", "--dry-run"}));
  for (const char* text : {"3 structures (1 refused)", "memory  ", "(163 rows of width 256, float32)", "time  "})
    BOOST_TEST(dry.out.find(text) != std::string::npos, text);
  BOOST_TEST(!fs::exists(scratch()("dry.npy")));
  BOOST_TEST(refuses(words(folder + "/a.pdb.gz", out, {"--random", "1", "--max-memory", "1MB"}), 1, "its 159 residues need "));
  BOOST_TEST(refuses(words(folder, out), 2, "there are no weights; give --weights FILE.safetensors, or --random SEED"));
  BOOST_TEST(refuses(words(folder, out, {"--random", "1", "--weights", "x"}), 2, "two kinds of weights"));
  BOOST_TEST(refuses(words(folder, out, {"--random", "1", "--per", "atom"}), 2, "has no rows of atoms"));
  BOOST_TEST(refuses(words(folder, out, {"--random", "1", "--per", "bond"}), 2, "there are residue, atom and protein"));
  BOOST_TEST(refuses(words(folder, out, {"--random", "1"}, "esm"), 2, "there are gearnet-edge-residue-64x4, gearnet-edge-"));
  BOOST_TEST(refuses(words(folder, scratch()("x.txt"), {"--random", "1"}), 2, ".safetensors or .npy"));
  run(words(folder + "/b.cif", scratch()("rows.safetensors"), {"--random", "1"}));
  BOOST_TEST(refuses(words(folder, out, {"--weights", scratch()("rows.safetensors")}), 1, "missing: layers.0.linear.weight"));
}

BOOST_AUTO_TEST_SUITE_END()
