#include "tests/support/random_events.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

#include "events/event_codec.h"

namespace keyledger {
namespace {

// Fills values by their type. Structs are taken apart by structured bindings, so that a new field
// does not compile until it is filled here.
class Filler {
 public:
  explicit Filler(RandomEvents& random) : random_(random) {}

  template <typename T>
  void operator()(T& value) {
    fill(value);
  }

 private:
  template <typename... Ts>
  void all(Ts&... values) {
    (fill(values), ...);
  }

  void fill(bool& value) { value = random_.chance(50); }

  // Often at an end of the range, where codecs go wrong.
  template <typename T>
  requires std::is_unsigned_v<T>
  void fill(T& value) {
    const std::uint64_t bits = random_.engine()();
    switch (random_.below(4)) {
      case 0: value = static_cast<T>(bits % 3); break;
      case 1: value = static_cast<T>(std::numeric_limits<T>::max() - bits % 3); break;
      default: value = static_cast<T>(bits >> random_.below(64));
    }
  }

  void choose(auto& value, unsigned count) {
    value = static_cast<std::remove_reference_t<decltype(value)>>(1 + random_.below(count));
  }
  void fill(KeyType& value) { choose(value, 3); }
  void fill(Environment& value) { choose(value, 2); }
  void fill(HashAlgorithm& value) { value = HashAlgorithm::kSha256; }
  void fill(RevocationCode& value) { choose(value, 6); }
  void fill(Role& value) { choose(value, 4); }
  void fill(NameRule& value) { choose(value, 2); }
  void fill(OnLeak& value) { choose(value, 3); }
  void fill(UseDigest& value) { choose(value, 3); }
  void fill(StreamKind& value) { choose(value, 5); }
  void fill(ActorKind& value) { choose(value, 3); }

  void fill(Timestamp& time) {
    const auto end = static_cast<std::uint64_t>(kLastTime.ms) + 1;
    time.ms = static_cast<std::int64_t>(random_.chance(10) ? end - 1 : random_.below(end));
    if (random_.chance(10)) time.ms = 0;
  }

  template <std::size_t N>
  void fill(std::array<std::uint8_t, N>& bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(256));
  }
  template <typename Tag>
  void fill(Id<Tag>& id) {
    fill(id.bytes);
  }

  void fill(std::string& text) { text = random_.text(); }

  template <typename T>
  void fill(std::optional<T>& value) {
    value.reset();
    if (random_.chance(50)) fill(value.emplace());
  }

  template <typename T>
  void fill(std::vector<T>& values) {
    values.resize(random_.below(5));
    for (auto& value : values) fill(value);
  }

  // Sorted, none twice: what a set of scopes must be and what other lists of texts may be.
  void fill(std::vector<std::string>& texts) {
    std::set<std::string> set;
    for (std::uint64_t left = random_.below(6); left > 0; --left) set.insert(random_.text());
    texts.assign(set.begin(), set.end());
  }

  void fill(NetworkRule& rule) {
    auto& [address, prefix] = rule;
    fill(address);
    prefix = static_cast<std::uint8_t>(random_.below(129));
  }

  void fill(OriginRule& rule) {
    auto& [scheme, host, port, self, subdomains] = rule;
    all(scheme, host, port, self, subdomains);
  }
  void fill(RateLimit& rate) {
    auto& [limit, window] = rate;
    all(limit, window);
  }
  void fill(SecretHash& hash) {
    auto& [algorithm, bytes] = hash;
    all(algorithm, bytes);
  }
  void fill(SecretFacts& secret) {
    auto& [id, hash, handle] = secret;
    all(id, hash, handle);
  }
  void fill(PolicyScope& scope) {
    auto& [name, description, is_public] = scope;
    all(name, description, is_public);
  }
  void fill(PolicyEndpoint& endpoint) {
    auto& [method, path, scope, is_public] = endpoint;
    all(method, path, scope, is_public);
  }
  void fill(RequiredHeader& header) {
    auto& [name, values] = header;
    all(name, values);
  }
  void fill(Policy& policy) {
    auto& [name_rule, unique, is_public, is_private, scopes, defaults, endpoints, headers, max_ttl,
           default_ttl, rotation, inactivity, wildcard, reason, if_match, rate, on_leak, digest,
           retention, prefix] = policy;
    all(name_rule, unique, is_public, is_private, scopes, defaults, endpoints, headers, max_ttl,
        default_ttl, rotation, inactivity, wildcard, reason, if_match, rate, on_leak, digest,
        retention, prefix);
  }

