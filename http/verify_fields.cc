#include "http/verify_fields.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/endpoint.h"
#include "events/text.h"
#include "http/message.h"

namespace keyledger::http {
namespace {

// A plain body is short; what is longer is read by the other parser.
constexpr std::size_t kMaxPlainBody = 4096;
constexpr std::size_t kMaxPlainScopes = 32;
constexpr std::size_t kMaxPlainHeaders = 32;

// Whatever a browser sends as Origin is a question that has an answer; an address comes from the
// gateway, which should know what one is.
RequestSource read_source(BodyReader& body) {
  RequestSource from;
  if (const auto ip = body.text("ip", kMaxName)) {
    from.ip = parse_address(*ip);
    if (!from.ip) body.fault("ip", FieldFault::kInvalid, "is not an IPv4 or IPv6 address");
  }
  if (const auto origin = body.text("origin", kMaxText)) from.origin = parse_origin(*origin);
  return from;
}

bool holds_name(const std::vector<VerifyFields::Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const VerifyFields::Header& header) {
    return same_header(header.name, name);
  });
}

// They are the checked request's own and may hold its secret, so that is not refused; nothing of
// them is kept.
std::vector<VerifyFields::Header> read_headers(BodyReader& body, const Json& json) {
  std::vector<VerifyFields::Header> headers;
  const bool texts =
      json.is_object() &&
      std::all_of(json.begin(), json.end(), [](const Json& value) { return value.is_string(); });
  if (!texts) {
    body.fault("headers", FieldFault::kInvalid, "must be an object of texts");
    return headers;
  }
  for (const auto& [name, value] : json.items()) {
    if (holds_name(headers, name)) {
      body.fault("headers", FieldFault::kConflict, "must name each header once, in whatever case");
      return headers;
    }
    headers.push_back({name, Secret(value.get<std::string>())});
  }
  return headers;
}

// A body with the room behind it that the parser reads into. Wiped, since it held a secret.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string_view body) : size_(body.size()) {
    std::memcpy(bytes_, body.data(), size_);
    std::memset(bytes_ + size_, 0, simdjson::SIMDJSON_PADDING);
  }
  ~PaddedCopy() { wipe(bytes_, size_); }
  PaddedCopy(const PaddedCopy&) = delete;
  PaddedCopy& operator=(const PaddedCopy&) = delete;

  [[nodiscard]] simdjson::padded_string_view view() const {
    return simdjson::padded_string_view(bytes_, size_, size_ + simdjson::SIMDJSON_PADDING);
  }

 private:
  std::size_t size_;
  char bytes_[kMaxPlainBody + simdjson::SIMDJSON_PADDING];
};

// A JSON text without escapes and control characters, in place: nothing is copied.
std::optional<std::string_view> plain_text(simdjson::ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  if (token.empty() || token.front() != '"') return std::nullopt;
  while (!token.empty() && token.back() != '"') token.remove_suffix(1);  // white space after it
  if (token.size() < 2) return std::nullopt;
  token = token.substr(1, token.size() - 2);
  const auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '\\' && c != '"' && c != '\x7F';
  };
  if (!std::all_of(token.begin(), token.end(), plain)) return std::nullopt;
  return token;
}

// Sorted and without doubles, as every set of scopes is.
bool read_plain_scopes(simdjson::ondemand::value& value, VerifyFields& fields) {
  ScopeSet scopes;
  simdjson::ondemand::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) return false;
  for (auto element : list) {
    simdjson::ondemand::value item;
    if (element.get(item) != simdjson::SUCCESS || scopes.size() == kMaxPlainScopes) return false;
    const auto scope = plain_text(item);
    if (!scope || !is_scope(*scope) || find_secret(*scope) != std::string_view::npos) return false;
    scopes.emplace_back(*scope);
  }
  make_set(scopes);
  fields.scopes = std::move(scopes);
  return true;
}

bool is_plain(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && is_clean_text(text) &&
         find_secret(text) == std::string_view::npos;
}

bool read_plain_source(std::string_view name, std::string_view text, RequestSource& from) {
  if (name == "ip") {
    from.ip = parse_address(text);
    return from.ip.has_value();
  }
  if (!is_plain(text, kMaxText)) return false;
  from.origin = parse_origin(text);
  return true;
}

