#include "http/caller.h"

#include "events/crypto.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kScheme = "bearer";

bool has_scheme(std::string_view value) {
  if (value.size() <= kScheme.size() || value[kScheme.size()] != ' ') return false;
  const std::string_view scheme = value.substr(0, kScheme.size());
  return !HeaderLess()(scheme, kScheme) && !HeaderLess()(kScheme, scheme);
}

tl::unexpected<Error> refused() {
  return fail(ErrorCode::kUnauthenticated,
              "Send a valid management key: Authorization: Bearer mk_… (or the key alone).");
}

}  // namespace

std::optional<std::string_view> credential_of(const Request& request) {
  auto value = request.header("Authorization").value_or("");
  if (has_scheme(value)) value.remove_prefix(kScheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (value.empty()) return std::nullopt;
  return value;
}

Result<Caller> authenticate(const Request& request, const std::optional<IpAddress>& from,
                            const Projections& projections, Timestamp now,
                            std::optional<RetiredSecret>& retired) {
  const auto credential = credential_of(request);
  if (!credential || is_malformed(*credential)) return refused();
  return authenticate(sha256(*credential), from, projections, now, retired);
}

Result<Caller> authenticate(const Digest& secret_hash, const std::optional<IpAddress>& from,
                            const Projections& projections, Timestamp now,
                            std::optional<RetiredSecret>& retired) {
  const RequestSource source{from, std::nullopt};
  const auto key = projections.verify_index().caller(secret_hash, source, now);
  if (!key || key->type != KeyType::kManagement) return refused();
  if (key->judgement.verdict == Verdict::kIpNotAllowed) {
    return fail(ErrorCode::kForbidden, "This management key may not be used from this address.");
  }
  if (key->judgement.verdict == Verdict::kSecretRetired) {
    retired = RetiredSecret{key->workspace, key->key, key->secret};
  }
  if (key->judgement.verdict != Verdict::kValid) return refused();
  const auto view = projections.directory().member(key->member);
  if (!view || view->member.removed || view->member.workspace != key->workspace) return refused();
  return Caller{key->workspace, key->member, view->member.role, key->key};
}

}  // namespace keyledger::http
