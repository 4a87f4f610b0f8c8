#include "http/cors.h"

#include <algorithm>

#include "http/problem.h"

namespace keyledger::http {
namespace {

// For how long a browser need not ask again. What it is told gives nobody access.
constexpr const char* kMaxAgeSeconds = "600";
constexpr std::size_t kMaxAskedHeaders = 100;
// Of our headers, those that say something to a page; without a word of them it cannot read any.
constexpr const char* kExposed = "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";

// "authorization, x-version" in one form; nothing if it is no list of names.
std::optional<std::string> header_list(std::string_view text) {
  std::string out;
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    std::string_view name = text.substr(0, comma);
    if (more) text.remove_prefix(comma + 1);
    while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
    while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
    if (!is_http_token(name) || count == kMaxAskedHeaders) return std::nullopt;
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

}  // namespace

Browser::Browser(const Call& call, const Workspace& workspace,
                 std::optional<Environment> environment, std::optional<OriginalRequest> original)
    : call_(call),
      workspace_(workspace),
      environment_(environment),
      original_(original),
      method_(original ? original->method : std::string_view(call.request.method)),
      origin_(call.request.header("Origin").value_or("")) {
  const auto asked = call.request.header("Access-Control-Request-Method");
  if (asked && method_ == "OPTIONS" && !origin_.empty()) asked_method_ = *asked;
}

bool Browser::is_public_path(std::string_view method) const {
  if (!original_) return workspace_.policy.endpoints.empty();
  return is_public(workspace_.policy, {method, original_->target});
}

bool Browser::is_allowed_origin() const {
  const Origin origin = parse_origin(origin_);
  if (workspace_.suspended || (origin.opaque() && origin_ != "null")) return false;
  return call_.api.projections.verify_index().allows_origin(workspace_.id, environment_, origin,
                                                            call_.now);
}

Response Browser::answer_preflight() const {
  const auto asked_headers = call_.request.header("Access-Control-Request-Headers");
  const auto list =
      asked_headers && !asked_headers->empty() ? header_list(*asked_headers) : std::string();
  Response response;
  if (!is_http_token(asked_method_) || !is_public_path(asked_method_) || !list) {
    response = problem(
        {403, "The endpoint is not open to browsers", verdict_name(Verdict::kEndpointNotAllowed),
         "No public key may be used for this endpoint with this method."},
        call_.request_id);
  } else if (!is_allowed_origin()) {
    response = problem({403, "The origin is not allowed", verdict_name(Verdict::kOriginNotAllowed),
                        "No active public key allows this origin."},
                       call_.request_id);
  } else {
    response.status = 204;
    response.headers = {{"Access-Control-Allow-Origin", std::string(origin_)},
                        {"Access-Control-Allow-Methods", std::string(asked_method_)},
                        {"Access-Control-Max-Age", kMaxAgeSeconds}};
    if (!list->empty()) response.headers.emplace_back("Access-Control-Allow-Headers", *list);
  }
  response.headers.emplace_back(
      "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return response;
}

void Browser::add_headers(AnswerHeaders& headers) const {
  headers.emplace_back("Vary", "Origin");
  if (origin_.empty() || !is_public_path(method_) || !is_allowed_origin()) return;
  headers.emplace_back("Access-Control-Allow-Origin", std::string(origin_));
  headers.emplace_back("Access-Control-Expose-Headers", kExposed);
}

}  // namespace keyledger::http
