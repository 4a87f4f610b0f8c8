#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <thread>

#include "http/json.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/import/importer.h"
#include "tools/import/server_url.h"

namespace keyledger {
namespace {

constexpr int kRefused = 1;
constexpr int kCouldNot = 2;
constexpr std::size_t kMostShown = 20;  // refused lines on standard error
constexpr std::size_t kInFlight = 4;

Error invalid(std::string detail) { return {ErrorCode::kInvalidRequest, std::move(detail)}; }

// From the environment, or from the first line of a file: never an argument, which every user of
// the machine can see.
Result<http::Secret> management_key(const ImportOptions& options) {
  std::string text;
  if (!options.token_file.empty()) {
    std::ifstream file(options.token_file);
    if (!file || !std::getline(file, text)) {
      return fail(ErrorCode::kUnavailable, options.token_file + " cannot be read");
    }
  } else if (const char* const given = std::getenv("KEYLEDGER_TOKEN"); given != nullptr) {
    text = given;
  }
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) {
    return fail(
        invalid("the management key is wanted in KEYLEDGER_TOKEN, or in the file that "
                "--token-file names"));
  }
  return http::Secret(std::move(text));
}

Result<ImportFormat> format_of(const ImportOptions& options) {
  if (options.format == "csv") return ImportFormat::kCsv;
  if (options.format == "ndjson") return ImportFormat::kNdjson;
  for (const char* ending : {".ndjson", ".jsonl"}) {
    if (options.file.ends_with(ending)) return ImportFormat::kNdjson;
  }
  if (options.file.ends_with(".csv")) return ImportFormat::kCsv;
  return fail(invalid("--format csv or ndjson is wanted, since the name of the file does not say"));
}

// The refused lines, one JSON object each. Only ours to read: what stands in a wrong column may be
// a secret.
class RefusedFile {
 public:
  ~RefusedFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  RefusedFile() = default;
  RefusedFile(const RefusedFile&) = delete;
  RefusedFile& operator=(const RefusedFile&) = delete;

