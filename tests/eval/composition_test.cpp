#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <pleat/backend/cpu/dense_algebra.hpp>
#include <pleat/eval/task_evaluation.hpp>
#include <pleat/eval/task_problem.hpp>
#include <pleat/io/gzip.hpp>

using pleat::Index;

namespace {

struct Floor {
  const char* task;
  double value;
};
// Published with the full tables (their README, "A floor for each task").
constexpr Floor floors[] = {{"thermostability", 0.53},
                            {"metal_ion_binding", 0.61},
                            {"deeploc_binary", 0.74},
                            {"deeploc_subcellular", 0.52},
                            {"human_ppi", 0.63}};

double floor_of(const std::string& folder, const char* name) {
  pleat::ThreadPool pool(1);
  pleat::Cpu cpu{&pool};
  auto source = pleat::open_input(folder + "/" + name + ".csv.gz");
  auto task = pleat::load_task(*source, name);
  auto features = pleat::composition_matrix(task.sequences);
  auto problem = pleat::make_problem(task);
  auto options = pleat::floor_options(problem);
  options.bootstrap.resamples = 20;
  auto result = pleat::evaluate_task(cpu, {features.data(), task.sequences.size(), pleat::composition_width}, problem, options);
  return result.metrics[0].interval.value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(composition)

BOOST_AUTO_TEST_CASE(features_of_a_known_sequence) {
  std::vector<float> f(41);
  pleat::composition_features("AAcX", f.data());
  BOOST_TEST(f[0] == 0.5f);
  BOOST_TEST(f[1] == 0.25f);
  BOOST_TEST(f[2] == 0.0f);
  BOOST_TEST(f[20] == 0.5f);
  BOOST_TEST(std::abs(f[40] - std::log(4.0f)) < 1e-6f);
  pleat::composition_features(std::string(40, 'W') + std::string(60, 'Y'), f.data());
  BOOST_TEST(f[18] == 0.4f);
  BOOST_TEST(f[38] == 1.0f);
  BOOST_TEST(f[39] == 0.0f);
  BOOST_CHECK_THROW(pleat::composition_features("", f.data()), pleat::Error);
  auto matrix = pleat::composition_matrix(std::array<std::string, 2>{"AC", "WY"});
  BOOST_TEST(matrix.size() == 82u);
  BOOST_TEST(matrix[41 + 18] == 0.5f);
}

BOOST_AUTO_TEST_CASE(a_task_with_pairs_becomes_a_problem) {
  pleat::MemorySource source("id,sequence_a,sequence_b,label,split\nA|B,ACD,WY,1,train\nB|A,WY,ACD,0,valid\nA|A,ACD,ACD,1,test\n",
                             "pairs.csv");
  auto problem = pleat::make_problem(pleat::load_task(source, "human_ppi"));
  BOOST_TEST(problem.paired());
  BOOST_TEST(problem.classes == 2);
  BOOST_TEST(problem.sequence == (std::vector<Index>{0, 1, 0}), boost::test_tools::per_element());
  BOOST_TEST(problem.partner == (std::vector<Index>{1, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(problem.test == (std::vector<Index>{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(shipped_subsets_beat_chance) {
  std::string folder = std::string(PLEAT_TEST_DATA) + "/../examples/data/tasks";
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("skipped: the examples are not beside the tests");
    return;
  }
  BOOST_TEST(floor_of(folder, "thermostability") > 0.2);
  BOOST_TEST(floor_of(folder, "deeploc_binary") > 0.55);
}

BOOST_AUTO_TEST_CASE(full_tasks_reproduce_the_published_floors) {
  const char* folder = std::getenv("PLEAT_SHARED_TASKS");
  if (!folder) {
    BOOST_TEST_MESSAGE("skipped: PLEAT_SHARED_TASKS names no folder with the full tasks");
    return;
  }
  for (const Floor& floor : floors) {
    double value = floor_of(folder, floor.task);
    BOOST_TEST_MESSAGE(floor.task << " " << value << " against " << floor.value);
    BOOST_TEST(std::abs(value - floor.value) <= 0.02, floor.task << " " << value);
  }
}

BOOST_AUTO_TEST_SUITE_END()
