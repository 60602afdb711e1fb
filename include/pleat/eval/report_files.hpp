#pragma once
/// \file  Writes a report into a folder.

#include <filesystem>
#include <string>
#include <system_error>

#include <pleat/core/error.hpp>
#include <pleat/eval/report_html.hpp>
#include <pleat/eval/report_json.hpp>
#include <pleat/eval/report_markdown.hpp>
#include <pleat/io/atomic_file.hpp>

namespace pleat::inline v0_1 {

/// Makes the folder of a report where it is missing. To be called before a long evaluation, so that it does not fail at the end.
inline void make_report_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  require(!error, folder, ": the report's folder cannot be made (", error.message(), "): name a folder that can be written.");
  AtomicFile(folder + "/results.json"); // writable? Nothing is kept without a commit.
}

/// Writes `folder`/report.html, report.md and results.json, each whole or not at all; makes the folder where it is missing. For
/// any report that has report_html, report_markdown and report_json: `Report`, `ComparisonReport`.
template <class AnyReport> void write_report(const AnyReport& report, const std::string& folder) {
  make_report_folder(folder);
  atomic_write(folder + "/report.html", report_html(report));
  atomic_write(folder + "/report.md", report_markdown(report));
  atomic_write(folder + "/results.json", report_json(report).dump(2) + "\n");
}

} // namespace pleat::inline v0_1