  bool open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor >= 0) file_ = ::fdopen(descriptor, "a");
    return file_ != nullptr;
  }
  bool write(const RefusedRecord& refused) {
    http::Json json{{"line", refused.record.line}, {"errors", http::Json::array()}};
    for (const Refusal& one : refused.refusals) {
      json["errors"].push_back(
          {{"field", one.field}, {"code", one.code}, {"message", one.message}});
    }
    const auto key = http::parse_body(refused.record.entry);
    json["key"] = key && !key->empty() ? *key : http::Json(nullptr);
    const std::string line = http::dump(json) + '\n';
    return std::fwrite(line.data(), 1, line.size(), file_) == line.size() &&
           std::fflush(file_) == 0;
  }

 private:
  std::FILE* file_ = nullptr;
};

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// One line on a terminal, redrawn: how far, how fast, how long yet. By bytes, since nobody has
// counted the lines.
class Bar {
 public:
  explicit Bar(std::uint64_t size) : size_(size), on_(::isatty(STDERR_FILENO) == 1) {}
  ~Bar() { clear(); }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void advance(const ImportCounts& counts, std::uint64_t bytes) {
    done_ += bytes;
    const auto now = Clock::now();
    if (!on_ || now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    const std::chrono::duration<double> elapsed = now - start_;
    const std::uint64_t lines = counts.imported + counts.known + counts.refused;
    const double part = size_ == 0 ? 0 : std::min(1.0, double(done_) / double(size_));
    std::string line = fmt::format("{} lines, {:.0f}/s", lines, double(lines) / elapsed.count());
    if (size_ != 0) {
      constexpr std::size_t kWidth = 30;
      const auto full = static_cast<std::size_t>(part * kWidth);
      line = fmt::format("[{}{}] {:3.0f} %  {}, {} left", std::string(full, '#'),
                         std::string(kWidth - full, '.'), part * 100, line,
                         duration_text(elapsed.count() * (1 - part) / part));
    }
    fmt::print(stderr, "\r{}\033[K", line);
    std::fflush(stderr);
    shown_ = true;
  }
  // Makes room for a line of its own.
  void clear() {
    if (shown_) fmt::print(stderr, "\r\033[K");
    shown_ = false;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const std::uint64_t size_;
  const bool on_;
  std::uint64_t done_ = 0;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_;
  bool shown_ = false;
};

// The refused lines that stand first in the file, as many as anyone reads.
class FirstRefused {
 public:
  void add(const RefusedRecord& one) {
    all_ += one.refusals.size();
    lines_[one.record.line] = one.refusals;
    if (lines_.size() > kMostShown) lines_.erase(std::prev(lines_.end()));
  }

  void show(const std::string& file) const {
    std::size_t shown = 0;
    for (const auto& [line, refusals] : lines_) {
      for (const Refusal& refusal : refusals) {
        if (shown == kMostShown) break;
        ++shown;
        fmt::print(stderr, "keyledger: {}:{}: {}{}{}\n", file, line, refusal.field,
                   refusal.field.empty() ? "" : ": ", refusal.message);
      }
    }
    if (all_ > shown) fmt::print(stderr, "keyledger: and {} more\n", all_ - shown);
  }

 private:
  std::map<std::uint64_t, std::vector<Refusal>> lines_;
  std::size_t all_ = 0;
};

std::string counted(std::uint64_t number, const char* what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

void show_counts(const ImportOptions& options, const ImportCounts& counts) {
  if (options.json) {
    const http::Json json{{"dry_run", options.dry_run},
                          {"imported", options.dry_run ? 0 : counts.imported},
                          {"would_be_imported", options.dry_run ? counts.imported : 0},
                          {"imported_before", counts.known},
                          {"refused", counts.refused}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} {}", options.dry_run ? "Would import" : "Imported",
             counted(counts.imported, "key"));
  if (counts.known != 0) fmt::print("; before: {}", counted(counts.known, "line"));
  if (counts.refused != 0) fmt::print("; refused: {}", counted(counts.refused, "line"));
  if (counts.refused != 0 && !options.skip_errors.empty()) {
    fmt::print(", see {}", options.skip_errors);
  }
  fmt::print(".\n");
}

ImporterOptions::Post post_to(const http::ServerAddress& server, const http::Secret& key,
                              const ImportOptions& options) {
  const auto client = std::make_shared<http::Client>(server, key);
  return [client, &options](const std::string& body, const std::string& idempotency_key) {
    std::vector<std::pair<std::string, std::string>> headers = {
        {"Idempotency-Key", idempotency_key}};
    if (!options.reason.empty()) headers.emplace_back("X-Reason", options.reason);
    const char* const target = options.dry_run ? "/v1/keys/import?existing=skip&dry_run=true"
                                               : "/v1/keys/import?existing=skip";
    return client->post(target, body, headers);
  };
}

}  // namespace

int run_import(const ImportOptions& options) {
  const auto server = parse_server_url(options.url);
  if (!server) return report_failure(server.error(), kCouldNot);
  const auto key = management_key(options);
  if (!key) return report_failure(key.error(), kCouldNot);
  const auto format = format_of(options);
  if (!format) return report_failure(format.error(), kCouldNot);
  auto source = RecordSource::open(options.file, *format);
  if (!source) return report_failure(source.error(), kCouldNot);
  RefusedFile refused;
  if (!options.skip_errors.empty() && !refused.open(options.skip_errors)) {
    return report_failure({ErrorCode::kUnavailable, options.skip_errors + " cannot be written"},
                          kCouldNot);
  }
  std::signal(SIGPIPE, SIG_IGN);  // a connection that the server closed is an error like others

  Bar bar(source->size());
  ImporterOptions importer;
  importer.in_flight = kInFlight;
  importer.connect = [&] { return post_to(*server, *key, options); };
  importer.wait = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  bool has_waited = false;
  importer.on_repeat = [&](const std::string& why) {
    if (has_waited) return;
    has_waited = true;
    bar.clear();
    fmt::print(stderr, "keyledger: {} Trying again for a minute.\n", why);
  };
  FirstRefused shown;
  if (!options.skip_errors.empty()) {
    importer.on_refused = [&](const RefusedRecord& one) { return refused.write(one); };
  } else if (options.dry_run) {
    importer.on_refused = [&](const RefusedRecord& one) {
      shown.add(one);
      return true;
    };
  }
  importer.on_progress = [&](const ImportCounts& counts, std::uint64_t bytes) {
    has_waited = false;
    bar.advance(counts, bytes);
  };
  const ImportReport report =
      run_importer(BatchReader(std::move(*source), options.batch), importer);
  bar.clear();
  show_counts(options, report.counts);
  for (const RefusedRecord& one : report.refused) shown.add(one);
  shown.show(options.file);
  if (!report.refused.empty()) {
    fmt::print(stderr,
               "keyledger: nothing of the batch with these lines was imported. Mend them and "
               "repeat the command: it skips what is imported. --skip-errors goes on without "
               "them.\n");
  }
  if (report.failure) return report_failure(*report.failure, kCouldNot);
  return report.refused.empty() && report.counts.refused == 0 ? 0 : kRefused;
}

}  // namespace keyledger
