#include "projections/key_row.h"

#include "projections/store.h"

#include <type_traits>
#include <vector>

#include "events/bytes.h"

namespace keyledger {
namespace {

template <typename T>
concept Number = std::is_unsigned_v<T> && !std::is_same_v<T, bool>;
template <typename T>
concept Enum = std::is_enum_v<T>;

// Out writes what In reads; the fields of each struct stand once, in walk() below.
class Out {
 public:
  explicit Out(std::string& bytes) : writer_(bytes) {}

  template <typename... Ts>
  void all(const Ts&... values) {
    (one(values), ...);
  }

 private:
  void one(const bool& value) { writer_.u8(value ? 1 : 0); }
  void one(const Enum auto& value) { writer_.u8(static_cast<std::uint8_t>(value)); }
  void one(const Number auto& value) { writer_.varint(value); }
  void one(const std::string& text) { writer_.sized(text); }
  void one(const Timestamp& time) { writer_.i64(time.ms); }
  void one(const Cause& cause) {
    writer_.varint(cause.position);
    writer_.varint(cause.type);
  }
  template <std::size_t N>
  void one(const std::array<std::uint8_t, N>& bytes) {
    writer_.array(bytes);
  }
  template <typename Tag>
  void one(const Id<Tag>& id) {
    writer_.array(id.bytes);
  }
  template <typename T>
  void one(const std::optional<T>& value) {
    one(value.has_value());
    if (value) one(*value);
  }
  template <typename T>
  void one(const std::vector<T>& values) {
    writer_.varint(values.size());
    for (const T& value : values) one(value);
  }
  template <typename Struct>
  void one(const Struct& value) {
    walk(*this, value);
  }

  ByteWriter writer_;
};

class In {
 public:
  explicit In(std::string_view bytes) : reader_(bytes) {}
  [[nodiscard]] bool finished() const { return reader_.finished(); }

  template <typename... Ts>
  void all(Ts&... values) {
    (one(values), ...);
  }

 private:
  void one(bool& value) { value = reader_.u8() != 0; }
  template <Enum T>
  void one(T& value) {
    value = static_cast<T>(reader_.u8());
  }
  template <Number T>
  void one(T& value) {
    value = static_cast<T>(reader_.varint());
  }
  void one(std::string& text) { text = reader_.sized(); }
  void one(Timestamp& time) { time.ms = reader_.i64(); }
  void one(Cause& cause) {
    cause.position = reader_.varint() & ((1ULL << 48U) - 1);
    cause.type = reader_.varint() & 0xFFFFU;
  }
  template <std::size_t N>
  void one(std::array<std::uint8_t, N>& bytes) {
    bytes = reader_.array<N>();
  }
  template <typename Tag>
  void one(Id<Tag>& id) {
    id.bytes = reader_.array<16>();
  }
  template <typename T>
  void one(std::optional<T>& value) {
    value.reset();
    bool there = false;
    one(there);
    if (there) one(value.emplace());
  }
  template <typename T>
  void one(std::vector<T>& values) {
    values.resize(reader_.count(1));
    for (T& value : values) one(value);
  }
  template <typename Struct>
  void one(Struct& value) {
    walk(*this, value);
  }

  ByteReader reader_;
};

// `Like<T>`: T, const or not. Structs are taken apart by structured bindings, so that a new field
// does not compile until it is stored here.
template <typename U, typename T>
concept Like = std::is_same_v<std::remove_const_t<U>, T>;

void walk(auto& io, Like<OriginRule> auto& rule) {
  auto& [scheme, host, port, self, subdomains] = rule;
  io.all(scheme, host, port, self, subdomains);
}
void walk(auto& io, Like<NetworkRule> auto& rule) {
  auto& [address, prefix] = rule;
  io.all(address, prefix);
}
void walk(auto& io, Like<RateLimit> auto& rate) {
  auto& [limit, window] = rate;
  io.all(limit, window);
}
void walk(auto& io, Like<SecretHash> auto& hash) {
  auto& [algorithm, bytes] = hash;
  io.all(algorithm, bytes);
}
void walk(auto& io, Like<SecretFacts> auto& facts) {
  auto& [id, hash, handle] = facts;
  io.all(id, hash, handle);
}
void walk(auto& io, Like<KeySecret> auto& secret) {
  auto& [facts, created_at, retires_at, retired_cause] = secret;
  io.all(facts, created_at, retires_at, retired_cause);
}
void walk(auto& io, Like<Actor> auto& actor) {
  auto& [kind, id, acting_key] = actor;
  io.all(kind, id, acting_key);
}
void walk(auto& io, Like<KeyEnd> auto& end) {
  auto& [status, code, at, by] = end;
  io.all(status, code, at, by);
}
void walk(auto& io, Like<Key> auto& key) {
  auto& [id, workspace, type, environment, name, scopes, origins, missing_origin, ips, not_before,
         expires_at, owner, member, rate, replaces, replaced_by, secrets, suspended, end,
         created_at, created_by, updated_at, rotated_at, version, created, newest, scopes_cause,
         origins_cause, addresses_cause, start, expiry, rate_cause, suspension, end_cause,
         description_at, metadata_at, external_id_at] = key;
  io.all(id, workspace, type, environment, name, scopes, origins, missing_origin, ips, not_before,
         expires_at, owner, member, rate, replaces, replaced_by, secrets, suspended, end);
  io.all(created_at, created_by, updated_at, rotated_at, version, created, newest, scopes_cause,
         origins_cause, addresses_cause, start, expiry, rate_cause, suspension, end_cause,
         description_at, metadata_at, external_id_at);
}
void walk(auto& io, Like<KeyRow> auto& row) {
  auto& [key, named_at, external] = row;
  io.all(key, named_at, external);
}

}  // namespace

std::string encode_key_row(const KeyRow& row) {
  std::string bytes;
  bytes.reserve(384);
  Out(bytes).all(row);
  return bytes;
}

Result<KeyRow> decode_key_row(std::string_view bytes) {
  KeyRow row;
  In in(bytes);
  in.all(row);
  if (!in.finished() || row.key.secrets.empty()) {
    return damaged_row("the key table");
  }
  return row;
}

Digest external_id_index(const WorkspaceId& workspace, std::string_view external_id) {
  const std::string_view key(reinterpret_cast<const char*>(workspace.bytes.data()),
                             workspace.bytes.size());
  return hmac_sha256(key, external_id);
}

}  // namespace keyledger