bool read_plain_headers(simdjson::ondemand::value& value, VerifyFields& fields) {
  simdjson::ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  std::vector<VerifyFields::Header> headers;
  for (auto field : object) {
    std::string_view name;
    simdjson::ondemand::value inner;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get(inner) != simdjson::SUCCESS || headers.size() == kMaxPlainHeaders) {
      return false;
    }
    const auto text = plain_text(inner);
    if (!text || !is_clean_text(name) || holds_name(headers, name)) return false;
    headers.push_back({std::string(name), Secret(std::string(*text))});
  }
  fields.headers = std::move(headers);
  return true;
}

// One half of an endpoint; the other may have come before.
bool read_plain_endpoint(std::string_view name, std::string_view text, VerifyFields& fields) {
  if (!fields.endpoint) fields.endpoint.emplace();
  const bool is_method = name == "method";
  std::string& half = is_method ? fields.endpoint->method : fields.endpoint->target;
  if (!half.empty() || !is_plain(text, is_method ? kMaxName : kMaxRequestPath)) return false;
  half = text;
  return true;
}

// False for whatever is not plain.
bool read_plain_field(std::string_view name, simdjson::ondemand::value& value,
                      VerifyFields& fields) {
  if (name == "scopes") return !fields.scopes && read_plain_scopes(value, fields);
  if (name == "headers") return !fields.headers && read_plain_headers(value, fields);
  const auto text = plain_text(value);
  if (!text) return false;
  if (name == "method" || name == "path") return read_plain_endpoint(name, *text, fields);
  if (name == "key") {
    if (!fields.presented.reveal().empty()) return false;
    fields.presented = Secret(std::string(*text));
    return !text->empty();
  }
  if (name == "environment") {
    if (fields.environment || (*text != "live" && *text != "test")) return false;
    fields.environment = *text == "live" ? Environment::kLive : Environment::kTest;
    return true;
  }
  if (name == "ip") return !fields.from.ip && read_plain_source(name, *text, fields.from);
  if (name == "origin") return !fields.from.origin && read_plain_source(name, *text, fields.from);
  return false;
}

}  // namespace

VerifyFields read_verify(BodyReader& body, const Json& json) {
  VerifyFields fields;
  fields.presented = Secret(body.presented_secret("key").value_or(std::string()));
  fields.environment = body.choice<Environment>(
      "environment", {{"live", Environment::kLive}, {"test", Environment::kTest}});
  fields.scopes = body.scopes("scopes");
  if (fields.scopes) make_set(*fields.scopes);
  fields.from = read_source(body);
  auto method = body.text("method", kMaxName);
  auto path = body.text("path", kMaxRequestPath);
  if (method.has_value() != path.has_value()) {
    body.fault(method ? "path" : "method", FieldFault::kRequired,
               "method and path are checked together");
  }
  if (method && path) fields.endpoint = {std::move(*method), std::move(*path)};
  if (body.has("headers")) fields.headers = read_headers(body, json["headers"]);
  fields.as_of = read_as_of(body);
  fields.min_position = body.whole("min_position", INT64_MAX);
  return fields;
}

std::optional<VerifyFields> read_plain_verify(std::string_view body) {
  if (body.empty() || body.size() > kMaxPlainBody) return std::nullopt;
  thread_local simdjson::ondemand::parser parser;
  const PaddedCopy copy(body);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(copy.view()).get(document) != simdjson::SUCCESS) return std::nullopt;
  if (document.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
  VerifyFields fields;
  for (auto field : object) {
    simdjson::ondemand::raw_json_string name;
    simdjson::ondemand::value value;
    if (field.key().get(name) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      return std::nullopt;
    }
    const auto is = [&](const char* known) { return name.unsafe_is_equal(known); };
    bool read = false;
    for (const char* known :
         {"key", "method", "path", "scopes", "environment", "ip", "origin", "headers"}) {
      if (is(known)) read = read_plain_field(known, value, fields);
    }
    if (!read) return std::nullopt;
  }
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  const bool half =
      fields.endpoint && (fields.endpoint->method.empty() || fields.endpoint->target.empty());
  if (fields.presented.reveal().empty() || half || !at_end) return std::nullopt;
  return fields;
}

}  // namespace keyledger::http
