#include "tools/metrics.h"

#include <dirent.h>
#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "http/routes.h"
#include "tools/listen_address.h"
#include "tools/service.h"
#include "tools/version.h"

namespace keyledger {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Seconds: a verify takes tens of microseconds, a change an fsync, a long list some milliseconds.
const prometheus::Histogram::BucketBoundaries kSeconds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001,
                                                          0.0025,  0.005,  0.01,    0.025,  0.05,
                                                          0.1,     0.25,   0.5,     1,      5};

// Every status of api.md; another one is counted as 500.
constexpr std::array<int, 19> kStatuses = {200, 201, 202, 204, 400, 401, 403, 404, 405, 409,
                                           412, 413, 415, 421, 422, 428, 429, 500, 503};

std::size_t status_index(int status) {
  const auto* const found = std::find(kStatuses.begin(), kStatuses.end(), status);
  const auto* const counted =
      found != kStatuses.end() ? found : std::find(kStatuses.begin(), kStatuses.end(), 500);
  return static_cast<std::size_t>(counted - kStatuses.begin());
}

// One row of the route table. Counters are made when a status first occurs, so that a scrape is not
// a list of zeros.
struct RouteMetrics {
  std::string route;
  std::string method;
  prometheus::Histogram* seconds = nullptr;
  std::array<std::atomic<prometheus::Counter*>, kStatuses.size()> answers{};
};

MetricFamily gauge(std::string name, std::string help, double value,
                   std::vector<ClientMetric::Label> labels = {}) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = MetricType::Gauge;
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
  return family;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

double open_files() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int count = -3;  // ".", ".." and the directory's own
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// State that somebody else keeps is read when it is asked for.
class StateOf : public prometheus::Collectable {
 public:
  explicit StateOf(Service& service) : service_(service) {}

  [[nodiscard]] std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> all;
    const bool writes = service_.ledger().accepts_writes() && service_.log().writable();
    const Projector& projector = service_.projections().projector();
    all.push_back(gauge("keyledger_build_info", "The program.", 1, {{"version", kVersion}}));
    all.push_back(gauge("keyledger_ledger_events", "Events in the ledger.",
                        static_cast<double>(service_.log().size())));
    all.push_back(gauge("keyledger_ledger_accepts_writes",
                        "1, or 0 for good after an I/O error: restart.", writes ? 1 : 0));
    all.push_back(positions(projector));
    add_usage(all);
    all.push_back(gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes()));
    all.push_back(gauge("process_open_fds", "Open file descriptors.", open_files()));
    MetricFamily cpu = gauge("process_cpu_seconds_total", "CPU time, user and system.", 0);
    cpu.type = MetricType::Counter;
    cpu.metric.front().counter.value = cpu_seconds();
    all.push_back(std::move(cpu));
    return all;
  }

 private:
  void add_usage(std::vector<MetricFamily>& all) const {
    const UsageStatus usage = service_.projections().usage().status();
    all.push_back(gauge("keyledger_usage_kept",
                        "1, or 0 while uses are counted in memory alone: see the log.",
                        usage.kept && usage.problem.empty() ? 1 : 0));
    all.push_back(
        gauge("keyledger_usage_known_since_timestamp_seconds",
              "No use after then is forgotten; it moves when some were, or all.",
              static_cast<double>(service_.projections().usage().known_since().ms) / 1000));
    if (usage.flushed) {
      const double age = static_cast<double>(wall_clock().ms - usage.flushed->ms) / 1000;
      all.push_back(gauge("keyledger_usage_flush_age_seconds",
                          "How much of what was counted a crash would lose.", age));
    }
    MetricFamily failures = gauge("keyledger_usage_flush_failures_total",
                                  "Times that counts could not be brought to disk.", 0);
    failures.type = MetricType::Counter;
    failures.metric.front().counter.value = static_cast<double>(usage.failures);
    all.push_back(std::move(failures));
  }

  static MetricFamily positions(const Projector& projector) {
    MetricFamily family;
    family.name = "keyledger_projection_events";
    family.help = "Events that a projection reflects.";
    family.type = MetricType::Gauge;
    for (const ProjectionStatus& status : projector.status()) {
      ClientMetric metric;
      metric.label = {{"projection", status.name}};
      metric.gauge.value = static_cast<double>(status.position);
      family.metric.push_back(std::move(metric));
    }
    return family;
  }

  Service& service_;
};

}  // namespace

