// One request from its first byte to its last header: what all endpoints have in common.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <exception>

#include "core/decide.h"
#include "http/authorize_request.h"
#include "http/caller.h"
#include "http/fields.h"
#include "http/guess_guard.h"
#include "http/match.h"
#include "http/problem.h"
#include "http/routes.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kVerifyTarget = "/v1/keys/verify";
constexpr std::string_view kAuthorize = "/v1/authorize";

// Headers that decide something: two of one kind would leave open which counts.
constexpr std::array<std::string_view, 3> kSingleHeaders = {"Authorization", "Host", "Origin"};
// These, too, but not in a gateway's question: there they are the client's, for another server.
constexpr std::array<std::string_view, 7> kSingleToUs = {
    "Content-Type", "Idempotency-Key", "If-Match",    "Last-Event-ID",
    "X-Reason",     "X-On-Behalf-Of",  "X-Request-Id"};

bool holds_secret(std::string_view text) { return find_secret(text) != std::string_view::npos; }

std::string make_request_id(Timestamp now) { return ulid_text(make_ulid(now, random_bytes<10>())); }

// RFC 9110 section 5.6.7, for the header Date, which a server that has a clock must send (6.6.1).
std::string http_date(Timestamp now) {
  const std::time_t seconds = now.ms / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

// The newest event that a read from now on reflects at least.
std::optional<std::uint64_t> position_of(const Api& api) {
  const std::uint64_t size = api.projections.projector().size();
  return size == 0 ? std::nullopt : std::optional(size - 1);
}

bool same_text(std::string_view a, std::string_view b) {
  return !HeaderLess()(a, b) && !HeaderLess()(b, a);
}

bool is_json(std::string_view content_type) {
  const std::string_view wanted = "application/json";
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return same_text(type, wanted);
}

// Packed bodies are not unpacked: a small one may hold a large one.
Result<void> check_media(const Request& request) {
  if (request.body.empty()) return {};
  const auto type = request.header("Content-Type");
  const auto encoding = request.header("Content-Encoding");
  if (type && !is_json(*type)) {
    return fail(ErrorCode::kUnsupportedMediaType, "A body must be application/json.");
  }
  if (encoding && !same_text(*encoding, "identity")) {
    return fail(ErrorCode::kUnsupportedMediaType, "A body must not be compressed.");
  }
  return {};
}

// A page whose name was made to point here (DNS rebinding) still sends its own name.
Result<void> check_host(const ApiOptions& options, const Request& request) {
  if (options.hosts.empty()) return {};
  const std::string_view host = request.header("Host").value_or("");
  const std::size_t port = host.find_last_of(":]");
  const bool has_port = port != std::string_view::npos && host[port] == ':';
  const std::string_view name = has_port ? host.substr(0, port) : host;
  const auto named = [&](const std::string& known) {
    return same_text(known, host) || same_text(known, name);
  };
  if (!host.empty() && std::any_of(options.hosts.begin(), options.hosts.end(), named)) return {};
  return fail(ErrorCode::kMisdirected, "This server does not answer for the Host that is named.");
}

Result<void> check_headers(const Request& request) {
  FieldFaults faults;
  for (const auto& [name, value] : request.headers) {
    if (holds_secret(name)) {
      faults.add_secret("header");
    } else if (!same_text(name, "Authorization")) {
      if (holds_secret(value)) faults.add_secret(name);
    }
  }
  const auto check_single = [&](std::string_view name) {
    if (request.headers.count(name) > 1) faults.add(name, FieldFault::kInvalid, "must stand once");
  };
  std::for_each(kSingleHeaders.begin(), kSingleHeaders.end(), check_single);
  const bool is_question = request.target.starts_with(kAuthorize);
  if (!is_question) std::for_each(kSingleToUs.begin(), kSingleToUs.end(), check_single);
  const auto request_id = request.header("X-Request-Id");
  if (!is_question && request_id && !is_token(*request_id)) {
    faults.add("X-Request-Id", FieldFault::kInvalid, "must be 1 to 255 printable ASCII characters");
  }
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return {};
}

// The target decoded, if there is no secret in it either way.
Result<Target> read_target(const SplitTarget& split) {
  auto target = parse_target(split.own);
  FieldFaults faults;
  if (target) {
    for (const auto& [name, value] : target->query) {
      if (holds_secret(name)) {
        faults.add_secret("url");
      } else if (holds_secret(value)) {
        faults.add_secret(is_token(name) ? name : "url");
      }
    }
    if (holds_secret(target->path)) faults.add_secret("url");
  }
  // A raw target may hide one from the decoder, behind an escape that is none.
  auto refused = faults.verdict();
  const bool hidden = holds_secret(split.own) || url_holds_secret(split.appended);
  if (!refused && hidden) faults.add_secret("url");
  refused = faults.verdict();
  if (refused) return fail(std::move(*refused));
  if (!target) return fail_field("url", FieldFault::kInvalid, "The URL has a bad escape.");
  return std::move(*target);
}

// An escaped slash is part of a segment, and no id has one (RFC 3986 section 2.2); decoded it would
// name another path than the one that whoever stands in front of us saw.
bool hides_slash(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  return path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos;
}

Result<void> check_query(const Route& route, const Query& query) {
  FieldFaults faults;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const std::string& name = query[i].first;
    const ParameterUse use = parameter_use(route, name);
    const std::string shown = is_token(name) ? name : "(unprintable)";
    if (use == ParameterUse::kUnknown) {
      faults.add(shown, FieldFault::kUnknownField, "is not a parameter of this call");
    }
    for (std::size_t j = 0; j < i && use == ParameterUse::kOnce; ++j) {
      if (query[j].first == name) faults.add(shown, FieldFault::kConflict, "must stand once");
    }
  }
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return {};
}

