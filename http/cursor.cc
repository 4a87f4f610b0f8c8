#include "http/cursor.h"

#include "events/bytes.h"
#include "events/crypto.h"
#include "http/base64.h"

namespace keyledger::http {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kTagBytes = 16;

std::string tag_of_cursor(const LogId& log, std::string_view scope, std::string_view payload) {
  std::string key = "keyledger-cursor-1";
  ByteWriter(key).array(log.bytes);
  std::string text;
  ByteWriter writer(text);
  writer.u8(kVersion);
  writer.sized(scope);
  writer.sized(payload);
  const Digest mac = hmac_sha256(key, text);
  return {reinterpret_cast<const char*>(mac.data()), kTagBytes};
}

}  // namespace

std::string seal_cursor(const LogId& log, std::string_view scope, std::string_view payload) {
  std::string bytes(1, static_cast<char>(kVersion));
  bytes += payload;
  bytes += tag_of_cursor(log, scope, payload);
  return base64url(bytes);
}

std::optional<std::string> open_cursor(const LogId& log, std::string_view scope,
                                       std::string_view cursor) {
  const auto bytes = parse_base64url(cursor);
  if (!bytes || bytes->size() < 1 + kTagBytes) return std::nullopt;
  std::string payload = bytes->substr(1, bytes->size() - 1 - kTagBytes);
  const auto tag = std::string_view(*bytes).substr(bytes->size() - kTagBytes);
  if (bytes->front() != static_cast<char>(kVersion) ||
      !equal_in_constant_time(tag, tag_of_cursor(log, scope, payload))) {
    return std::nullopt;
  }
  return payload;
}

}  // namespace keyledger::http
