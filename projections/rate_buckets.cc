#include "projections/rate_buckets.h"

#include <algorithm>

namespace keyledger {

RateTake RateBuckets::take(const KeyId& key, const RateLimit& rate, Timestamp now) {
  Shard& shard = shards_[key.bytes.back() % kShards];
  const std::scoped_lock lock(shard.mutex);
  auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= shard.sweep_at) sweep(shard, now);
    found = shard.buckets.emplace(key, TokenBucket(rate)).first;
  }
  TokenBucket& bucket = found->second;
  if (const TokenBucket wanted(rate); bucket.rate() != wanted.rate()) bucket = wanted;
  const bool granted = bucket.take(now);
  return {granted, bucket.state(now)};
}

// Each sweep is paid for by as many new buckets as it looks at.
void RateBuckets::sweep(Shard& shard, Timestamp now) {
  std::erase_if(shard.buckets, [now](const auto& entry) { return entry.second.is_full(now); });
  shard.sweep_at = std::max(kFirstSweep, 2 * shard.buckets.size());
}

std::size_t RateBuckets::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    size += shard.buckets.size();
  }
  return size;
}

}  // namespace keyledger
