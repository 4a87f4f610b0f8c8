#include "http/change.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "events/bytes.h"
#include "events/crypto.h"
#include "events/text.h"
#include "http/kept_text.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxUserAgent = 256;  // bytes that are kept
// Commands that wait for the ledger at once, of one call: the others also want a place in its
// queue.
constexpr std::size_t kMaxTogether = 256;

// "3", 3 or *: nothing for *, which any version matches.
Result<std::optional<std::uint32_t>> read_if_match(const Request& request) {
  const auto given = request.header("If-Match");
  if (!given || *given == "*") return std::optional<std::uint32_t>();
  std::string_view digits = *given;
  if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') {
    digits = digits.substr(1, digits.size() - 2);
  }
  std::uint32_t version = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, version);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return fail_field("If-Match", FieldFault::kInvalid,
                      "must be one strong ETag as it was answered, such as \"3\", or *");
  }
  return std::optional<std::uint32_t>(version);
}

// The same JSON has the same digest, however its fields are ordered and spaced.
Result<Digest> digest_of_body(std::string_view body) {
  const auto parsed = parse_body(body);
  if (!parsed) return fail(parsed.error());
  const nlohmann::json sorted = *parsed;  // this kind keeps names in order
  return sha256(sorted.dump());
}

// The value of a query parameter as the field of a body would have it; what is none stays a text,
// which the field's reader refuses.
Json typed(std::string_view name, const std::string& text) {
  if ((name == "cascade" || name == "dry_run") && (text == "true" || text == "false"))
    return text == "true";
  if (name == "limit" || name == "overlap_seconds") {
    std::uint64_t number = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  }
  return text;
}

Result<std::optional<IdempotencyClaim>> read_claim(const Call& call) {
  const auto given = call.request.header("Idempotency-Key");
  if (!given || call.request.method != "POST") return std::optional<IdempotencyClaim>();
  if (!is_token(*given)) {
    return fail_field("Idempotency-Key", FieldFault::kInvalid,
                      "must be 1 to 255 printable ASCII characters");
  }
  const auto request = digest_of_body(call.request.body);
  if (!request) return fail(request.error());
  const auto target = parse_target(call.request.target);
  std::string scope;
  ByteWriter writer(scope);
  writer.array(call.caller->member.bytes);
  writer.sized(call.request.method);
  writer.sized(target ? target->path : call.request.target);
  writer.sized(*given);
  return std::optional<IdempotencyClaim>({sha256(scope), *request});
}

Result<CommittedBlob> read_actor_details(const Call& call) {
  ActorDetails details = client_details(call);
  details.on_behalf_of = call.request.header("X-On-Behalf-Of").value_or("");
  if (!details.on_behalf_of.empty()) {
    FieldFaults faults;
    check_text(faults, "X-On-Behalf-Of", details.on_behalf_of, kMaxText);
    if (auto refused = faults.verdict()) return fail(std::move(*refused));
  }
  return commit_to(encode_blob(details));
}

Result<CallContext> context_of(const Call& call, std::string reason) {
  auto details = read_actor_details(call);
  if (!details) return fail(details.error());
  CallContext context;
  context.workspace = call.caller->workspace;
  context.actor = {ActorKind::kMember, call.caller->member.bytes, call.caller->key};
  context.permitted = call.route.permission.roles;
  context.actor_details = std::move(*details);
  context.request_id = call.request_id;
  context.reason = std::move(reason);
  return context;
}

// With the version that the caller has in hand.
Result<CallContext> context_of_change(const Call& call, std::string reason) {
  auto context = context_of(call, std::move(reason));
  if (!context) return context;
  const auto if_match = read_if_match(call.request);
  if (!if_match) return fail(if_match.error());
  context->if_match = *if_match;
  return context;
}

}  // namespace

Result<Json> read_fields(const Call& call) {
  auto body = parse_body(call.request.body);
  if (!body || call.request.method != "DELETE") return body;
  FieldFaults faults;
  for (const auto& [name, value] : call.query) {
    if (body->contains(name)) {
      faults.add(name, FieldFault::kConflict, "must not stand in both the body and the query");
    } else if (is_valid_utf8(value)) {
      (*body)[name] = typed(name, value);
    } else {
      faults.add(name, FieldFault::kInvalid, "must be valid UTF-8");
    }
  }
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return body;
}

