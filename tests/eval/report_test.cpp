#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "sample_report.hpp"
#include "support/well_formed.hpp"
#include <pleat/eval/report_files.hpp>

using contract::well_formed;

namespace {

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++found;
  return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(report)

BOOST_AUTO_TEST_CASE(html_is_whole_escaped_and_self_contained) {
  auto report = sample_report();
  auto html = pleat::report_html(report);
  BOOST_TEST(well_formed(html));
  BOOST_TEST(html.find("LSD against MLM &lt;nano&gt; &amp; co") != std::string::npos);
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url(", "<script", "<nano>"})
    BOOST_TEST(html.find(outside) == std::string::npos, outside);
  BOOST_TEST(html.find("prefers-color-scheme:dark") != std::string::npos);
  BOOST_TEST(count(html, "<figure>") == 5u + 2 + 1 + 2);
  BOOST_TEST(count(html, "class=\"best\"") == 5u);
  BOOST_TEST(count(html, ">not run</td>") == 1u);
  BOOST_TEST(html.find("does not beat composition") != std::string::npos);
  BOOST_TEST(html.size() < 1u << 20);
}

BOOST_AUTO_TEST_CASE(the_best_learned_cell_is_never_a_baseline) {
  auto report = sample_report();
  for (auto& cell : report.cells)
    if (cell.model == "composition") cell.metrics[0].interval.value = 0.99;
  for (const auto& task : report.tasks) {
    const auto* best = report.best_learned(task.name);
    BOOST_REQUIRE(best);
    BOOST_TEST(best->model != "composition");
    for (const auto& cell : report.cells)
      if (cell.task == task.name && cell.model.find("-nano") != std::string::npos && cell.model != "random-nano")
        BOOST_TEST(cell.metrics[0].interval.value <= best->metrics[0].interval.value);
  }
  BOOST_TEST(report.best_learned("no such task") == nullptr);
}

BOOST_AUTO_TEST_CASE(standing_needs_the_whole_interval) {
  pleat::ReportCell cell;
  BOOST_TEST(pleat::standing(cell) == "");
  cell.differences = {{"accuracy", {0.05, 0.001, 0.1}}};
  BOOST_TEST(pleat::standing(cell) == "beats composition");
  cell.differences[0].interval.low = 0;
  BOOST_TEST(pleat::standing(cell) == "does not beat composition");
  cell.differences[0].interval = {-0.1, -0.2, -0.01};
  BOOST_TEST(pleat::standing(cell) == "below composition");
  cell.differences[0].interval.low = std::nan("");
  BOOST_TEST(pleat::standing(cell) == "difference undefined");
}

BOOST_AUTO_TEST_CASE(markdown_has_every_row_and_hides_no_bar) {
  auto report = sample_report();
  auto text = pleat::report_markdown(report);
  BOOST_TEST(count(text, "**0.") == 5u);
  BOOST_TEST(text.find("# LSD against MLM &lt;nano> &amp; co") != std::string::npos);
  BOOST_TEST(text.find("--report out \\| tee") != std::string::npos);
  BOOST_TEST(text.find("not run") != std::string::npos);
  BOOST_TEST(text.find("**Warning.** LSD-TN on Human PPI") != std::string::npos);
  BOOST_TEST(pleat::detail::markdown_code("a`b``c") == "``` a`b``c ```");
}

BOOST_AUTO_TEST_CASE(json_reads_back) {
  auto report = sample_report();
  report.cells[0].metrics[1].interval.value = std::nan("");
  auto json = pleat::Json::parse(pleat::report_json(report).dump(2));
  const auto& cell = json.at("tasks").at("thermostability").at("lsd-nm-nano").at("diffusion");
  const auto* wanted = report.find("thermostability", "lsd-nm-nano", "diffusion");
  BOOST_TEST(cell.at("metrics").at("spearman").at("value").number() == wanted->metrics[0].interval.value);
  BOOST_TEST(cell.at("metrics").at("spearman").at("difference_to_composition").at("low").number() ==
             wanted->differences[0].interval.low);
  BOOST_TEST(cell.at("t").number() == 0.3);
  BOOST_TEST(cell.at("probe_seeds").size() == 3);
  BOOST_TEST(json.at("tasks").at("thermostability").at("mlm-nano").at("encoder").at("metrics").at("mcc").at("value").is_null());
  BOOST_TEST(json.at("tasks").size() == 5);
  BOOST_TEST(json.at("score_against_t").size() == 5);
}

BOOST_AUTO_TEST_CASE(label_sets_are_a_table_of_their_own) {
  pleat::Report report;
  report.title = "EC alone";
  pleat::ReportLabelSets table{"ec", "EC numbers <of> enzymes", 531, 10, 20, 30, {}};
  table.rows.push_back({{"lsd-nm-nano", "LSD-NM", "encoder", true}, std::nan(""), false, {0.25, 0.125, 0.3, 10}});
  table.rows.push_back({{"lsd-nm-nano", "LSD-NM", "diffusion", true}, 0.15, true, {0.375, 0.0625, 0.4, 1}});
  table.rows.push_back({{"composition", "Composition", "features", false}, std::nan(""), false, {0.1, 0.05, 0.2, 0.1}});
  report.label_sets = {table};
  const auto json = pleat::Json::parse(pleat::report_json(report).dump(2)).at("label_sets").at("ec");
  BOOST_TEST(json.at("classes").integer() == 531);
  const auto& rows = json.at("rows").items();
  BOOST_REQUIRE(rows.size() == 3u);
  BOOST_TEST(rows[1].at("f1_max").number() == 0.375);
  BOOST_TEST(rows[1].at("micro_auprc").number() == 0.0625);
  BOOST_TEST(rows[1].at("t").number() == 0.15);
  BOOST_TEST(rows[1].at("chosen_on_valid").boolean());
  BOOST_TEST(!rows[0].contains("t"));
  const std::string markdown = pleat::report_markdown(report), page = pleat::report_html(report);
  BOOST_TEST(markdown.find("| LSD-NM | diffusion | 0.15, chosen on valid | 0.375 | 0.062 | 0.400 | 1 |\n") != std::string::npos);
  BOOST_TEST(markdown.find("| Composition (baseline) | features |  | 0.100 | 0.050 | 0.200 | 0.1 |\n") != std::string::npos);
  BOOST_TEST(markdown.find("All metrics") == std::string::npos); // no task with one label, no table of them
  BOOST_TEST(well_formed(page));
  BOOST_TEST(page.find("<h2>EC numbers &lt;of&gt; enzymes</h2>") != std::string::npos);
  BOOST_TEST(page.find("<td class=\"number\">0.375</td>") != std::string::npos);
  BOOST_TEST(pleat::report_json(sample_report()).find("label_sets") == nullptr);
}

BOOST_AUTO_TEST_CASE(charts_survive_odd_numbers) {
  double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  pleat::ReportChart chart{"odd", "x", "y", "", {{"none", {}}, {"bad", {{0, {nan, nan, nan}}, {1, {infinity, 0, 0}}}}}, {}};
  BOOST_TEST(pleat::detail::draw_chart(chart).find("No finite numbers") != std::string::npos);
  chart.series.push_back({"one", {{2, {5, nan, 6}}}});
  auto svg = pleat::detail::draw_chart(chart);
  BOOST_TEST(well_formed("<html>" + svg + "</html>"));
  for (const char* bad : {"nan", "inf"}) BOOST_TEST(svg.find(bad) == std::string::npos);
  chart.series.push_back({"huge", {{0, {1e300, 1e300, 1e300}}, {3, {-1e300, 0, 0}}}});
  pleat::detail::draw_chart(chart);
  BOOST_TEST(pleat::detail::draw_cloud({}).find("No finite numbers") != std::string::npos);
  BOOST_TEST(pleat::detail::draw_cloud({"one", {1}, {1}, "X", 0, 0}).find("other") != std::string::npos);
  auto axis = pleat::detail::Axis::over(0.31, 0.68, 0, 100, false);
  BOOST_TEST(axis.low <= 0.31);
  BOOST_TEST(axis.high >= 0.68);
  BOOST_TEST(axis.ticks.size() >= 4u);
  BOOST_TEST(axis.ticks.size() <= 8u);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_the_same_everywhere) {
  using pleat::detail::fixed;
  BOOST_TEST(fixed(0.12345) == "0.123");
  BOOST_TEST(fixed(0.5, 2, true) == "+0.50");
  BOOST_TEST(fixed(-0.0001) == "0.000");
  BOOST_TEST(fixed(-0.0001, 3, true) == "0.000");
  BOOST_TEST(fixed(1e300, 1).size() == 303u);
  BOOST_TEST(fixed(std::nan("")) == "n/a");
  BOOST_TEST(pleat::detail::shortest(0.30000000000000004) == "0.3");
}

BOOST_AUTO_TEST_CASE(warnings_hold_where_they_should) {
  BOOST_TEST(pleat::warn_diffusion_below_encoder("m", "t", {-0.04, -0.06, -0.01}) == "");
  BOOST_TEST(pleat::warn_diffusion_below_encoder("m", "t", {-0.08, -0.2, 0.01}) == "");
  BOOST_TEST(pleat::warn_diffusion_below_encoder("m", "t", {-0.08, -0.12, -0.01}).find("too discrete") != std::string::npos);

  std::vector<double> flat(40, 2.0), falling;
  for (int i = 0; i < 40; ++i) falling.push_back(3.0 - 0.05 * i);
  BOOST_TEST(pleat::warn_reconstruction_stalls("m", 0.97, flat) == "");
  BOOST_TEST(pleat::warn_reconstruction_stalls("m", 0.5, flat).find("has stalled") != std::string::npos);
  BOOST_TEST(pleat::warn_reconstruction_stalls("m", 0.5, falling).find("train longer") != std::string::npos);

  auto point = [](double x, double y) { return pleat::ReportPoint{x, {y, y - 0.02, y + 0.02}}; };
  BOOST_TEST(pleat::warn_not_smooth("m", "t", {point(0, 0.5), point(0.3, 0.53), point(0.6, 0.55)}) == "");
  BOOST_TEST(pleat::warn_not_smooth("m", "t", {point(0, 0.5), point(0.3, 0.3), point(0.6, 0.55)}).find("t = 0.3") !=
             std::string::npos);
  BOOST_TEST(pleat::warn_not_smooth("m", "t", {}) == "");
}

BOOST_AUTO_TEST_CASE(files_are_written_or_refused) {
  auto folder = std::filesystem::temp_directory_path() / ("pleat_report_" + std::to_string(::getpid()));
  pleat::write_report(sample_report(), (folder / "deep").string());
  for (const char* name : {"report.html", "report.md", "results.json"})
    BOOST_TEST(std::filesystem::file_size(folder / "deep" / name) > 1000u);
  std::ofstream(folder / "file") << "x";
  BOOST_CHECK_THROW(pleat::write_report(sample_report(), (folder / "file" / "report").string()), pleat::Error);
  std::filesystem::remove_all(folder);
  if (const char* keep = std::getenv("PLEAT_SAMPLE_REPORT")) pleat::write_report(sample_report(), keep); // to look at it
}

BOOST_AUTO_TEST_SUITE_END()
