// Reports of leaked secrets in the format of GitHub's secret scanning partner program
// (https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/
// secret-scanning-partner-program): a signed array of matches in, a label for each out.
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "events/crypto.h"
#include "http/base64.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/kept_text.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kIdentifierHeader = "Github-Public-Key-Identifier";
constexpr std::string_view kSignatureHeader = "Github-Public-Key-Signature";
constexpr const char* kReporter = "github";
constexpr const char* kReportReason = "reported as leaked by github";

constexpr std::size_t kMaxMatches = 10'000;
constexpr std::size_t kMaxUrl = 2000;       // bytes that are kept
constexpr std::size_t kMaxShortText = 128;  // likewise, of the type and the source
constexpr std::int64_t kRepeatInMs = 24 * 60 * 60 * 1000;
constexpr std::size_t kMaxScan = 10'000;  // events of a key that are read to find a repeat
constexpr const char* kWithheld = "(withheld: it holds the secret)";

struct Match {
  Digest token{};
  LeakDetails where;
};

bool contains(std::string_view text, std::string_view part) {
  return !part.empty() && text.find(part) != std::string_view::npos;
}

// Where a secret was found often says the secret itself: that is never kept and never answered.
std::string kept(const std::string& text, std::string_view token, std::size_t max) {
  const bool shows = find_secret(text) != std::string_view::npos || url_holds_secret(text) ||
                     contains(text, token) || contains(decoded_where_possible(text), token);
  return shows ? kWithheld : kept_text(text, max);
}