std::string read_reason(const Call& call, BodyReader& body) {
  auto in_body = body.free_text("reason", kMaxText);
  const auto header = call.request.header("X-Reason").value_or("");
  if (header.empty()) return in_body ? std::move(*in_body) : std::string();
  if (in_body && *in_body != header) {
    body.fault("X-Reason", FieldFault::kConflict, "must not differ from the body's reason");
  }
  body.check_header("X-Reason", header, kMaxText);
  return std::string(header);
}

ActorDetails client_details(const Call& call) {
  ActorDetails details;
  details.ip = call.client.text;
  details.user_agent = kept_text(call.request.header("User-Agent").value_or(""), kMaxUserAgent);
  return details;
}

Result<Receipt> record(Call& call, Command notice, std::string reason) {
  auto context = context_of(call, std::move(reason));
  if (!context) return fail(context.error());
  return call.api.ledger.execute({std::move(*context), std::move(notice)});
}

Result<Receipt> submit(Call& call, Command command, std::string reason) {
  auto context = context_of_change(call, std::move(reason));
  if (!context) return fail(context.error());
  const auto claim = read_claim(call);
  if (!claim) return fail(claim.error());
  context->idempotency = *claim;
  auto receipt = call.api.ledger.execute({std::move(*context), std::move(command)});
  if (!receipt) return receipt;
  call.position = receipt->position;
  call.replayed = receipt->replayed;
  return receipt;
}

Result<std::vector<Result<Receipt>>> submit_all(Call& call, std::vector<Part> parts,
                                                const std::string& reason) {
  const auto context = context_of(call, reason);
  if (!context) return fail(context.error());
  std::vector<Submission> submissions;
  for (Part& part : parts) {
    submissions.push_back({*context, std::move(part.command)});
    submissions.back().call.if_match = part.version;
  }
  return execute_together(call, std::move(submissions));
}

std::vector<Result<Receipt>> execute_together(Call& call, std::vector<Submission> submissions) {
  std::vector<Result<Receipt>> answers;
  std::vector<Submission> some;
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    some.push_back(std::move(submissions[i]));
    if (some.size() < kMaxTogether && i + 1 < submissions.size()) continue;
    for (Result<Receipt>& answer : call.api.ledger.execute_all(std::exchange(some, {}))) {
      if (answer) call.position = std::max(call.position.value_or(0), answer->position);
      answers.push_back(std::move(answer));
    }
  }
  return answers;
}

Result<Decision> rehearse(const Call& call, Command command, std::string reason) {
  auto context = context_of_change(call, std::move(reason));
  if (!context) return fail(context.error());
  return decide(call.api.projections, {std::move(*context), std::move(command)}, call.now);
}

Result<Receipt> submit_with_secret(Call& call, Command command, std::string reason,
                                   const SecretId& id, const Secret& secret) {
  call.api.sealed_secrets->keep(id, secret, call.now);
  auto receipt = submit(call, std::move(command), std::move(reason));
  if (!receipt || receipt->replayed) call.api.sealed_secrets->forget(id);
  return receipt;
}

Result<std::vector<EventAt>> events_of(const Call& call, const Receipt& receipt) {
  EventReader reader(call.api.log);
  std::vector<EventAt> out;
  for (std::uint32_t i = 0; i < receipt.count; ++i) {
    auto event = reader.at(receipt.first_position + i);
    if (!event) return fail(event.error());
    out.push_back(std::move(*event));
  }
  return out;
}

Result<std::optional<Secret>> show_again(Call& call, const KeyId& key, const SecretId& secret) {
  auto kept = call.api.sealed_secrets->find(secret, call.now);
  if (!kept) return std::optional<Secret>();
  const auto recorded = record(call, RecordSecretReplay{key, secret}, {});
  if (!recorded) return fail(recorded.error());
  if (recorded->count == 0) return std::optional<Secret>();
  return std::optional<Secret>(std::move(*kept));
}

void set_etag(Response& response, std::uint32_t version) {
  response.headers.emplace_back("ETag", '"' + std::to_string(version) + '"');
}

Response json_response(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = dump(body);
  return response;
}

Response resource_response(const Json& body, std::uint32_t version) {
  Response response = json_response(200, body);
  set_etag(response, version);
  return response;
}

}  // namespace keyledger::http
