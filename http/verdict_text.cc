#include "http/verdict_text.h"

#include <array>
#include <charconv>

#include "events/event.h"
#include "events/names.h"

namespace keyledger::http {
namespace {

void write_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

// Of names that need no escapes.
void write_list(std::string& out, const auto& names) {
  out += '[';
  for (const auto& name : names) {
    if (out.back() != '[') out += ',';
    out += '"';
    out += name;
    out += '"';
  }
  out += ']';
}

void write_metadata(std::string& out, const Metadata& metadata) {
  out += '{';
  for (const auto& [key, value] : metadata) {
    if (out.back() != '{') out += ',';
    write_json_text(out, key);
    out += ':';
    write_json_text(out, value);
  }
  out += '}';
}

void write_key(std::string& out, const Credential& credential, const KeyLabel& label) {
  out += R"({"id":")";
  out += to_text(credential.key);
  out += R"(","name":)";
  write_json_text(out, label.name);
  out += R"(,"type":")";
  out += key_type_name(credential.type);
  out += R"(","environment":")";
  out += environment_name(credential.environment);
  out += R"(","scopes":)";
  write_list(out, credential.grants->scopes);
  out += R"(,"metadata":)";
  write_metadata(out, label.metadata.value_or(Metadata{}));
  out += R"(,"external_id":)";
  if (label.external_id) {
    write_json_text(out, *label.external_id);
  } else {
    out += "null";
  }
  out += R"(,"expires_at":)";
  if (credential.expires_at_ms == Credential::kNever) {
    out += "null}";
    return;
  }
  out += '"';
  out += to_text(Timestamp{credential.expires_at_ms});
  out += "\"}";
}

void write_decided_by(std::string& out, const Cause& cause) {
  out += R"(,"decided_by":{"position":)";
  write_number(out, static_cast<std::uint64_t>(cause.position));
  out += R"(,"type":")";
  out += action_name(static_cast<EventType>(cause.type));
  out += "\"}";
}

}  // namespace

void write_json_text(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_verdict(std::string& out, const VerifyAnswer& answer, std::string_view detail,
                   std::uint64_t position, const std::vector<std::string_view>& not_checked) {
  const Judgement& judgement = answer.judgement;
  const bool known = judgement.verdict != Verdict::kMalformed &&
                     judgement.verdict != Verdict::kNotFound && answer.credential.has_value();
  out += judgement.verdict == Verdict::kValid ? R"({"valid":true,"code":")"
                                              : R"({"valid":false,"code":")";
  out += verdict_name(judgement.verdict);
  out += R"(","detail":)";
  write_json_text(out, detail);
  out += R"(,"key":)";
  if (known) {
    write_key(out, *answer.credential, answer.label.unpack());
  } else {
    out += "null";
  }
  const bool ruled = known || judgement.verdict == Verdict::kHeaderRequired;
  if (ruled && judgement.decided_by.exists()) {
    write_decided_by(out, judgement.decided_by);
  } else {
    out += R"(,"decided_by":null)";
  }
  out += R"(,"position":)";
  write_number(out, position);
  out += R"(,"not_checked":)";
  write_list(out, not_checked);
  out += '}';
}

}  // namespace keyledger::http
