// The token buckets of the keys that have a rate limit and were used lately. In memory only: after
// a restart every bucket is full. A full bucket says what no bucket says and is dropped when room
// is needed, so a key without a limit, or that nobody uses, costs nothing.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "core/rate_limit.h"
#include "events/ids.h"

namespace keyledger {

struct RateTake {
  bool granted = false;
  RateState after;
};

// At most about twice as many buckets as keys that are not full; 80 bytes each. Thread safety: any
// thread at any time. A call holds the lock of one shard, shortly; it never waits for a disk.
class RateBuckets {
 public:
  // Takes a token of the key's bucket, or none if it has none. Two threads never take the same one.
  // A bucket made for another `rate` than this one begins anew, full. `rate` must be limited.
  [[nodiscard]] RateTake take(const KeyId& key, const RateLimit& rate, Timestamp now);

  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 256;
  static constexpr std::size_t kFirstSweep = 64;

  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<KeyId, TokenBucket, IdHash> buckets;
    std::size_t sweep_at = kFirstSweep;
  };
  static void sweep(Shard& shard, Timestamp now);

  std::array<Shard, kShards> shards_;
};

}  // namespace keyledger
