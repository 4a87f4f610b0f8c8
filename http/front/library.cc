#include "http/front/library.h"

#include <httplib.h>

#include <algorithm>
#include <string_view>

namespace keyledger::http {
namespace {

constexpr std::size_t kRequestsPerConnection = 1'000'000;  // said to clients; nobody counts

using Setup = std::function<void(httplib::Request&)>;

// What the library reads is one line; what it writes is kept.
class MemoryStream : public httplib::Stream {
 public:
  MemoryStream(const Request& request, std::string& out) : request_(request), out_(out) {
    in_ = request.method + ' ' + request.target + " HTTP/1.1\r\n\r\n";
  }

  bool is_readable() const override { return at_ < in_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t taken = in_.copy(to, size, at_);
    at_ += taken;
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* from, std::size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = request_.peer;
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  const Request& request_;
  std::string& out_;
  std::string in_;
  std::size_t at_ = 0;
};

// The library hands its hooks only its own types, so the request and the answer that belong to the
// call in progress wait here, on the thread that makes the call.
struct Exchange {
  const Request* request = nullptr;
  Response response;
};
thread_local Exchange* current = nullptr;

class Server : public httplib::Server {
 public:
  void serve(MemoryStream& stream, bool keep_open) {
    bool closed = false;
    pass(&Server::process_request, stream, !keep_open, closed);
  }

 private:
  // 0.11.4, and 0.18.7 with the addresses of both ends. The overload is chosen by what there is.
  using Entry = bool (httplib::Server::*)(httplib::Stream&, bool, bool&, const Setup&);
  using EntryWithAddresses = bool (httplib::Server::*)(httplib::Stream&, const std::string&, int,
                                                       const std::string&, int, bool, bool&,
                                                       const Setup&);
  void pass(Entry entry, MemoryStream& stream, bool close, bool& closed) {
    (this->*entry)(stream, close, closed, nullptr);
  }
  void pass(EntryWithAddresses entry, MemoryStream& stream, bool close, bool& closed) {
    std::string address;
    int port = 0;
    stream.get_remote_ip_and_port(address, port);
    (this->*entry)(stream, address, port, "", 0, close, closed, nullptr);
  }
};

}  // namespace

struct Library::Rep {
  Rep(Handle the_handle, std::chrono::seconds idle) : handle(std::move(the_handle)) {
    server.set_keep_alive_timeout(idle.count());
    server.set_keep_alive_max_count(kRequestsPerConnection);
    server.set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
      answer(const_cast<httplib::Request&>(from), to);  // the object itself is not const
      return httplib::Server::HandlerResponse::Handled;
    });
    // Without one the library puts the exception's text into a header.
    server.set_exception_handler([](const httplib::Request&, httplib::Response& to,
                                    const std::exception_ptr&) { to.status = 500; });
  }

  void answer(httplib::Request& request, httplib::Response& to) const {
    Response& from = current->response;
    from = handle(*current->request);
    to.status = from.status;
    for (const auto& [name, value] : from.headers) {
      if (same_header(name, "Connection")) {
        request.headers.emplace("Connection", value);  // where the library looks for it
      } else {
        to.set_header(name, value);
      }
    }
    to.headers.emplace("Content-Type", from.content_type);
    to.body = std::move(from.body);
  }

  const Handle handle;
  Server server;
};

Library::Library(Handle handle, std::chrono::seconds idle)
    : rep_(std::make_unique<Rep>(std::move(handle), idle)) {}
Library::~Library() = default;

Response Library::serve(const Request& request, const AnswerForm& form, std::string& out) const {
  Exchange exchange;
  exchange.request = &request;
  current = &exchange;
  const std::size_t before = out.size();
  MemoryStream stream(request, out);
  rep_->server.serve(stream, form.keep_open);
  current = nullptr;
  if (exchange.response.producer) out.resize(before);
  return std::move(exchange.response);
}

}  // namespace keyledger::http
