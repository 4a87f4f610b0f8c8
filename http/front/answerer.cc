#include "http/front/answerer.h"

#include <algorithm>
#include <array>

namespace keyledger::http {
namespace {

// Names under which the library keeps the ends of a connection: a client may not fill them in.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames = {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR",
                                                      "LOCAL_PORT"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view one) { return same_header(one, name); });
}

}  // namespace

Request to_request(const RequestView& view) {
  Request out;
  out.method = view.method;
  out.target = view.target;
  out.peer = view.peer;
  out.body = view.body;
  for (const auto& [name, value] : view.headers) {
    if (!is_reserved(name)) out.headers.emplace(name, value);
  }
  return out;
}

Answerer::Answerer(const ServerOptions& options, Handle handle)
    : options_(options),
      handle_(std::move(handle)),
      library_(
          [this](const Request& request) {
            Response response = handled(request);
            if (stopping_) response.headers.emplace_back("Connection", "close");
            return response;
          },
          std::chrono::duration_cast<std::chrono::seconds>(options.deadlines.idle)) {}

// Whatever the handler does, no exception gets further.
Response Answerer::handled(const Request& request) const {
  try {
    return handle_(request);
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

Answer Answerer::refuse(const RequestView& request, const Error& why,
                        const AnswerForm& form) const {
  Request copy = to_request(request);
  copy.body.clear();
  copy.unreadable = why;
  Answer out;
  out.keep_open = form.keep_open;
  write_answer(handled(copy), form, out.bytes);
  return out;
}

bool Answerer::answer_fast(const RequestView& request, const AnswerForm& form,
                           std::string& out) const {
  if (!options_.fast) return false;
  Response response;
  try {
    if (!options_.fast(request, response)) return false;
  } catch (...) {
    return false;  // a worker will meet the same and answer for it
  }
  write_answer(response, form, out);
  return true;
}

bool Answerer::answers_at_once(const RequestView& request) const {
  return options_.answers_at_once && options_.answers_at_once(request);
}

Answer Answerer::answer(const Request& request, const AnswerForm& form) const {
  Answer out;
  out.keep_open = form.keep_open;
  Response response = library_.serve(request, form, out.bytes);
  if (response.header("Connection") == "close") out.keep_open = false;
  if (!response.producer) return out;
  out.keep_open = false;
  out.chunked = form.is_http_1_1;
  out.bytes.clear();
  write_stream_head(response, form, out.bytes);
  if (!form.head_only) out.producer = std::move(response.producer);
  return out;
}

}  // namespace keyledger::http