  template <typename Fact>
  requires std::is_empty_v<Fact>
  void fill(Fact& /*fact*/) {}

  template <typename T>
  void fill(Change<T>& fact) {
    auto& [from, to] = fact;
    all(from, to);
  }
  void fill(DetailChange& fact) {
    auto& [previous] = fact;
    all(previous);
  }
  void fill(LedgerCreated& fact) {
    auto& [log_id, origin, format] = fact;
    all(log_id, origin, format);
  }
  void fill(LedgerRollbackAccepted& fact) {
    auto& [origin, watermark, found] = fact;
    all(origin, watermark, found);
  }
  void fill(WorkspaceCreated& fact) {
    auto& [name, profile, is_operator] = fact;
    all(name, profile, is_operator);
  }
  void fill(PolicySet& fact) {
    auto& [policy] = fact;
    all(policy);
  }
  void fill(MemberAdded& fact) {
    auto& [role] = fact;
    all(role);
  }
  void fill(KeyCreated& fact) {
    auto& [type, environment, name, secret, scopes, origins, missing_origin, ips, not_before,
           expires_at, owner, member, rate, replaces] = fact;
    all(type, environment, name, secret, scopes, origins, missing_origin, ips, not_before,
        expires_at, owner, member, rate, replaces);
  }
  void fill(KeyRotated& fact) {
    auto& [secret, retired, retires_at] = fact;
    all(secret, retired, retires_at);
  }
  void fill(KeyOverlapEnded& fact) {
    auto& [retired] = fact;
    all(retired);
  }
  void fill(KeyRevoked& fact) {
    auto& [code] = fact;
    all(code);
  }
  void fill(KeyReplaced& fact) {
    auto& [by] = fact;
    all(by);
  }
  void fill(KeyExpired& fact) {
    auto& [expired_at] = fact;
    all(expired_at);
  }
  void fill(KeySecretRetired& fact) {
    auto& [secret, retired_at] = fact;
    all(secret, retired_at);
  }
  void fill(KeyRetiredSecretPresented& fact) {
    auto& [secret] = fact;
    all(secret);
  }
  void fill(KeySecretReplayed& fact) {
    auto& [secret] = fact;
    all(secret);
  }
  void fill(KeyExpiring& fact) {
    auto& [expires_at, days] = fact;
    all(expires_at, days);
  }
  void fill(KeyLookedUp& fact) {
    auto& [secret] = fact;
    all(secret);
  }
  void fill(KeyLeakReported& fact) {
    auto& [secret, reporter, signing_key] = fact;
    all(secret, reporter, signing_key);
  }
  void fill(UsageDigested& fact) {
    auto& [from, to, rows, algorithm, digest] = fact;
    all(from, to, rows, algorithm, digest);
  }

