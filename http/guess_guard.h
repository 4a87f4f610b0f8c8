// The guard against guessing: how many wrong keys one client address may present. It is asked only
// once a call was refused without a word of why its key is none (401 `unauthenticated` or
// `invalid_api_key`), so a valid key is never refused for the address that it comes from, whoever
// else guesses there. And it is asked then whatever the reason was, so it tells nobody which. A
// second one counts the secrets that an address gives up (self_revoke), a third one the malformed
// secrets that a member looks up, a fourth one the imports of a workspace that were told of another
// workspace's secret.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "core/rate_limit.h"
#include "events/ids.h"
#include "events/network.h"
#include "http/client_address.h"

namespace keyledger::http {

// As whom a client is counted: its address, of IPv6 the network. Nothing for a client that is not
// known, and for one that may be everybody.
[[nodiscard]] std::optional<IpAddress> counted_address(const ClientAddress& client);

// Thread safety: any thread; never waits for more than a short lock. Memory: 8,192 addresses in 400
// kB, made once. Who has more addresses than that makes it forget the ones that guessed least.
class GuessGuard {
 public:
  // 0: no limit at all.
  explicit GuessGuard(std::uint32_t refusals_per_minute);

  // One more wrong key from `client`. Nothing if it may be told so; else the seconds after which it
  // may be told again. IPv6 is counted by /64, which is what one customer of a provider gets. Not
  // limited: a client that is not known, and one that may be everybody: a proxy that does not say
  // for whom it speaks, and loopback.
  [[nodiscard]] std::optional<std::uint32_t> refuse(const ClientAddress& client, Timestamp now);
  // The same of a member, wherever it calls from.
  [[nodiscard]] std::optional<std::uint32_t> refuse(const MemberId& member, Timestamp now);
  // The same of all members of a workspace together.
  [[nodiscard]] std::optional<std::uint32_t> refuse(const WorkspaceId& workspace, Timestamp now);
  // Whether a workspace would be refused now; takes nothing.
  [[nodiscard]] std::optional<std::uint32_t> wait_of(const WorkspaceId& workspace, Timestamp now);

 private:
  static constexpr std::size_t kSets = 1024;
  static constexpr std::size_t kWays = 8;

  struct Guesser {
    IpAddress from;  // or the bytes of an id; all zero: nobody
    TokenBucket bucket;
  };
  [[nodiscard]] std::optional<std::uint32_t> take(const IpAddress& from, Timestamp now);
  [[nodiscard]] Guesser& place_of(const IpAddress& from, Timestamp now);

  const std::optional<RateLimit> rate_;
  const std::array<std::uint64_t, 2> seed_;
  std::mutex mutex_;
  std::vector<Guesser> guessers_;  // kSets times kWays
};

}  // namespace keyledger::http