struct Metrics::Rep {
  using Row = std::pair<std::string_view, std::string_view>;  // pattern, method

  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::shared_ptr<StateOf> state;
  prometheus::Family<prometheus::Counter>* answers = nullptr;
  prometheus::Family<prometheus::Counter>* verdicts = nullptr;
  std::map<Row, RouteMetrics> rows;  // never changes after it was filled
  RouteMetrics unmatched;
  std::map<Verdict, prometheus::Counter*> verdict_counts;  // likewise
  std::map<http::LeakOutcome, prometheus::Counter*> leak_counts;
  std::unique_ptr<prometheus::Exposer> exposer;

  void fill() {
    answers = &prometheus::BuildCounter()
                   .Name("keyledger_http_answers_total")
                   .Help("Answers, by route pattern, method and status.")
                   .Register(*registry);
    verdicts = &prometheus::BuildCounter()
                    .Name("keyledger_verdicts_total")
                    .Help("Verdicts on keys, by code.")
                    .Register(*registry);
    auto& seconds = prometheus::BuildHistogram()
                        .Name("keyledger_http_answer_seconds")
                        .Help("Time from a whole request to its answer, by route pattern.")
                        .Register(*registry);
    for (const http::Route& route : http::routes()) {
      RouteMetrics& row = rows[{route.pattern, route.method}];
      row.route = route.pattern;
      row.method = route.method;
      row.seconds = &seconds.Add({{"route", row.route}, {"method", row.method}}, kSeconds);
    }
    unmatched.route = "none";
    unmatched.method = "any";
    unmatched.seconds = &seconds.Add({{"route", "none"}, {"method", "any"}}, kSeconds);
    for (int code = 0; code <= static_cast<int>(Verdict::kValid); ++code) {
      const auto verdict = static_cast<Verdict>(code);
      verdict_counts[verdict] = &verdicts->Add({{"code", std::string(verdict_name(verdict))}});
    }
    auto& leaks = prometheus::BuildCounter()
                      .Name("keyledger_leak_reports_total")
                      .Help("Secrets that were reported as leaked, by what became of it.")
                      .Register(*registry);
    for (int code = 0; code <= static_cast<int>(http::kLastLeakOutcome); ++code) {
      const auto outcome = static_cast<http::LeakOutcome>(code);
      leak_counts[outcome] = &leaks.Add({{"outcome", std::string(leak_outcome_name(outcome))}});
    }
  }

  RouteMetrics& row_of(const http::AccessRecord& record) {
    std::string_view method = record.method;
    if (method == "HEAD") method = "GET";
    const auto found = rows.find({record.route, method});
    return found == rows.end() ? unmatched : found->second;
  }

  prometheus::Counter& answers_of(RouteMetrics& row, int status) {
    const std::size_t index = status_index(status);
    prometheus::Counter* counter = row.answers[index].load(std::memory_order_acquire);
    if (counter == nullptr) {
      // Twins get the same counter: the family merges equal labels.
      counter = &answers->Add({{"route", row.route},
                               {"method", row.method},
                               {"status", std::to_string(kStatuses[index])}});
      row.answers[index].store(counter, std::memory_order_release);
    }
    return *counter;
  }
};

Metrics::Metrics(Service& service) : rep_(std::make_unique<Rep>()) {
  rep_->state = std::make_shared<StateOf>(service);
  rep_->fill();
}

Metrics::~Metrics() = default;

void Metrics::count(const http::AccessRecord& record) {
  RouteMetrics& row = rep_->row_of(record);
  rep_->answers_of(row, record.status).Increment();
  row.seconds->Observe(static_cast<double>(record.micros) / 1e6);
}

void Metrics::count(Verdict verdict) { rep_->verdict_counts.at(verdict)->Increment(); }
void Metrics::count(http::LeakOutcome outcome) { rep_->leak_counts.at(outcome)->Increment(); }

Result<void> Metrics::listen(const std::string& host, std::uint16_t port) {
  const std::string address = fmt::format("{}:{}", host_in_url(host), port);
  try {
    // A thread is held by a connection that says nothing, until the time is over.
    rep_->exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", address, "num_threads", "8", "request_timeout_ms", "2000"});
  } catch (const std::exception&) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("Cannot listen on {}: the address is in use, or not one of this "
                            "machine's.",
                            address));
  }
  rep_->exposer->RegisterCollectable(rep_->registry);
  rep_->exposer->RegisterCollectable(rep_->state);
  return {};
}

std::uint16_t Metrics::port() const {
  return static_cast<std::uint16_t>(rep_->exposer->GetListeningPorts().front());
}

std::string Metrics::text() const {
  std::vector<MetricFamily> all = rep_->registry->Collect();
  for (MetricFamily& family : rep_->state->Collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace keyledger
