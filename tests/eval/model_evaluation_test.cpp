#include <cmath>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/latent_views.hpp>
#include <pleat/eval/model_evaluation.hpp>
#include <pleat/eval/report_html.hpp>
#include <pleat/eval/report_json.hpp>

using pleat::Index;

namespace {

double uniform(std::uint64_t stream, std::uint64_t i) { return pleat::detail::counter_uniform(99, stream, i); }

std::string protein(std::uint64_t stream, std::uint64_t number, std::size_t length) {
  std::string letters;
  for (std::size_t i = 0; i < length; ++i)
    letters += "ACDEFGHIKLMNPQRSTVWY"[static_cast<std::size_t>(20 * uniform(stream, 1000 * number + i))];
  return letters;
}

// The label is whether residue 7 is aromatic-or-so: neither composition nor length knows.
bool planted(std::string_view letters) { return std::string_view("ACDEFGHIKL").find(letters[7]) != std::string_view::npos; }

pleat::Task make_task(const char* name, Index per_split, std::uint64_t stream) {
  std::string csv = std::string(name) == "human_ppi" ? "id,sequence_a,sequence_b,label,split\n" : "id,sequence,label,split\n";
  for (Index i = 0; i < 3 * per_split; ++i) {
    const std::string letters = protein(stream, static_cast<std::uint64_t>(i), 30 + static_cast<std::size_t>(i % 17));
    csv += "p" + std::to_string(i) + "," + letters + (std::string(name) == "human_ppi" ? "," + letters : "") + "," +
           (std::string(name) == "thermostability"
                ? std::to_string(40 + 20 * planted(letters) + 5 * uniform(7, static_cast<std::uint64_t>(i)))
                : std::to_string(int{planted(letters)})) +
           "," +
           (i % 3 == 0   ? "train"
            : i % 3 == 1 ? "valid"
                         : "test") +
           "\n";
  }
  pleat::MemorySource source(csv);
  return pleat::load_task(source, name);
}

// A made-up model of width 4: with `knows` its encoder, and its diffusion best at t = 0.5, carry the planted cause; the rest is
// noise from the tokens. Counts how often each record was read.
struct Fake {
  bool knows;
  std::mutex mutex;
  std::vector<int> encoder_reads, readings_of_record;
  Index longest = 0;

