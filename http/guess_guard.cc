#include "http/guess_guard.h"

#include <algorithm>
#include <bit>
#include <span>

#include "events/crypto.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address
constexpr std::uint32_t kMinute = 60;

bool is_v4(const IpAddress& address) {
  return contains({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0}, 96}, address);
}

std::optional<RateLimit> a_minute(std::uint32_t refusals) {
  if (refusals == 0) return std::nullopt;
  return RateLimit{refusals, kMinute};
}

}  // namespace

std::optional<IpAddress> counted_address(const ClientAddress& client) {
  auto address = user_of(client).ip;
  if (!address) return std::nullopt;
  if (is_v4(*address)) return address->bytes[12] == 127 ? std::nullopt : address;
  IpAddress loopback;
  loopback.bytes.back() = 1;
  if (*address == loopback) return std::nullopt;
  std::fill(address->bytes.begin() + kNetworkBytes, address->bytes.end(), std::uint8_t{0});
  return address;
}

GuessGuard::GuessGuard(std::uint32_t refusals_per_minute)
    : rate_(a_minute(refusals_per_minute)),
      seed_(std::bit_cast<std::array<std::uint64_t, 2>>(random_bytes<16>())) {
  if (rate_) guessers_.assign(kSets * kWays, Guesser{{}, TokenBucket(*rate_)});
}

std::optional<std::uint32_t> GuessGuard::refuse(const ClientAddress& client, Timestamp now) {
  const auto from = counted_address(client);
  return from ? take(*from, now) : std::nullopt;
}

std::optional<std::uint32_t> GuessGuard::refuse(const MemberId& member, Timestamp now) {
  return take(IpAddress{member.bytes}, now);
}

std::optional<std::uint32_t> GuessGuard::refuse(const WorkspaceId& workspace, Timestamp now) {
  return take(IpAddress{workspace.bytes}, now);
}

std::optional<std::uint32_t> GuessGuard::wait_of(const WorkspaceId& workspace, Timestamp now) {
  if (!rate_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const RateState state = place_of(IpAddress{workspace.bytes}, now).bucket.state(now);
  if (state.remaining > 0) return std::nullopt;
  return state.next_in_seconds;
}

std::optional<std::uint32_t> GuessGuard::take(const IpAddress& from, Timestamp now) {
  if (!rate_) return std::nullopt;
  const std::lock_guard lock(mutex_);
  TokenBucket& bucket = place_of(from, now).bucket;
  if (bucket.take(now)) return std::nullopt;
  return bucket.state(now).next_in_seconds;
}

// Its own, or that of the least guesser of its set, taken over. Which addresses share a set nobody
// outside can know.
GuessGuard::Guesser& GuessGuard::place_of(const IpAddress& from, Timestamp now) {
  const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(from.bytes);
  std::uint64_t hash = (words[0] ^ seed_[0]) * 0x9E3779B97F4A7C15U;
  hash = ((hash ^ hash >> 32U) + words[1]) * (seed_[1] | 1U);
  const std::size_t set = (hash ^ hash >> 32U) % kSets;
  const std::span<Guesser> places(guessers_.data() + set * kWays, kWays);
  const auto same = [&](const Guesser& guesser) { return guesser.from == from; };
  const auto found = std::find_if(places.begin(), places.end(), same);
  if (found != places.end()) return *found;
  Guesser& least =
      *std::max_element(places.begin(), places.end(), [now](const Guesser& a, const Guesser& b) {
        return a.bucket.state(now).remaining < b.bucket.state(now).remaining;
      });
  least = Guesser{from, TokenBucket(*rate_)};
  return least;
}

}  // namespace keyledger::http
