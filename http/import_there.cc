#include "http/import_there.h"

#include <algorithm>

namespace keyledger::http {
namespace {

template <typename T>
bool same_set(std::vector<T> given, const std::vector<T>& set) {
  make_set(given);
  return given == set;
}

bool has_secret(const Key& key, const SecretFacts& wanted) {
  return std::any_of(key.secrets.begin(), key.secrets.end(), [&wanted](const KeySecret& secret) {
    return secret.facts.hash == wanted.hash && secret.facts.handle == wanted.handle;
  });
}

bool is_so(const CreateKey& entry, const Key& key) {
  return entry.type == key.type && entry.environment == key.environment && entry.name == key.name &&
         has_secret(key, entry.secret) && (!entry.scopes || same_set(*entry.scopes, key.scopes)) &&
         same_set(entry.allowed_origins, key.allowed_origins) &&
         entry.allow_missing_origin == key.allow_missing_origin &&
         same_set(entry.allowed_ips, key.allowed_ips) && entry.not_before == key.not_before &&
         (!entry.expires_at || entry.expires_at == key.expires_at) &&
         (!entry.owner || *entry.owner == key.owner) && entry.rate_limit == key.rate_limit;
}

}  // namespace

Result<bool> is_there(const Call& call, const CreateKey& entry) {
  const Projections& projections = call.api.projections;
  const auto found = projections.verify_index().caller(entry.secret.hash.bytes, {}, call.now);
  if (!found || found->workspace != call.caller->workspace) return false;
  const auto view = projections.keys().view(found->key);
  if (!view) return fail(view.error());
  if (!*view || !is_so(entry, (*view)->key)) return false;
  KeyDetails said;
  if (entry.details) {
    auto decoded = decode_key_details(entry.details->blob.bytes);
    if (!decoded) return fail(decoded.error());
    said = std::move(*decoded);
  }
  return said == (*view)->details;
}

}  // namespace keyledger::http
