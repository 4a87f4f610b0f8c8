#include "http/json.h"

#include <algorithm>
#include <set>
#include <vector>

#include "core/rate_limit.h"
#include "events/network.h"
#include "events/origin.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxDepth = 16;
// The library looks a name up by going through all before it, so many names take quadratic time.
constexpr std::size_t kMaxNames = 256;

// Walks a text without building anything: what the library accepts and we do not (RFC 8259 leaves
// names that stand twice open, RFC 8785 forbids them).
class Checker : public nlohmann::json_sax<Json> {
 public:
  [[nodiscard]] const std::string& fault() const { return fault_; }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t /*elements*/) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second) {
      fault_ = "names a field twice";
    } else if (names_.back().size() > kMaxNames) {
      fault_ = "has an object with more than " + std::to_string(kMaxNames) + " names";
    }
    return fault_.empty();
  }
  // The library's own text quotes the body, which may hold a secret.
  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    fault_ = "is not valid JSON at byte " + std::to_string(position);
    return false;
  }

 private:
  bool open() {
    names_.emplace_back();
    if (names_.size() <= kMaxDepth) return true;
    fault_ = "is nested deeper than " + std::to_string(kMaxDepth);
    return false;
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> names_;  // of the objects that are open
  std::string fault_;
};

// Any JSON text that we would take, whatever it is.
Result<Json> parse_text(std::string_view body) {
  Checker checker;
  // The library takes a NUL for the end of the text.
  if (body.find('\0') != std::string_view::npos) {
    return fail_field("body", FieldFault::kInvalid, "The body has a NUL byte.");
  }
  if (!Json::sax_parse(body, &checker)) {
    return fail_field("body", FieldFault::kInvalid, "The body " + checker.fault() + ".");
  }
  return Json::parse(body, nullptr, false);
}

}  // namespace

Result<Json> parse_body(std::string_view body) {
  if (body.empty()) return Json::object();
  auto json = parse_text(body);
  if (!json || json->is_object()) return json;
  return fail_field("body", FieldFault::kInvalid, "The body is not a JSON object.");
}

Result<Json> parse_list_body(std::string_view body) {
  auto json = parse_text(body);
  if (!json || json->is_array()) return json;
  return fail_field("body", FieldFault::kInvalid, "The body is not a JSON array.");
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json time_json(const OptionalTime& time) { return time ? Json(to_text(*time)) : Json(nullptr); }

Json origins_json(const std::vector<OriginRule>& origins) {
  Json out = Json::array();
  for (const OriginRule& rule : origins) out.push_back(to_text(rule));
  return out;
}

Json ip_json(const std::optional<IpAddress>& ip) { return ip ? Json(to_text(*ip)) : nullptr; }

Json origin_json(const std::optional<Origin>& origin) {
  if (!origin) return nullptr;
  if (origin->opaque()) return "null";
  std::string text = origin->scheme + "://" + origin->host;
  if (origin->port != default_port(origin->scheme)) text += ':' + std::to_string(*origin->port);
  return text;
}

Json networks_json(const std::vector<NetworkRule>& networks) {
  Json out = Json::array();
  for (const NetworkRule& rule : networks) out.push_back(to_text(rule));
  return out;
}

Json rate_limit_json(const std::optional<RateLimit>& rate_limit) {
  if (!rate_limit) return nullptr;
  if (!is_limited(*rate_limit)) return {{"unlimited", true}};
  return {{"limit", rate_limit->limit}, {"window_seconds", rate_limit->window_seconds}};
}

Json secret_json(const SecretFacts& secret) {
  return {{"id", to_text(secret.id)}, {"handle", handle_json(secret)}};
}

Json handle_json(const SecretFacts& secret) {
  return secret.handle.empty() ? Json(nullptr) : Json(secret.handle);
}

Json actor_json(const Actor& actor, const std::optional<std::string>& name) {
  Json out;
  switch (actor.kind) {
    case ActorKind::kSystem:
      out["type"] = "system";
      out["id"] = nullptr;
      break;
    case ActorKind::kMember:
      out["type"] = "member";
      out["id"] = to_text(MemberId{actor.id});
      break;
    case ActorKind::kKeyHolder:
      out["type"] = "key";
      out["id"] = to_text(KeyId{actor.id});
      break;
  }
  out["name"] = or_null(name);
  return out;
}

}  // namespace keyledger::http
