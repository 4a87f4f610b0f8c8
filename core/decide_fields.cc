// The fields of a key against the policy and against each other. What a single value may look like
// (lengths, characters, lists) was checked where it was parsed; the core does not check it again.
#include <algorithm>
#include <array>
#include <limits>

#include "core/decide_rules.h"
#include "events/origin.h"
#include "events/text.h"

namespace keyledger {

namespace {

constexpr std::int64_t kLastMoment = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct NamedCharacter {
  std::string_view utf8;
  std::string_view name;
};

// The Unicode property White_Space (PropList.txt, Unicode 15).
constexpr std::array<NamedCharacter, 25> kWhiteSpace = {{
    {"\t", "a tab (U+0009)"},
    {"\n", "a line feed (U+000A)"},
    {"\v", "a line tabulation (U+000B)"},
    {"\f", "a form feed (U+000C)"},
    {"\r", "a carriage return (U+000D)"},
    {" ", "a space (U+0020)"},
    {"\xC2\x85", "a next line (U+0085)"},
    {"\xC2\xA0", "a no-break space (U+00A0)"},
    {"\xE1\x9A\x80", "an ogham space mark (U+1680)"},
    {"\xE2\x80\x80", "an en quad (U+2000)"},
    {"\xE2\x80\x81", "an em quad (U+2001)"},
    {"\xE2\x80\x82", "an en space (U+2002)"},
    {"\xE2\x80\x83", "an em space (U+2003)"},
    {"\xE2\x80\x84", "a three-per-em space (U+2004)"},
    {"\xE2\x80\x85", "a four-per-em space (U+2005)"},
    {"\xE2\x80\x86", "a six-per-em space (U+2006)"},
    {"\xE2\x80\x87", "a figure space (U+2007)"},
    {"\xE2\x80\x88", "a punctuation space (U+2008)"},
    {"\xE2\x80\x89", "a thin space (U+2009)"},
    {"\xE2\x80\x8A", "a hair space (U+200A)"},
    {"\xE2\x80\xA8", "a line separator (U+2028)"},
    {"\xE2\x80\xA9", "a paragraph separator (U+2029)"},
    {"\xE2\x80\xAF", "a narrow no-break space (U+202F)"},
    {"\xE2\x81\x9F", "a medium mathematical space (U+205F)"},
    {"\xE3\x80\x80", "an ideographic space (U+3000)"},
}};

// Why this scope may not be on such a key; empty if it may.
std::string refused_scope(const Policy& policy, KeyType type, const std::string& scope) {
  if (scope == kAllScopes || policy.scopes.empty()) return {};
  const auto known =
      std::find_if(policy.scopes.begin(), policy.scopes.end(),
                   [&scope](const PolicyScope& candidate) { return candidate.name == scope; });
  if (known == policy.scopes.end()) {
    return "The policy of this workspace has no scope " + scope + ".";
  }
  if (type == KeyType::kPublic && !known->is_public) {
    return "The scope " + scope + " is for private keys only.";
  }
  return {};
}

}  // namespace

std::string indexed(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

void Faults::add(std::string field, FieldFault fault, std::string message) {
  found_.push_back({std::move(field), fault, std::move(message)});
}

void Faults::take(std::string_view within, const std::vector<FieldError>& inner) {
  for (const FieldError& error : inner) {
    found_.push_back({std::string(within) + '.' + error.field, error.fault, error.message});
  }
}

Result<void> Faults::verdict() const {
  if (found_.empty()) return {};
  Error error{ErrorCode::kInvalidRequest, found_.front().message, found_, std::nullopt};
  return fail(std::move(error));
}

void check_type(const Policy& policy, KeyType type, Faults& faults) {
  if (type == KeyType::kPublic && policy.allow_public) return;
  if (type == KeyType::kPrivate && policy.allow_private) return;
  faults.add("type", FieldFault::kNotAllowed,
             type == KeyType::kManagement
                 ? "Management keys are issued to a member."
                 : "The policy of this workspace does not allow keys of this type.");
}

void check_name(const Policy& policy, std::string_view name, Faults& faults) {
  if (policy.name_rule != NameRule::kNoWhitespace) return;
  const NamedCharacter* first = nullptr;
  std::size_t at = std::string_view::npos;
  for (const NamedCharacter& character : kWhiteSpace) {
    const std::size_t found = name.find(character.utf8);
    if (found < at) {
      at = found;
      first = &character;
    }
  }
  if (first == nullptr) return;
  const std::size_t place = count_characters(name.substr(0, at)) + 1;
  faults.add("name", FieldFault::kInvalid,
             "The name rule no_whitespace allows no white space; character " +
                 std::to_string(place) + " is " + std::string(first->name) + ".");
}

void check_scopes(const Policy& policy, KeyType type, const std::vector<std::string>& scopes,
                  bool given, Faults& faults, std::string_view field) {
  if (scopes.empty()) {
    faults.add(std::string(field), FieldFault::kInvalid,
               "A key without any scope could do nothing.");
  }
  const auto alls = std::count(scopes.begin(), scopes.end(), kAllScopes);
  if (alls != 0 && static_cast<std::size_t>(alls) != scopes.size()) {
    faults.add(std::string(field), FieldFault::kConflict,
               "ALL stands for every scope; it cannot be given together with others.");
    return;
  }
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    std::string refused = refused_scope(policy, type, scopes[i]);
    if (refused.empty()) continue;
    faults.add(given ? indexed(field, i) : std::string(field), FieldFault::kNotAllowed,
               std::move(refused));
  }
}

void check_origins(const Policy& policy, KeyType type, Environment environment,
                   const std::vector<OriginRule>& origins, Faults& faults) {
  if (type != KeyType::kPublic) {
    if (origins.empty()) return;
    faults.add("allowed_origins", FieldFault::kNotAllowed, "Only public keys have origin rules.");
    return;
  }
  if (!policy.forbid_wildcard_origin_live || environment != Environment::kLive) return;
  for (std::size_t i = 0; i < origins.size(); ++i) {
    if (!is_any(origins[i])) continue;
    faults.add(indexed("allowed_origins", i), FieldFault::kNotAllowed,
               "The policy of this workspace forbids the origin * for live keys.");
  }
}

void check_missing_origin(KeyType type, bool allowed, Faults& faults) {
  if (type == KeyType::kPublic || !allowed) return;
  faults.add("allow_missing_origin", FieldFault::kNotAllowed,
             "Only public keys have origin rules.");
}

void check_life(const Policy& policy, Timestamp now, const Life& life, bool limited,
                Faults& faults) {
  const std::string field(life.field);
  const std::uint64_t longest = limited ? policy.max_ttl_seconds.value_or(kUnlimited) : kUnlimited;
  const std::string limit = "The policy of this workspace limits the life of a key to " +
                            std::to_string(longest) + " seconds.";
  if (!life.expires_at) {
    if (longest != kUnlimited) faults.add(field, FieldFault::kRequired, limit);
    return;
  }
  if (life.expires_at->ms > kLastMoment) {
    faults.add(field, FieldFault::kInvalid, "The expiry is later than the year 9999.");
    return;
  }
  if (*life.expires_at <= now) {
    faults.add(field, FieldFault::kInvalid, "The expiry must be in the future.");
  } else if (life.not_before && *life.expires_at <= *life.not_before) {
    faults.add(field, FieldFault::kInvalid, "The expiry must be later than not_before.");
  }
  const std::int64_t life_ms = std::max<std::int64_t>(0, life.expires_at->ms - life.created_at.ms);
  if ((static_cast<std::uint64_t>(life_ms) + 999) / 1000 > longest) {
    faults.add(field, FieldFault::kNotAllowed, limit);
  }
}

Result<void> check_owner(const Situation& in, const MemberId& owner, Faults& faults) {
  const auto member = in.state.member(owner);
  if (!member) return fail(member.error());
  if (!*member || (*member)->workspace != in.workspace->id || (*member)->removed) {
    faults.add("owner_id", FieldFault::kInvalid,
               "The owner must be a member of this workspace that was not removed.");
  }
  return {};
}

Result<void> check_name_free(const Situation& in, Environment environment, std::string_view name,
                             const std::optional<KeyId>& predecessor) {
  if (!in.policy().unique_names) return {};
  // Not the newest alone: keys may share a name from a time when the policy let them.
  std::uint64_t before = kNewestHolder;
  while (true) {
    const auto holder = in.state.name_holder(in.workspace->id, environment, name, before);
    if (!holder) return fail(holder.error());
    if (!*holder) return {};
    before = (*holder)->named_at;
    if ((*holder)->id == predecessor) continue;
    const auto other = in.state.key((*holder)->id);
    if (!other) return fail(other.error());
    if (!*other) return fail(ErrorCode::kInternal, "A name is held by a key that is not there.");
    if (is_final(status_of(**other, in.now))) continue;
    return fail({ErrorCode::kNameTaken,
                 "The name is held by the key " + to_text((*holder)->id) + ".",
                 {{"name", FieldFault::kConflict, "Another key has this name."}},
                 std::nullopt});
  }
}

}  // namespace keyledger
