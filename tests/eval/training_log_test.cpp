#include <cmath>
#include <string>

#include <boost/test/unit_test.hpp>

#include <pleat/eval/training_log.hpp>

namespace {
pleat::TrainingLog read(const std::string& text) {
  pleat::MemorySource source(text, "run/log.jsonl");
  return pleat::TrainingLog::read(source);
}
} // namespace

BOOST_AUTO_TEST_SUITE(training_log)

BOOST_AUTO_TEST_CASE(columns_by_name) {
  const auto log = read("{\"step\":1,\"loss\":3.0,\"rate\":0.5}\n{\"step\":2,\"loss\":null,\"rate\":0.25}\n"
                        "{\"step\":3,\"loss\":2.0,\"rate\":1,\"valid_loss\":2.5}\n{\"step\":4,\"lo");
  BOOST_TEST(log.column("loss").size() == 2u);
  BOOST_TEST(log.column("loss")[1].first == 3.0);
  BOOST_TEST(log.last("loss") == 2.0);
  BOOST_TEST(log.column("rate").size() == 3u);
  BOOST_TEST(log.last("valid_loss") == 2.5);
  BOOST_TEST(std::isnan(log.last("accuracy")));
  BOOST_TEST(log.column("step").empty());
  BOOST_TEST(log.values("rate") == (std::vector<double>{0.5, 0.25, 1}), boost::test_tools::per_element());
  const auto series = log.series("loss", "MLM");
  BOOST_TEST(series.title == "MLM");
  BOOST_TEST(series.points[0].y.low == 3.0);
  BOOST_TEST(read("").empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_log_is_refused_with_its_line) {
  for (const char* text : {"{\"step\":1}\n{\"loss\":1}\n", "{\"step\":1}\n[1]\n", "{\"step\":1}\nnonsense\n"})
    BOOST_CHECK_EXCEPTION(read(text), pleat::Error, [](const pleat::Error& e) {
      return std::string(e.what()).find("run/log.jsonl:2") != std::string::npos;
    });
  BOOST_CHECK_THROW(pleat::TrainingLog::read(std::string("no/such/log.jsonl")), pleat::Error);
}

BOOST_AUTO_TEST_SUITE_END()