// 403 in core's words, which name the roles that may.
Result<void> check_role(const Call& call) {
  if (call.route.permission.roles.has(call.caller->role)) {
    if (!call.route.permission.operator_only) return {};
    const auto workspace = call.own_workspace();
    if (!workspace) return fail(workspace.error());
    if (call.params.empty()) return check_operator(**workspace, std::nullopt);
    const auto id = call.id<WorkspaceId>();
    if (!id) return fail(id.error());
    return check_operator(**workspace, *id);
  }
  CallContext context;
  context.workspace = call.caller->workspace;
  context.actor = {ActorKind::kMember, call.caller->member.bytes, call.caller->key};
  context.permitted = call.route.permission.roles;
  return check_caller(call.api.projections, context, call.now);
}

// Waits until the position that the client has seen before is visible.
Result<void> wait_for_position(const Call& call) {
  if (call.route.method != "GET") return {};
  for (const auto& [name, value] : call.query) {
    if (name != "min_position") continue;
    std::uint64_t position = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, position);
    if (value.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
      return fail_field(name, FieldFault::kInvalid, "must be a position, a whole number from 0");
    }
    if (!call.api.wait_for(position)) {
      return fail(ErrorCode::kBehind,
                  "Position " + std::to_string(position) + " is not visible here yet.");
    }
  }
  return {};
}

// Whether a credential was refused without a word of why. All of these count alike as guesses: were
// a key that has ended, or that is of no use here, told 401 where an unknown one is told 429, the
// guesser would know which keys there are.
bool is_wrong_key(const Call& call, const Result<Response>& response) {
  if (response) return call.is_wrong_key;
  return response.error().code == ErrorCode::kUnauthenticated && credential_of(call.request);
}

// One request on its way. What the answer's headers need is kept as soon as it is known, so that a
// refusal has it too.
class Exchange {
 public:
  Exchange(Api& api, const Request& request, bool may_wait)
      : api_(api),
        request_(request),
        now_(api.now()),
        client_(client_address(request, api.options.trusted_proxies)),
        may_wait_(may_wait) {
    const auto given = request.header("X-Request-Id");
    const bool usable = given && is_token(*given) && !holds_secret(*given) &&
                        request.headers.count("X-Request-Id") == 1;
    record_.request_id = usable ? std::string(*given) : make_request_id(now_);
    record_.client_ip = client_.text;
    record_.method = request.method;
    position_ = position_of(api);
  }

  // Nothing if a handler would have had to wait and must not.
  std::optional<Response> run() {
    const auto start = std::chrono::steady_clock::now();
    Response response = answered();
    if (declined_) return std::nullopt;
    if (is_for_nginx(request_.target)) restate_for_nginx(response);
    for (auto& header : answer_headers_) response.headers.push_back(std::move(header));
    response.headers.emplace_back("Date", http_date(now_));
    response.headers.emplace_back("X-Request-Id", record_.request_id);
    response.headers.emplace_back("Cache-Control", "no-store");
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (position_) response.headers.emplace_back("Ledger-Position", std::to_string(*position_));
    if (replayed_) response.headers.emplace_back("Idempotent-Replay", "true");
    if (!allow_.empty()) response.headers.emplace_back("Allow", allow_);

    const auto spent = std::chrono::steady_clock::now() - start;
    record_.micros = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
    record_.status = response.status;
    record_.bytes = response.body.size();
    if (api_.options.access_log) api_.options.access_log(record_);
    return response;
  }

