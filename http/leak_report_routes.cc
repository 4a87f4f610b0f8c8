// Reports of leaked secrets in the format of GitHub's secret scanning partner program
// (https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partnership-program/
// secret-scanning-partner-program): a signed array of matches in, a label for each out.
#include <limits>
#include <map>
#include <set>

#include "events/crypto.h"
#include "http/base64.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/kept_text.h"
#include "http/presented_secrets.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kIdentifierHeader = "Github-Public-Key-Identifier";
constexpr std::string_view kSignatureHeader = "Github-Public-Key-Signature";
constexpr const char* kReporter = "github";
constexpr const char* kReportReason = "reported as leaked by github";

constexpr std::size_t kMaxMatches = 10'000;
constexpr std::size_t kMaxUrl = 2000;       // bytes that are kept
constexpr std::size_t kMaxShortText = 128;  // likewise, of the type and the source
// Events of a key that are read to find a repeat. A report that lies further back is recorded once
// more and is then among the newest.
constexpr std::size_t kMaxScan = 10'000;
constexpr const char* kWithheld = "(withheld: it holds the secret)";

struct ReportedMatch {
  Digest token{};
  LeakDetails where;
};

// Where a secret was found often says the secret itself, or another one that was found there: that
// is never kept and never answered.
std::string kept(const std::string& text, const PresentedSecrets& presented, std::size_t max) {
  std::string kept = kept_text(text, max);
  const bool shows = presented.shown_in(text) || (kept != text && presented.shown_in(kept));
  return shows ? kWithheld : kept;
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

ReportedMatch read_match(const Json& json, const PresentedSecrets& presented,
                         const std::string& place, FieldFaults& faults) {
  ReportedMatch match;
  if (!json.is_object()) {
    faults.add(place, FieldFault::kInvalid, "must be an object");
    return match;
  }
  const auto text = [&](const char* name) { return text_of(json, name, place, faults); };
  auto token = text("token");
  if (!token) faults.add(place + ".token", FieldFault::kRequired, "is required");
  match.token = Secret(std::move(token).value_or("")).hash().bytes;
  match.where.type = kept(text("type").value_or(""), presented, kMaxShortText);
  match.where.url = kept(text("url").value_or(""), presented, kMaxUrl);
  match.where.source = kept(text("source").value_or(""), presented, kMaxShortText);
  return match;
}

// The tokens of all matches; they lie in `json`.
PresentedSecrets tokens_in(const Json& json) {
  PresentedSecrets tokens;
  for (const Json& match : json) {
    if (!match.is_object()) continue;
    const auto token = match.find("token");
    if (token == match.end() || !token->is_string()) continue;
    tokens.add(token->get_ref<const std::string&>());
  }
  return tokens;
}

// Fields that we do not know are the finder's to add.
Result<std::vector<ReportedMatch>> read_matches(Call& call) {
  const auto json = parse_list_body(call.request.body);
  if (!json) return fail(json.error());
  if (json->size() > kMaxMatches) {
    return fail_field("body", FieldFault::kTooMany,
                      "The body has more than " + std::to_string(kMaxMatches) + " matches.");
  }
  FieldFaults faults;
  const PresentedSecrets tokens = tokens_in(*json);
  for (const std::string_view name : tokens.headers_that_show(call)) faults.add_secret(name);
  std::vector<ReportedMatch> matches;
  for (std::size_t i = 0; i < json->size() && faults.size() < kMaxShownFaults; ++i) {
    matches.push_back(read_match((*json)[i], tokens, '[' + std::to_string(i) + ']', faults));
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

// What the ledger says was reported of a key: each secret, and where. Read once a key and call.
class ReportedBefore {
 public:
  explicit ReportedBefore(const Call& call) : call_(call) {}

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

// Asks the ledger about all that is news, in few frames, and says what became of each match.
class Reports {
 public:
  Reports(Call& call, const std::string& signing_key)
      : call_(call),
        signing_key_(signing_key),
        actor_details_(commit_to(encode_blob(client_details(call)))) {}

  Result<std::vector<LeakOutcome>> record(const std::vector<ReportedMatch>& matches) {
    std::vector<LeakOutcome> outcomes;
    std::vector<Submission> submissions;
    std::vector<std::size_t> asked;  // which match each of them is about
    for (const ReportedMatch& match : matches) {
      auto outcome = LeakOutcome::kUnknown;
      if (const auto found = find(match)) {
        const auto repeated = before_.insert(found->key, found->secret, match.where.url);
        if (!repeated) return fail(repeated.error());
        outcome = *repeated ? LeakOutcome::kRepeated : LeakOutcome::kReported;
        if (!*repeated) {
          asked.push_back(outcomes.size());
          submissions.push_back(submission_of(match, *found));
        }
      }
      outcomes.push_back(outcome);
      if (outcome != LeakOutcome::kReported) tell(outcome);
    }
    const auto answers = execute_together(call_, std::move(submissions));
    std::optional<Error> failed;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const auto outcome = answers[i] ? outcome_of(call_, *answers[i]) : fail(answers[i].error());
      if (outcome) outcomes[asked[i]] = *outcome;
      if (!outcome && !failed) failed = outcome.error();
      if (outcome) tell(*outcome);
    }
    if (failed) return fail(std::move(*failed));  // what is recorded stays: a repeat does the rest
    return outcomes;
  }

 private:
  void tell(LeakOutcome outcome) const {
    if (call_.api.options.on_leak) call_.api.options.on_leak(outcome);
  }

  // In whatever workspace the secret is; the policy there says what follows.
  [[nodiscard]] std::optional<CallerKey> find(const ReportedMatch& match) const {
    return call_.api.projections.verify_index().caller(match.token, {}, call_.now);
  }

  [[nodiscard]] Submission submission_of(const ReportedMatch& match, const CallerKey& found) const {
    Submission submission;
    submission.call.workspace = found.workspace;
    submission.call.actor_details = actor_details_;
    submission.call.request_id = call_.request_id;
    submission.call.reason = kReportReason;
    submission.command = ReportLeak{found.key, found.secret, kReporter, signing_key_,
                                    commit_to(encode_blob(match.where))};
    return submission;
  }

  Call& call_;
  const std::string& signing_key_;
  const CommittedBlob actor_details_;
  ReportedBefore before_{call_};
};

}  // namespace

// The labels tell only who signed, and about secrets that he has: whether they are, or were, ours.
Result<Response> report_leaks(Call& call) {
  if (!call.api.options.is_signed) {
    return fail(ErrorCode::kNotFound, "There is nothing at this path.");
  }
  const auto signing_key = check_signature(call);
  if (!signing_key) return fail(signing_key.error());
  const auto matches = read_matches(call);
  if (!matches) return fail(matches.error());
  const auto outcomes = call.api.leak_reports.take(
      kTurnPatience, [&] { return Reports(call, *signing_key).record(*matches); });
  if (!outcomes) return fail(outcomes.error());

  Json labels = Json::array();
  for (std::size_t i = 0; i < matches->size(); ++i) {
    const bool known = (*outcomes)[i] != LeakOutcome::kUnknown;
    labels.push_back({{"token_hash", base64((*matches)[i].token)},
                      {"token_type", (*matches)[i].where.type},
                      {"label", known ? "true_positive" : "false_positive"}});
  }
  return json_response(200, labels);
}

}  // namespace keyledger::http