  pleat::EvaluatedModel model(const pleat::SequenceSet& set, bool diffuses) {
    encoder_reads.assign(static_cast<std::size_t>(set.size()), 0), readings_of_record = encoder_reads;
    pleat::EvaluatedModel model{knows ? "knows" : "noise", knows ? "Knows" : "Noise", 4, diffuses, true, {}};
    model.read = [this](std::span<const pleat::Piece> pieces, std::span<const pleat::ReadOptions> readings,
                        const pleat::EvaluatedModel::Consume& consume) {
      for (std::size_t p = 0; p < pieces.size(); ++p) {
        const auto tokens = pieces[p].tokens;
        std::string letters;
        for (const auto token : tokens) letters += pleat::letter_of(token);
        std::uint64_t hash = 1;
        for (const auto token : tokens) hash = pleat::detail::mix64(hash ^ token);
        for (std::size_t k = 0; k < readings.size(); ++k) {
          const bool encoder = readings[k].reading.reading == pleat::Reading::Encoder;
          const double strength = !knows ? 0 : encoder ? 1 : 1 - 3 * std::abs(readings[k].t - 0.5);
          std::vector<float> rows;
          for (std::size_t r = 0; r < tokens.size(); ++r)
            for (std::uint64_t c = 0; c < 4; ++c) {
              const double cause = c == 2 ? strength * (planted(letters) ? 1 : -1) : 0;
              rows.push_back(static_cast<float>(cause + 2 * uniform(hash ^ (10 * k + c), 0) - 1));
            }
          {
            std::lock_guard lock(mutex);
            readings_of_record[pieces[p].record] += 1, encoder_reads[pieces[p].record] += encoder;
            longest = std::max(longest, static_cast<Index>(tokens.size()));
          }
          consume(static_cast<Index>(p), static_cast<Index>(k), rows);
        }
      }
    };
    return model;
  }
};

struct Fixture {
  pleat::ThreadPool pool{2}, alone{1};
  pleat::Cpu cpu{&pool}, single{&alone};
  pleat::TaskSuite suite;
  pleat::ModelEvaluationOptions options;
  Fixture() {
    options.probes.mlp = false;
    options.probes.bootstrap.resamples = 200;
    options.times = {0.1, 0.3, 0.5, 0.7};
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(model_evaluation)

BOOST_FIXTURE_TEST_CASE(a_planted_signal_is_found_and_noise_is_not, Fixture) {
  for (const char* name : {"metal_ion_binding", "thermostability", "human_ppi"}) suite.add(make_task(name, 120, 1));
  suite.add(make_task("deeploc_binary", 120, 2));
  // The first three tables hold the same proteins in the same splits.
  BOOST_TEST(suite.sequences().size() == 720);
  BOOST_TEST(suite.records(true).size() == 480u);
  BOOST_TEST(suite.records(false).size() == 240u);

  pleat::fit_composition(cpu, single, suite, options.probes);
  pleat::Report report;
  pleat::add_composition(report, suite);
  for (const bool knows : {true, false}) {
    Fake fake{knows, {}, {}, {}, 0};
    const auto model = fake.model(suite.sequences(), true);
    options.crop = 24;
    const auto scores = pleat::score_model(cpu, single, model, suite, options);
    pleat::add_scores(report, model, scores, suite, options);
    // Once each, cut; those of train and valid at every t, the others at the chosen ones only.
    BOOST_TEST(fake.longest == 24);
    std::set<double> chosen;
    for (const auto& task : scores.tasks) chosen.insert(task.t);
    for (const Index i : suite.records(true)) {
      BOOST_TEST(fake.encoder_reads[static_cast<std::size_t>(i)] == 1);
      BOOST_TEST(fake.readings_of_record[static_cast<std::size_t>(i)] == 5);
    }
    for (const Index i : suite.records(false)) {
      BOOST_TEST(fake.encoder_reads[static_cast<std::size_t>(i)] == 1);
      BOOST_TEST(fake.readings_of_record[static_cast<std::size_t>(i)] == 1 + static_cast<int>(chosen.size()));
    }
    for (std::size_t i = 0; i < suite.tasks().size(); ++i) {
      const auto& task = suite.tasks()[i];
      const auto* encoder = report.find(task.name, model.key, "encoder");
      const auto* diffusion = report.find(task.name, model.key, "diffusion");
      BOOST_REQUIRE(encoder != nullptr);
      BOOST_REQUIRE(diffusion != nullptr);
      BOOST_TEST(scores.tasks[i].curve.size() == 4u);
      BOOST_TEST(diffusion->reading == "eps");
      if (knows) {
        BOOST_TEST(encoder->metrics[0].interval.value > 0.65, task.name);
        BOOST_TEST(pleat::standing(*encoder) == "beats composition");
        BOOST_TEST(pleat::standing(*diffusion) == "beats composition");
        BOOST_TEST(scores.tasks[i].t == 0.5);
      } else {
        BOOST_TEST(pleat::standing(*encoder) != "beats composition");
        BOOST_TEST(pleat::standing(*diffusion) != "beats composition");
      }
    }
  }
  BOOST_TEST(report.rows.size() == 5u);
  BOOST_TEST(report.score_curves.size() == 4u);
  BOOST_TEST(report.score_curves[0].series.size() == 2u);
  BOOST_TEST(report.best_learned("deeploc_binary")->model == "knows");
  const auto json = pleat::report_json(report);
  BOOST_TEST(
      json.at("tasks").at("thermostability").at("knows").at("diffusion").at("metrics").at("spearman").at("value").number() > 0.6);
  BOOST_TEST(pleat::report_html(report).find("Knows encoder") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(bits_do_not_depend_on_threads, Fixture) {
  suite.add(make_task("deeploc_binary", 40, 3));
  options.probes.mlp = true, options.probes.mlp_probe.steps = 60, options.probes.mlp_seeds = 1;
  pleat::fit_composition(single, single, suite, options.probes);
  std::vector<double> values;
  for (const auto* device : {&cpu, &single}) {
    Fake fake{true, {}, {}, {}, 0};
    const auto scores = pleat::score_model(*device, single, fake.model(suite.sequences(), false), suite, options);
    BOOST_TEST(scores.tasks[0].curve.empty());
    BOOST_TEST(std::isnan(scores.tasks[0].t));
    values.push_back(scores.tasks[0].encoder.metrics[0].interval.low);
    values.push_back(scores.tasks[0].encoder.probe.test_scores[3]);
  }
  BOOST_TEST(values[0] == values[2]);
  BOOST_TEST(values[1] == values[3]);
}

BOOST_FIXTURE_TEST_CASE(errors_come_out_of_threads, Fixture) {
  suite.add(make_task("metal_ion_binding", 20, 4)), suite.add(make_task("deeploc_binary", 20, 5));
  pleat::EvaluatedModel broken{"broken", "Broken", 2, false, true, {}};
  broken.read = [](std::span<const pleat::Piece> pieces, std::span<const pleat::ReadOptions> readings,
                   const pleat::EvaluatedModel::Consume& consume) {
    for (std::size_t p = 0; p < pieces.size(); ++p)
      for (std::size_t k = 0; k < readings.size(); ++k) {
        const std::vector<float> rows(2 * pieces[p].tokens.size(), std::nanf(""));
        consume(static_cast<Index>(p), static_cast<Index>(k), rows);
      }
  };
  BOOST_CHECK_EXCEPTION(pleat::score_model(cpu, single, broken, suite, options), pleat::Error,
                        [](const pleat::Error& e) { return std::string(e.what()).find("not finite") != std::string::npos; });
  pleat::TaskSuite none;
  BOOST_CHECK_THROW(pleat::score_model(cpu, single, broken, none, options), pleat::Error);
}

// A denoiser that returns 0 has v_hat = -... : here z_0_hat = (1 - sigma) z_0, so the loss per dimension is exactly mean z_0^2.
BOOST_FIXTURE_TEST_CASE(loss_per_bin_and_cloud, Fixture) {
  pleat::SequenceSet set;
  set.add("a", "ACDEFGHIKLMNPQRSTVWY"), set.add("b", ""), set.add("c", "WWWWYYYYAAAA");
  const auto pieces = pleat::first_pieces(set, 100, 16);
  BOOST_TEST(pieces.size() == 2u);
  BOOST_TEST(pieces[0].tokens.size() == 16u);
  BOOST_TEST(pieces[1].record == 2u);
  pleat::EvaluatedModel model{"m", "M", 3, true, true, {}};
  model.read = [](std::span<const pleat::Piece> some, std::span<const pleat::ReadOptions> readings,
                  const pleat::EvaluatedModel::Consume& consume) {
    for (std::size_t p = 0; p < some.size(); ++p)
      for (std::size_t k = 0; k < readings.size(); ++k) {
        std::vector<float> rows;
        const double sigma =
            readings[k].input == pleat::ReadingInput::Noised ? std::sin(pleat::pure_noise_angle * readings[k].t) : 0;
        for (const auto token : some[p].tokens)
          for (int c = 0; c < 3; ++c)
            rows.push_back(static_cast<float>((1 - sigma) * (token % 2 == 0 ? 0.8 : -0.8) * (c == 1 ? 2 : 1)));
        consume(static_cast<Index>(p), static_cast<Index>(k), rows);
      }
  };
  const auto series = pleat::loss_per_time_bin(model, pieces, 5);
  BOOST_REQUIRE(series.points.size() == 5u);
  for (std::size_t b = 0; b < 5; ++b) {
    BOOST_TEST(series.points[b].x == 0.1 + 0.2 * static_cast<double>(b), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(series.points[b].y.value == 0.64 * 2, boost::test_tools::tolerance(1e-5));
  }
  const auto cloud = pleat::latent_cloud(cpu, model, pieces);
  BOOST_TEST(cloud.letters == "ACDEFGHIKLMNPQRSWWWWYYYYAAAA");
  BOOST_TEST(cloud.x.size() == 28u);
  BOOST_TEST(cloud.explained_x == 1.0, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_SUITE_END()
