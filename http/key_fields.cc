#include "http/key_fields.h"

#include <algorithm>
#include <array>

#include "events/crypto.h"
#include "events/hex.h"

namespace keyledger::http {
namespace {

using Origins = std::vector<OriginRule>;
using Networks = std::vector<NetworkRule>;

constexpr std::size_t kMaxHandle = 64;

std::optional<Digest> read_digest(BodyReader& body, std::string_view field) {
  const auto text = body.required_text(field, kMaxText);
  if (!text) return std::nullopt;
  const auto digest = parse_digest(*text);
  if (digest) return digest;
  body.fault(field, FieldFault::kInvalid,
             "must be the 64 hexadecimal digits of the SHA-256 of the whole secret");
  return std::nullopt;
}

// What comes out where no secret went in: it would be everybody's who sends an empty one, or the
// one of many lines of a file that a script has read wrongly.
void check_hash(BodyReader& body, const Digest& hash) {
  static const std::array<Digest, 3> kOfNothing = {sha256(""), sha256("\n"), sha256("\r\n")};
  if (std::find(kOfNothing.begin(), kOfNothing.end(), hash) == kOfNothing.end()) return;
  body.fault("sha256", FieldFault::kNotAllowed,
             "is the SHA-256 of nothing, or of an empty line: no secret was hashed");
}

}  // namespace

CreateKey read_key_fields(BodyReader& body) {
  CreateKey command;
  const auto type =
      body.choice<KeyType>("type", {{"private", KeyType::kPrivate}, {"public", KeyType::kPublic}});
  if (!body.has("type")) body.fault("type", FieldFault::kRequired, "is required");
  command.type = type.value_or(KeyType::kPrivate);
  command.environment = body.choice<Environment>("environment", {{"live", Environment::kLive},
                                                                 {"test", Environment::kTest}})
                            .value_or(Environment::kLive);
  command.name = body.required_text("name", kMaxName).value_or("");
  command.scopes = body.scopes("scopes");
  command.allowed_origins = body.origins("allowed_origins").value.value_or(Origins());
  command.allow_missing_origin = body.boolean("allow_missing_origin").value_or(false);
  command.allowed_ips = body.networks("allowed_ips").value.value_or(Networks());
  command.rate_limit = body.own_rate_limit("rate_limit").value;
  command.not_before = body.time("not_before");
  command.expires_at = body.time("expires_at");
  command.owner = body.id<MemberId>("owner_id");
  KeyDetails details;
  details.description = body.free_text("description", kMaxText);
  details.metadata = body.metadata("metadata").value;
  details.external_id = body.free_text("external_id", kMaxName);
  if (!details.empty()) command.details = commit_to(encode_blob(details));
  return command;
}

CreateKey read_imported_key(BodyReader& body) {
  CreateKey command = read_key_fields(body);
  const auto hash = read_digest(body, "sha256");
  if (hash) check_hash(body, *hash);
  command.secret.hash = {HashAlgorithm::kSha256, hash.value_or(Digest{})};
  command.secret.handle = body.free_text("handle", kMaxHandle).value_or("");
  if (!command.secret.handle.empty() && !is_token(command.secret.handle)) {
    body.fault("handle", FieldFault::kInvalid, "must be printable ASCII");
  }
  return command;
}

}  // namespace keyledger::http
