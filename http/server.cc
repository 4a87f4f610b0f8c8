#include "http/server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace keyledger::http {
namespace {

constexpr int kBacklog = 1024;                       // the library asks for 5
constexpr std::size_t kMaxWaiting = 1024;            // connections that no thread has taken yet
constexpr std::uint64_t kMaxDrained = 32ULL << 20U;  // of a body that is refused
constexpr std::size_t kRequestsPerConnection = 1'000'000;
constexpr time_t kTimeoutSeconds = 5;  // per socket operation, and between requests

// A pool of threads with a bounded queue: when it is full the acceptor waits, and further
// connections wait in the kernel's backlog.
class BoundedPool : public httplib::TaskQueue {
 public:
  // bool from 0.14 on, void before.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));

  explicit BoundedPool(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }

  Enqueued enqueue(std::function<void()> job) override {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return jobs_.size() < kMaxWaiting; });
      jobs_.push_back(std::move(job));
    }
    there_.notify_one();
    return taken<Enqueued>();
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    there_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  template <typename T>
  static T taken() {
    if constexpr (!std::is_void_v<T>) return true;
  }
  void work() {
    while (true) {
      std::function<void()> job;
      {
        std::unique_lock lock(mutex_);
        there_.wait(lock, [this] { return over_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      room_.notify_one();
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable there_;
  std::condition_variable room_;
  std::deque<std::function<void()>> jobs_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

// The library's stop() does nothing before it listens; this works at any time. The socket is shut
// down at once and closed only at the end, so that its number is not given to another file while
// the acceptor still uses it.
class Listener : public httplib::Server {
 public:
  ~Listener() override {
    if (stopped_ != INVALID_SOCKET) ::close(stopped_);
  }
  void stop_accepting() {
    const socket_t socket = svr_sock_.exchange(INVALID_SOCKET);
    if (socket == INVALID_SOCKET) return;
    stopped_ = socket;
    ::shutdown(socket, SHUT_RDWR);
  }
  void deepen_backlog() { ::listen(svr_sock_, kBacklog); }

 private:
  std::atomic<socket_t> stopped_ = INVALID_SOCKET;
};

bool takes_body(const std::string& method) {
  constexpr std::array<std::string_view, 4> kMethods = {"POST", "PUT", "PATCH", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

// What the library adds to a request's headers, or a client in its place.
bool is_added_by_library(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR",
                                                      "LOCAL_PORT"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Request convert(const httplib::Request& from) {
  Request out;
  out.method = from.method;
  out.target = from.target;
  for (const auto& [name, value] : from.headers) {
    if (!is_added_by_library(name)) out.headers.emplace(name, value);
  }
  // A socket for both families shows IPv4 peers so.
  constexpr std::string_view kMapped = "::ffff:";
  out.peer = from.remote_addr;
  if (out.peer.starts_with(kMapped) && out.peer.find('.') != std::string::npos) {
    out.peer.erase(0, kMapped.size());
  }
  return out;
}

enum class Afterwards { kKeepOpen, kClose };

void convert(Response from, httplib::Response& to, Afterwards afterwards) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (afterwards == Afterwards::kKeepOpen) {
    to.set_content(from.body, from.content_type);
    return;
  }
  // The one way to make the library close a connection: the whole body is sent, then its provider
  // claims to have failed.
  to.set_header("Connection", "close");
  to.set_content_provider(
      from.body.size(), from.content_type,
      [body = std::move(from.body)](std::size_t offset, std::size_t size, httplib::DataSink& sink) {
        sink.write(body.data() + offset, size);
        return false;
      });
}

// How long a request's body is, after RFC 9112 section 6.3, and strict: what two readers could take
// differently is refused, since a proxy in front may be the other reader.
struct Framing {
  bool valid = true;
  bool chunked = false;
  std::uint64_t length = 0;
};

Framing framing_of(const httplib::Request& request) {
  Framing out;
  const auto lengths = request.headers.equal_range("Content-Length");
  const auto count = std::distance(lengths.first, lengths.second);
  const auto codings = request.headers.equal_range("Transfer-Encoding");
  out.chunked = codings.first != codings.second;
  if (out.chunked) {
    out.valid = count == 0 && std::distance(codings.first, codings.second) == 1 &&
                codings.first->second == "chunked";
  } else if (count > 0) {
    const std::string& text = lengths.first->second;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, out.length);
    out.valid = count == 1 && parsed.ec == std::errc() && parsed.ptr == end;
  }
  return out;
}

Error refusal(ErrorCode code, std::string detail) {
  return {code, std::move(detail), {}, std::nullopt};
}

// What the library refuses by itself has a status and no body.
Error refusal_of_status(int status) {
  if (status == 413) return refusal(ErrorCode::kTooLarge, "The body is too large.");
  if (status == 404) return refusal(ErrorCode::kNotFound, "There is nothing at this path.");
  if (status >= 500) return refusal(ErrorCode::kInternal, "the HTTP library failed");
  return refusal(ErrorCode::kInvalidRequest, "The request is not well-formed HTTP/1.1.");
}

// Undoes what the library would do behind our back: compress answers at a great cost, cut them into
// ranges, unpack bodies beyond all limits, take forms apart. What is no plain JSON keeps a content
// type that is refused.
void disarm(httplib::Request& request) {
  request.ranges.clear();
  request.headers.erase("Range");
  request.headers.erase("Accept-Encoding");
  const std::string type = request.get_header_value("Content-Type");
  const bool form = type.starts_with("multipart/") || type.starts_with("application/x-www-form");
  const bool packed = request.has_header("Content-Encoding") &&
                      request.get_header_value("Content-Encoding") != "identity";
  request.headers.erase("Content-Encoding");
  if (form || packed) {
    request.headers.erase("Content-Type");
    request.headers.emplace("Content-Type", "application/octet-stream");
  }
}

}  // namespace

struct Server::Rep {
  Rep(ServerOptions the_options, Handle the_handle)
      : options(std::move(the_options)), handle(std::move(the_handle)) {
    configure();
    install();
  }

  void configure() {
    server.new_task_queue = [this] { return new BoundedPool(options.threads); };
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(kRequestsPerConnection);
    server.set_keep_alive_timeout(kTimeoutSeconds);
    server.set_read_timeout(kTimeoutSeconds);
    server.set_write_timeout(kTimeoutSeconds);
    server.set_payload_max_length(kMaxDrained);
    // Not SO_REUSEPORT, which is the library's choice: two servers would share a port in silence.
    server.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
  }

  void install() {
    server.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          disarm(const_cast<httplib::Request&>(request));  // the object itself is not const
          if (takes_body(request.method)) return httplib::Server::HandlerResponse::Unhandled;
          answer_without_body(request, response);
          return httplib::Server::HandlerResponse::Handled;
        });
    const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& read) {
      answer_with_body(request, response, read);
    };
    const std::string any_path = R"([\s\S]*)";
    server.Post(any_path, with_body);
    server.Put(any_path, with_body);
    server.Patch(any_path, with_body);
    server.Delete(any_path, with_body);

    server.set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (response.has_header("X-Request-Id")) return;  // one of our own answers
      Request ours = convert(request);
      ours.unreadable = refusal_of_status(response.status);
      convert(answer_to(ours), response, Afterwards::kKeepOpen);
      response.set_header("Connection", "close");  // a wish: only the client can close here
    });
    // Without one the library puts the exception's text into a header.
    server.set_exception_handler([](const httplib::Request&, httplib::Response& response,
                                    std::exception_ptr) { response.status = 500; });
  }

  // Whatever the handler does, no exception reaches the library's threads.
  Response answer_to(const Request& request) const {
    try {
      return handle(request);
    } catch (...) {
      Response response;
      response.status = 500;
      response.content_type = "application/problem+json";
      response.headers.emplace_back("X-Request-Id", "unknown");
      response.body =
          R"({"type":"urn:keyledger:problem:internal","title":"Internal error","status":500,)"
          R"("code":"internal","errors":[]})";
      return response;
    }
  }

  // GET and what else has no body. One that has it all the same is not read, so the connection
  // cannot be used again.
  void answer_without_body(const httplib::Request& request, httplib::Response& response) {
    const Request ours = convert(request);
    const Framing framing = framing_of(request);
    const bool has_body = !framing.valid || framing.chunked || framing.length > 0;
    // Only an answer that has a body itself can be followed by a close.
    if (has_body) const_cast<httplib::Request&>(request).method = "GET";
    convert(answer_to(ours), response, has_body ? Afterwards::kClose : Afterwards::kKeepOpen);
  }

  void answer_with_body(const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader& read) {
    Request ours = convert(request);
    Afterwards afterwards = Afterwards::kKeepOpen;
    const Framing framing = framing_of(request);
    if (!framing.valid || framing.length > kMaxDrained) {
      const auto code = framing.valid ? ErrorCode::kTooLarge : ErrorCode::kInvalidRequest;
      ours.unreadable = refusal(
          code, framing.valid ? "The body is too large." : "The length of the body is ambiguous.");
      afterwards = Afterwards::kClose;
    } else if (framing.chunked || framing.length > 0) {
      // Without a length there is no body; the library would wait for one until its timeout.
      if (!read_body(read, ours)) afterwards = Afterwards::kClose;
    }
    convert(answer_to(ours), response, afterwards);
  }

  // False if the end of the body was not reached. A body that is too large is read to its end, up
  // to a limit, since a client that is still sending would not see the answer.
  bool read_body(const httplib::ContentReader& read, Request& ours) const {
    std::uint64_t seen = 0;
    const bool whole = read([&](const char* data, std::size_t size) {
      seen += size;
      if (seen <= options.max_body_bytes) ours.body.append(data, size);
      return seen <= kMaxDrained;
    });
    if (seen > options.max_body_bytes) {
      ours.unreadable =
          refusal(ErrorCode::kTooLarge,
                  "The body has more than " + std::to_string(options.max_body_bytes) + " bytes.");
    } else if (!whole) {
      ours.unreadable = refusal(ErrorCode::kInvalidRequest, "The body did not arrive whole.");
    }
    return whole;
  }

  const ServerOptions options;
  const Handle handle;
  Listener server;
  std::uint16_t port = 0;
};

Server::Server(ServerOptions options, Handle handle)
    : rep_(std::make_unique<Rep>(std::move(options), std::move(handle))) {}

Server::~Server() { stop(); }

Result<void> Server::bind() {
  const ServerOptions& options = rep_->options;
  const int port = options.port == 0 ? rep_->server.bind_to_any_port(options.host)
                   : rep_->server.bind_to_port(options.host, options.port) ? options.port
                                                                           : -1;
  if (port < 0) {
    return fail(ErrorCode::kUnavailable,
                "Cannot listen on " + options.host + ":" + std::to_string(options.port) +
                    ": the address is in use, or not one of this machine's.");
  }
  rep_->port = static_cast<std::uint16_t>(port);
  rep_->server.deepen_backlog();
  return {};
}

std::uint16_t Server::port() const { return rep_->port; }

void Server::run() { rep_->server.listen_after_bind(); }

void Server::stop() { rep_->server.stop_accepting(); }

}  // namespace keyledger::http
