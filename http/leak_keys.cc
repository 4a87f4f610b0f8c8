#include "http/leak_keys.h"

#include <utility>

#include "http/base64.h"
#include "http/field_faults.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

std::optional<std::string> text_in(const Json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

Result<LeakKeys> LeakKeys::parse(std::string_view document) {
  const auto json = parse_body(document);
  if (!json) return fail(json.error());
  const auto list = json->find("public_keys");
  if (list == json->end() || !list->is_array() || list->empty()) {
    return fail_field("public_keys", FieldFault::kRequired, "must be a list of keys");
  }
  LeakKeys keys;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = "public_keys[" + std::to_string(i) + ']';
    const Json& entry = (*list)[i];
    if (!entry.is_object()) return fail_field(place, FieldFault::kInvalid, "must be an object");
    auto identifier = text_in(entry, "key_identifier");
    if (!identifier || !is_token(*identifier)) {
      return fail_field(place + ".key_identifier", FieldFault::kInvalid,
                        "must be 1 to 255 printable ASCII characters");
    }
    const auto key = EcdsaPublicKey::from_pem(text_in(entry, "key").value_or(""));
    if (!key) {
      return fail_field(place + ".key", FieldFault::kInvalid,
                        "must be a public key of the curve P-256 in PEM");
    }
    if (!keys.keys_.try_emplace(std::move(*identifier), *key).second) {
      return fail_field(place + ".key_identifier", FieldFault::kConflict, "stands twice");
    }
  }
  return keys;
}

bool LeakKeys::have_signed(std::string_view bytes, std::string_view identifier,
                           std::string_view signature) const {
  const auto key = keys_.find(identifier);
  const auto der = parse_base64(signature);
  return key != keys_.end() && der && key->second.has_signed(bytes, *der);
}

}  // namespace keyledger::http
