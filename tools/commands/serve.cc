#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <atomic>
#include <charconv>
#include <thread>

#include "http/api.h"
#include "http/routes.h"
#include "http/server.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/logging.h"
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

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080".
Result<Address> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  Address address;
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("--listen wants HOST:PORT, for example 127.0.0.1:8080, not {}", text));
  };
  if (colon == std::string_view::npos || colon == 0) return bad();
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return bad();
  address.host = host;
  return address;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<Address> listen_address(const ServeOptions& options) {
  auto address = parse_listen(options.listen);
  if (!address) return fail(address.error());
  if (!is_loopback(address->host)) {
    return fail(ErrorCode::kNotSupported,
                fmt::format("{} is not a loopback address: keyledger speaks plain HTTP and secrets "
                            "would travel unprotected; put a TLS proxy on this host before it",
                            address->host));
  }
  return address;
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
  if (!record.fault.empty()) {
    log_error("a request failed inside",
              {{"request_id", record.request_id}, {"fault", record.fault}});
  }
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
  const auto address = listen_address(options);
  if (!address) return report_failure(address.error());

  ServiceOptions service_options;
  service_options.data = options.data;
  service_options.accept_rollback = options.accept_rollback;
  service_options.progress = progress_line("Catching up:");
  auto service = Service::open(service_options);
  if (!service) return report_failure(service.error());

  http::ApiOptions api_options;
  api_options.clock = wall_clock;
  api_options.version = kVersion;
  api_options.access_log = log_access;
  http::Api api((*service)->ledger(), (*service)->projections(), (*service)->log(), api_options);
  http::ServerOptions server_options;
  server_options.host = address->host;
  server_options.port = address->port;
  server_options.threads = options.threads;
  http::Server server(server_options,
                      [&](const http::Request& request) { return http::handle(api, request); });
  if (const auto bound = server.bind(); !bound) return report_failure(bound.error());
  {
    const StopOnSignal stop([&] { server.stop(); });
    const TreeHead head = (*service)->projections().tree().head();
    log_info("serving", {{"listen", fmt::format("{}:{}", address->host, server.port())},
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
