#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "http/api.h"
#include "http/client_address.h"
#include "http/leak_keys.h"
#include "http/match.h"
#include "http/routes.h"
#include "http/server.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/listen_address.h"
#include "tools/logging.h"
#include "tools/metrics.h"
#include "tools/service.h"
#include "tools/version.h"

namespace keyledger {
namespace {

// Memory of this process holds secrets in transit: no core file, no debugger of another process.
void forbid_memory_dumps() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

struct Listeners {
  ListenAddress api;
  std::optional<ListenAddress> metrics;
};

Result<Listeners> listeners(const ServeOptions& options) {
  Listeners all;
  auto api = parse_listen_address("--listen", options.listen);
  if (!api) return fail(api.error());
  all.api = *api;
  if (auto allowed = check_is_private("--listen", all.api, options.behind_tls_proxy); !allowed) {
    return fail(allowed.error());
  }
  if (options.metrics_listen.empty()) return all;
  auto metrics = parse_listen_address("--metrics-listen", options.metrics_listen);
  if (!metrics) return fail(metrics.error());
  all.metrics = *metrics;
  if (auto allowed = check_is_private("--metrics-listen", *all.metrics, options.behind_tls_proxy);
      !allowed) {
    return fail(allowed.error());
  }
  return all;
}

// Null if none are to be taken.
Result<std::shared_ptr<const http::LeakKeys>> read_leak_keys(const std::string& path) {
  if (path.empty()) return nullptr;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(ErrorCode::kUnavailable, "Cannot read the file of --leak-keys: " + path);
  auto keys = http::LeakKeys::parse(text.str());
  if (!keys) {
    keys.error().detail = "The file of --leak-keys is not as GitHub writes it: " + path;
    return fail(keys.error());
  }
  return std::make_shared<const http::LeakKeys>(std::move(*keys));
}

LogFormat log_format(const std::string& name) {
  if (name == "auto") return default_log_format();
  return name == "json" ? LogFormat::kJson : LogFormat::kText;
}

void log_access(const http::AccessRecord& record) {
  log_info("request", {{"method", std::string(record.method)},
                       {"route", std::string(record.route)},
                       {"status", std::to_string(record.status)},
                       {"micros", std::to_string(record.micros)},
                       {"bytes", std::to_string(record.bytes)},
                       {"request_id", record.request_id},
                       {"client", record.client_ip}});
}

void log_fault(const http::AccessRecord& record) {
  if (record.fault.empty()) return;
  log_error("a request failed inside",
            {{"request_id", record.request_id}, {"fault", record.fault}});
}

http::ApiOptions api_options(const ServeOptions& options, const ListenAddress& listen,
                             http::TrustedProxies proxies, Metrics& metrics) {
  http::ApiOptions api;
  api.clock = wall_clock;
  api.version = kVersion;
  api.trusted_proxies = std::move(proxies);
  api.hosts = {"localhost", "127.0.0.1", "[::1]"};
  api.hosts.push_back(host_in_url(listen.host));
  api.hosts.insert(api.hosts.end(), options.hosts.begin(), options.hosts.end());
  api.refusals_per_minute = options.refusals_per_minute;
  api.access_log = [&metrics, write = options.access_log](const http::AccessRecord& record) {
    metrics.count(record);
    if (write) log_access(record);
    log_fault(record);
  };
  api.on_verdict = [&metrics](Verdict verdict) { metrics.count(verdict); };
  api.on_leak = [&metrics](http::LeakOutcome outcome) { metrics.count(outcome); };
  return api;
}

// SIGTERM and SIGINT end run(); they are blocked in every other thread.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::function<void()> stop) {
    thread_ = std::thread([this, stop = std::move(stop)] {
      int signal = 0;
      ::sigwait(&signals(), &signal);
      if (!done_) log_info("stopping", {{"signal", signal == SIGTERM ? "TERM" : "INT"}});
      stop();
    });
  }
  ~StopOnSignal() {
    done_ = true;
    // It is blocked in all threads: it ends the wait in ours, and nothing else.
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
    ::pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  // Before any thread is started.
  static void block() { ::pthread_sigmask(SIG_BLOCK, &signals(), nullptr); }

 private:
  static const sigset_t& signals() {
    static const sigset_t set = [] {
      sigset_t made;
      ::sigemptyset(&made);
      ::sigaddset(&made, SIGTERM);
      ::sigaddset(&made, SIGINT);
      return made;
    }();
    return set;
  }

  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace

int run_serve(const ServeOptions& options) {
  forbid_memory_dumps();
  StopOnSignal::block();
  start_logging(log_format(options.log_format), options.log_level);
  const auto addresses = listeners(options);
  if (!addresses) return report_failure(addresses.error());
  auto proxies = http::TrustedProxies::parse(options.trusted_proxies);
  if (!proxies) return report_failure(proxies.error());
  auto leak_keys = read_leak_keys(options.leak_keys);
  if (!leak_keys) return report_failure(leak_keys.error());

  ServiceOptions service_options;
  service_options.data = options.data;
  service_options.accept_rollback = options.accept_rollback;
  service_options.progress = progress_line("Catching up:");
  auto service = Service::open(service_options);
  if (!service) return report_failure(service.error());

  Metrics metrics(**service);
  if (addresses->metrics) {
    const auto& [host, port] = *addresses->metrics;
    if (const auto bound = metrics.listen(host, port); !bound) {
      return report_failure(bound.error());
    }
  }
  http::ApiOptions api_of = api_options(options, addresses->api, std::move(*proxies), metrics);
  if (*leak_keys) {
    api_of.is_signed = [keys = *leak_keys](auto... parts) { return keys->have_signed(parts...); };
  }
  http::Api api((*service)->ledger(), (*service)->projections(), (*service)->log(),
                std::move(api_of));
  http::ServerOptions server_options;
  server_options.host = addresses->api.host;
  server_options.port = addresses->api.port;
  server_options.threads = options.threads;
  server_options.admission.connections = options.connections;
  server_options.admission.per_address = options.connections_per_address;
  server_options.body_limit = http::body_limit;
  server_options.fast = [&api](const http::RequestView& view, http::Response& response) {
    return http::handle_at_once(api, view, response);
  };
  http::Server server(server_options,
                      [&](const http::Request& request) { return http::handle(api, request); });
  if (const auto bound = server.bind(); !bound) return report_failure(bound.error());
  {
    const StopOnSignal stop([&] { server.stop(); });
    const TreeHead head = (*service)->projections().tree().head();
    log_info("serving", {{"listen", fmt::format("{}:{}", addresses->api.host, server.port())},
                         {"metrics", addresses->metrics ? std::to_string(metrics.port()) : "off"},
                         {"data", options.data},
                         {"events", std::to_string(head.size)},
                         {"version", kVersion}});
    server.run();
  }
  (*service)->stop();
  log_info("stopped");
  return 0;
}

}  // namespace keyledger