  void fill(StreamId& stream) {
    auto& [kind, id] = stream;
    all(kind, id);
  }
  void fill(Actor& actor) {
    auto& [kind, id, acting_key] = actor;
    all(kind, id, acting_key);
  }
  void fill(RecordedEvent& recorded) {
    auto& [position, time, id, workspace, seq, stream, version, actor, actor_commitment,
           subject_commitment, request_id, reason, event] = recorded;
    all(position, time, id, workspace, seq, stream, version, actor, actor_commitment,
        subject_commitment, request_id, reason);
    std::ignore = event;  // the caller's
  }
  void fill(Blob& blob) {
    auto& [salt, bytes] = blob;
    all(salt, bytes);
  }
  void fill(EventSide& side) {
    auto& [actor, subject] = side;
    all(actor, subject);
  }
  void fill(ActorDetails& details) {
    auto& [ip, user_agent, on_behalf_of] = details;
    all(ip, user_agent, on_behalf_of);
  }
  void fill(MemberProfile& profile) {
    auto& [name, email] = profile;
    all(name, email);
  }
  void fill(Metadata& metadata) {
    for (std::uint64_t left = random_.below(4); left > 0; --left) {
      metadata[random_.text()] = random_.text();
    }
  }
  void fill(LeakDetails& details) {
    auto& [type, url, source] = details;
    all(type, url, source);
  }
  void fill(KeyDetails& details) {
    auto& [description, metadata, external_id] = details;
    all(description, metadata, external_id);
  }

  RandomEvents& random_;
};

template <std::size_t... Indices>
Event make(std::size_t type, RandomEvents& random, std::index_sequence<Indices...> /*indices*/) {
  Event event;
  const auto make_if =
      [&]<std::size_t Index>(std::integral_constant<std::size_t, Index> /*index*/) {
        if (Index == type) Filler{random}(event.emplace<Index>());
      };
  (make_if(std::integral_constant<std::size_t, Indices>()), ...);
  return event;
}

template <typename T>
T filled(RandomEvents& random) {
  T value{};
  Filler{random}(value);
  return value;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto tail = [&](unsigned shift) { put(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    put(0xE0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    put(0xF0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::size_t RandomEvents::types() { return std::variant_size_v<Event>; }

Event RandomEvents::event(std::size_t type) {
  return make(type, *this, std::make_index_sequence<std::variant_size_v<Event>>());
}

RecordedEvent RandomEvents::recorded(Event event) {
  auto recorded = filled<RecordedEvent>(*this);
  recorded.event = std::move(event);
  return recorded;
}

Frame RandomEvents::frame(std::size_t count) {
  Frame frame;
  Filler fill{*this};
  fill(frame.log_id);
  fill(frame.frame_id);
  frame.first_position = below(std::numeric_limits<std::uint64_t>::max() - count);
  for (std::size_t i = 0; i < count; ++i) {
    RecordedEvent event = recorded();
    event.position = frame.first_position + i;
    frame.leaves.push_back(encode_leaf(event));
  }
  return frame;
}

Side RandomEvents::side(std::size_t count) {
  Side side;
  Filler{*this}(side.frame_id);
  for (std::size_t i = 0; i < count; ++i) side.events.push_back(filled<EventSide>(*this));
  for (std::size_t first = 0; first < count;) {
    const std::size_t size = 1 + below(count - first);
    if (chance(50)) {
      auto& call = side.calls.emplace_back();
      Filler fill{*this};
      fill(call.scope);
      fill(call.request);
      call.first = static_cast<std::uint32_t>(first);
      call.count = static_cast<std::uint32_t>(size);
    }
    first += size;
  }
  return side;
}

ActorDetails RandomEvents::actor_details() { return filled<ActorDetails>(*this); }
MemberProfile RandomEvents::member_profile() { return filled<MemberProfile>(*this); }
KeyDetails RandomEvents::key_details() { return filled<KeyDetails>(*this); }
LeakDetails RandomEvents::leak_details() { return filled<LeakDetails>(*this); }

std::string RandomEvents::text(std::size_t max) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  // Without controls and surrogates; the ends are where decoders go wrong.
  constexpr std::array<Range, 5> kRanges{
      {{0x20, 0x7E}, {0xA0, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}}};
  std::string out;
  for (std::uint64_t left = below(max + 1); left > 0; --left) {
    const Range range = chance(60) ? kRanges[0] : kRanges[below(kRanges.size())];
    append_utf8(out, static_cast<std::uint32_t>(range.first + below(range.last - range.first + 1)));
  }
  return out;
}

}  // namespace keyledger