 private:
  Response answered() {
    try {
      auto response = dispatch();
      if (response) return std::move(*response);
      const Error& error = response.error();
      const bool asked_for = error.code == ErrorCode::kBehind;  // a position ahead, by the client
      if (status_of(error.code) >= 500 && !asked_for) record_.fault = error.detail;
      return problem(error, record_.request_id, retry_after_);
    } catch (const std::exception& error) {
      record_.fault = error.what();
    } catch (...) {
      record_.fault = "an exception that is no std::exception";
    }
    return problem({ErrorCode::kInternal, {}, {}, std::nullopt}, record_.request_id);
  }

  Result<Response> dispatch() {
    if (request_.unreadable) return fail(*request_.unreadable);
    if (auto ours = check_host(api_.options, request_); !ours) return fail(ours.error());
    if (auto checked = check_headers(request_); !checked) return fail(checked.error());
    const SplitTarget split = split_target(request_.target);
    auto target = read_target(split);
    if (!target) return fail(target.error());
    Match found = match(routes(), request_.method, target->path);
    if (found.allow.empty() || hides_slash(split.own)) {
      return fail(ErrorCode::kNotFound, "There is nothing at this path.");
    }
    if (found.route == nullptr) {
      allow_ = found.allow;
      return fail(ErrorCode::kMethodNotAllowed, "This path knows " + found.allow + ".");
    }
    record_.route = found.route->pattern;
    if (const std::size_t most = found.route->max_body; request_.body.size() > most) {
      return fail(ErrorCode::kTooLarge,
                  "The body has more than " + std::to_string(most >> 10U) + " KiB.");
    }
    Call call{api_,
              request_,
              *found.route,
              record_.request_id,
              client_,
              std::nullopt,
              std::move(found.params),
              std::move(target->query),
              now_,
              position_,
              false,
              may_wait_,
              false,
              split.appended};
    auto response = answer(call);
    if (call.request_id.empty()) record_.request_id = make_request_id(now_);
    declined_ = call.declined;
    position_ = call.position;
    replayed_ = call.replayed;
    answer_headers_ = std::move(call.answer_headers);
    if (is_wrong_key(call, response)) retry_after_ = api_.guess_guard->refuse(client_, now_);
    if (retry_after_) {
      return fail(ErrorCode::kRateLimited, "Too many wrong keys came from this address.");
    }
    return response;
  }

  Result<Response> answer(Call& call) {
    if (call.route.permission.kind == Permission::Kind::kMembers) {
      std::optional<RetiredSecret> retired;
      auto caller = authenticate(request_, client_.ip, api_.projections, now_, retired);
      if (retired && api_.retired_use->is_recorded(retired->secret, now_)) retired.reset();
      if (retired && !may_wait_) {
        call.declined = true;
        return Response();
      }
      if (retired) record_retired_use(api_, *retired, record_.request_id, now_);
      if (!caller) return fail(caller.error());
      call.caller = *caller;
      if (!may_wait_ && !call.route.permission.roles.has(caller->role)) {
        call.declined = true;  // who may is told in core's words, which look the caller up
        return Response();
      }
      if (auto allowed = check_role(call); !allowed) return fail(allowed.error());
    }
    if (call.route.method != kAnyMethod) {
      if (auto readable = check_media(request_); !readable) return fail(readable.error());
    }
    if (auto known = check_query(call.route, call.query); !known) return fail(known.error());
    if (auto there = wait_for_position(call); !there) return fail(there.error());
    if (call.route.method == "GET") call.position = position_of(api_);
    return call.route.handler(call);
  }

  Api& api_;
  const Request& request_;
  const Timestamp now_;
  const ClientAddress client_;
  const bool may_wait_;
  bool declined_ = false;
  AccessRecord record_;
  std::optional<std::uint64_t> position_;
  bool replayed_ = false;
  AnswerHeaders answer_headers_;
  std::optional<std::uint32_t> retry_after_;
  std::string allow_;
};

}  // namespace

Response handle(Api& api, const Request& request) {
  return Exchange(api, request, true).run().value();
}

bool handle_at_once(Api& api, const RequestView& view, Response& response) {
  const bool verifies = view.method == "POST" && view.target == kVerifyTarget;
  const bool probes =
      view.method == "GET" && (view.target == "/healthz" || view.target == "/readyz");
  if (!verifies && !probes && !view.target.starts_with(kAuthorize)) return false;
  Request request;
  request.method = view.method;
  request.target = view.target;
  if (verifies) request.body = view.body;
  request.peer = view.peer;
  for (const HeaderView& header : view.headers) request.headers.emplace(header.name, header.value);
  auto answered = Exchange(api, request, false).run();
  wipe(request.body.data(), request.body.size());
  if (!answered) return false;
  response = std::move(*answered);
  return true;
}

}  // namespace keyledger::http