// A text of one match; others than the token may be absent. Nothing, and a fault, for what is no
// text.
std::optional<std::string> text_of(const Json& match, const char* name, const std::string& place,
                                   FieldFaults& faults) {
  const auto found = match.find(name);
  if (found == match.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  faults.add(place + '.' + name, FieldFault::kInvalid, "must be a text");
  return std::nullopt;
}

Match read_match(const Json& json, const std::string& place, FieldFaults& faults) {
  Match match;
  if (!json.is_object()) {
    faults.add(place, FieldFault::kInvalid, "must be an object");
    return match;
  }
  const auto text = [&](const char* name) { return text_of(json, name, place, faults); };
  auto token = text("token");
  if (!token) faults.add(place + ".token", FieldFault::kRequired, "is required");
  const Secret secret(std::move(token).value_or(""));
  match.token = secret.hash().bytes;
  // The type is a name that we gave the finder ourselves.
  match.where.type = kept(text("type").value_or(""), {}, kMaxShortText);
  match.where.url = kept(text("url").value_or(""), secret.reveal(), kMaxUrl);
  match.where.source = kept(text("source").value_or(""), secret.reveal(), kMaxShortText);
  return match;
}

// Fields that we do not know are the finder's to add.
Result<std::vector<Match>> read_matches(std::string_view body) {
  const auto json = parse_list_body(body);
  if (!json) return fail(json.error());
  if (json->size() > kMaxMatches) {
    return fail_field("body", FieldFault::kTooMany,
                      "The body has more than " + std::to_string(kMaxMatches) + " matches.");
  }
  FieldFaults faults;
  std::vector<Match> matches;
  for (std::size_t i = 0; i < json->size() && faults.size() < kMaxShownFaults; ++i) {
    matches.push_back(read_match((*json)[i], '[' + std::to_string(i) + ']', faults));
  }
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return matches;
}

// The identifier of the key that signed the body.
Result<std::string> check_signature(const Call& call) {
  const Request& request = call.request;
  const auto identifier = request.header(kIdentifierHeader);
  const auto signature = request.header(kSignatureHeader);
  const bool once =
      request.headers.count(kIdentifierHeader) == 1 && request.headers.count(kSignatureHeader) == 1;
  if (once && call.api.options.is_signed(request.body, *identifier, *signature)) {
    return std::string(*identifier);
  }
  return fail(ErrorCode::kUnauthenticated,
              "The body is not signed by a key that this server was given.");
}

// What the ledger says was reported of a key in the last day: each secret, and where. Read once a
// key and call.
class ReportedLately {
 public:
  explicit ReportedLately(const Call& call) : call_(call) {}

  // Whether it is there already; it is from now on.
  Result<bool> insert(const KeyId& key, const SecretId& secret, const std::string& url) {
    auto known = places_.find(key);
    if (known == places_.end()) {
      auto read = read_places(key);
      if (!read) return fail(read.error());
      known = places_.emplace(key, std::move(*read)).first;
    }
    return !known->second.emplace(secret, url).second;
  }

 private:
  using Places = std::set<std::pair<SecretId, std::string>>;

  [[nodiscard]] Result<Places> read_places(const KeyId& key) const {
    constexpr std::uint64_t kNewest = std::numeric_limits<std::uint64_t>::max();
    Places places;
    auto walk = call_.api.projections.streams().walk(stream_of(key), true, kNewest);
    EventReader reader(call_.api.log);
    for (std::size_t scanned = 0; scanned < kMaxScan; ++scanned, walk.pass()) {
      const auto position = walk.position();
      if (!position) return fail(position.error());
      if (!*position) break;
      const auto at = reader.at(**position);
      if (!at) return fail(at.error());
      if (call_.now.ms - at->event.time.ms >= kRepeatInMs) break;
      const auto* const report = std::get_if<KeyLeakReported>(&at->event.event);
      if (report == nullptr || !at->side.subject) continue;
      const auto details = decode_leak_details(at->side.subject->bytes);
      if (details) places.emplace(report->secret, details->url);
    }
    return places;
  }

  const Call& call_;
  std::map<KeyId, Places> places_;
};

Result<LeakOutcome> outcome_of(const Call& call, const Receipt& receipt) {
  if (receipt.count < 2) return LeakOutcome::kReported;
  const auto events = events_of(call, receipt);
  if (!events) return fail(events.error());
  const Event& consequence = events->back().event.event;
  if (std::holds_alternative<KeyCompromised>(consequence)) return LeakOutcome::kCompromised;
  if (std::holds_alternative<KeySuspended>(consequence)) return LeakOutcome::kSuspended;
  return LeakOutcome::kSecretEnded;
}

// In whatever workspace the secret is; the policy there says what follows.
Result<LeakOutcome> report(Call& call, const Match& match, const std::string& signing_key,
                           ReportedLately& lately) {
  const auto found = call.api.projections.verify_index().caller(match.token, {}, call.now);
  if (!found) return LeakOutcome::kUnknown;
  const auto repeated = lately.insert(found->key, found->secret, match.where.url);
  if (!repeated) return fail(repeated.error());
  if (*repeated) return LeakOutcome::kRepeated;
  Submission submission;
  submission.call.workspace = found->workspace;
  submission.call.actor_details = commit_to(encode_blob(client_details(call)));
  submission.call.request_id = call.request_id;
  submission.call.reason = kReportReason;
  submission.command = ReportLeak{found->key, found->secret, kReporter, signing_key,
                                  commit_to(encode_blob(match.where))};
  const auto receipt = call.api.ledger.execute(std::move(submission));
  if (!receipt) return fail(receipt.error());
  call.position = receipt->position;
  return outcome_of(call, *receipt);
}

}  // namespace

// The labels tell only who signed, and about secrets that he has: whether they are, or were, ours.
Result<Response> report_leaks(Call& call) {
  if (!call.api.options.is_signed) {
    return fail(ErrorCode::kNotFound, "There is nothing at this path.");
  }
  const auto signing_key = check_signature(call);
  if (!signing_key) return fail(signing_key.error());
  const auto matches = read_matches(call.request.body);
  if (!matches) return fail(matches.error());

  Json labels = Json::array();
  const std::lock_guard lock(call.api.leak_reports);
  ReportedLately lately(call);
  for (const Match& match : *matches) {
    const auto outcome = report(call, match, *signing_key, lately);
    if (!outcome) return fail(outcome.error());
    if (call.api.options.on_leak) call.api.options.on_leak(*outcome);
    const bool known = *outcome != LeakOutcome::kUnknown;
    labels.push_back({{"token_hash", base64(match.token)},
                      {"token_type", match.where.type},
                      {"label", known ? "true_positive" : "false_positive"}});
  }
  return json_response(200, labels);
}

}  // namespace keyledger::http
