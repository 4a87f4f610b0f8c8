#include <fmt/format.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "http/base64.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/verify_ledger.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

// A directory of our own for the replay, gone afterwards. TMPDIR says where; a large ledger needs
// room.
class Scratch {
 public:
  Scratch() {
    std::error_code error;
    path_ = (fs::temp_directory_path(error) / "keyledger-verify-XXXXXX").string();
    if (error || ::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void print_json(const VerifyReport& report) {
  nlohmann::ordered_json json = {{"intact", !report.damage.has_value()},
                                 {"events", report.events},
                                 {"workspaces", report.workspaces},
                                 {"blobs", report.blobs},
                                 {"rows", report.rows},
                                 {"usage_found", report.usage_found},
                                 {"usage_digests", report.digests},
                                 {"usage_digests_past", report.past_digests},
                                 {"usage_digests_lost", report.lost_digests},
                                 {"root", http::base64(report.root)},
                                 {"damage", nullptr},
                                 {"position", nullptr}};
  if (report.damage) json["damage"] = *report.damage;
  if (report.position) json["position"] = *report.position;
  fmt::print("{}\n", json.dump());
}

void print_usage(const VerifyReport& report) {
  const std::uint64_t compared = report.digests + report.past_digests;
  if (!report.usage_found) {
    fmt::print("Usage: data/usage is missing, and with it the rows of {} digests.\n",
               report.lost_digests);
  } else if (compared + report.lost_digests == 0) {
    fmt::print("Usage: no digest yet, so nothing vouches for data/usage.\n");
  } else {
    fmt::print("Usage: {} digests are right, of {} the rows are not kept any more.\n",
               report.digests, report.past_digests);
    if (report.lost_digests == 0) return;
    fmt::print("Usage: of {} digests the rows are lost: data/usage was made anew.\n",
               report.lost_digests);
  }
}

void print_text(const VerifyReport& report) {
  if (report.damage) {
    const std::string where =
        report.position ? fmt::format(" (position {})", *report.position) : std::string();
    fmt::print("DAMAGED{}: {}\n", where, *report.damage);
    return;
  }
  fmt::print("Intact: {} events of {} workspaces, {} blobs, {} derived rows.\n", report.events,
             report.workspaces, report.blobs, report.rows);
  print_usage(report);
  fmt::print("Root: {}\n", http::base64(report.root));
}

}  // namespace

int run_verify(const VerifyOptions& options) {
  const Scratch scratch;
  if (scratch.path().empty()) {
    return report_failure({ErrorCode::kStorage, "cannot make a temporary directory", {}, {}}, 2);
  }
  const auto report = verify_ledger(options.data, scratch.path(), progress_line("Checking:"));
  if (!report) return report_failure(report.error(), 2);
  options.json ? print_json(*report) : print_text(*report);
  return report->damage ? 1 : 0;
}

}  // namespace keyledger
