// From the hash of a secret to what judging it needs: in memory, flat, no disk, one shared lock
// that is held for a copy. Holds management keys too, since callers are found the same way, and
// ended keys and retired secrets, since their verdict is not "unknown". Uses and refusals are
// counted here and shown at once; they are not events, and usage.h brings them to disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/judge.h"
#include "core/rate_limit.h"
#include "projections/key_label.h"
#include "projections/projection.h"
#include "projections/rate_buckets.h"
#include "projections/use_counts.h"

namespace keyledger {

class ChangedUses;
class KeyTable;
struct KeyEntry;
struct PeriodInMemory;

// A verdict with what its answer shows, made without allocating if the label is short
// (PackedLabel). `credential` is set whenever the secret is known at all; the HTTP edge shows none
// of it on kNotFound.
struct VerifyAnswer {
  Judgement judgement;
  std::optional<Credential> credential;
  PackedLabel label;  // set with `credential`
  SecretId secret;
  std::optional<RateState> rate;  // set if the key has a limit and it came to counting this use
};

// Whose key it is. The judgement says whether it could be used now (not ended, expired, retired,
// suspended, not yet valid) and from there.
struct CallerKey {
  KeyId key;
  WorkspaceId workspace;
  MemberId member;
  KeyType type = KeyType::kManagement;
  Judgement judgement;  // as if it were an ordinary key of its own workspace
  SecretId secret;
  std::optional<RateLimit> rate_limit;  // of its own
};

// An attempt that verify did not judge, with a secret that caller() found.
struct SeenElsewhere {
  KeyId key;
  SecretId secret;  // nil: not known which
  Verdict verdict = Verdict::kValid;
  RequestSource from = {};
  UseDigest period = UseDigest::kDaily;  // of its workspace's policy
};

// What usage.h writes of a key.
struct CountedKey {
  KeyId key;
  WorkspaceId workspace;
  KeyUse total;
  PeriodUse period;
  bool has_period = false;
  bool partial = false;  // see use_slot.h
};

// Thread safety: queries from any thread at any time.
class VerifyIndex : public Projection {
 public:
  explicit VerifyIndex(const EventLog& log);
  ~VerifyIndex() override;
  // Whose rows it is loaded from. Before load.
  void read_from(const KeyTable& table);

  // Looks up, judges and counts the verdict at `now`, on the key if it is one of the workspace; but
  // SECRET_RETIRED is for count(), since who sees it may have to come back and ask again. The limit
  // on a key's rate is the last rule: a use that any rule refuses takes no token.
  [[nodiscard]] VerifyAnswer verify(const Digest& secret_hash, const Policy& policy,
                                    const VerifyRequest& request, Timestamp now);
  // The same, but counts nothing and takes no token: what counting costs is measured against it.
  [[nodiscard]] VerifyAnswer judge_only(const Digest& secret_hash, const Policy& policy,
                                        const VerifyRequest& request, Timestamp now) const;
  // Any key by its secret, in whatever workspace: for Authorization headers. Counts nothing.
  [[nodiscard]] std::optional<CallerKey> caller(const Digest& secret_hash,
                                                const RequestSource& from, Timestamp now) const;
  // Whether a public key that is active at `now` allows the origin: what a browser asks before it
  // sends a key. `environment`: absent, either.
  [[nodiscard]] bool allows_origin(const WorkspaceId& workspace,
                                   std::optional<Environment> environment, const Origin& origin,
                                   Timestamp now) const;
  // Counts it. If it is VALID and there is a limit, it takes a token like any other use, and is
  // counted as RATE_LIMITED if there is none.
  std::optional<RateTake> count(const SeenElsewhere& seen, const std::optional<RateLimit>& rate,
                                Timestamp now);

  // What is counted of a key up to now; nothing of one that is not there.
  [[nodiscard]] Use use_of(const KeyId& key) const;
  [[nodiscard]] KeyUse all_uses_of(const KeyId& key, Timestamp now) const;
  [[nodiscard]] OptionalTime secret_last_used(const KeyId& key, const SecretId& secret) const;

  // For usage.h alone, which keeps all of that on disk. A key that is taken counts as written,
  // unless its period is partial; wait_again() is for one that was not written after all.
  [[nodiscard]] ChangedUses& changed_uses();
  [[nodiscard]] CountedKey take(const KeyEntry& key, Timestamp now);
  void wait_again(const CountedKey& taken, const KeyEntry& key);
  [[nodiscard]] CountedKey identity_of(const KeyEntry& key) const;  // key and workspace alone
  // What the row of the key's partial period says. False if it is another period by now, or if one
  // that finished has to be written before.
  bool begin_period_from(const KeyEntry& key, const PeriodUse& row);
  // The periods that may not be on disk yet, oldest first.
  [[nodiscard]] std::vector<PeriodInMemory> periods_of(const KeyId& key) const;
  void load_uses(const KeyId& key, const KeyUse& total);
  // Drops what is from before the time that is given for the key's workspace: address and origin of
  // the last use, and its period if that is written.
  void forget_uses(const KeyId& key, const std::map<WorkspaceId, Timestamp>& before);

  [[nodiscard]] std::string_view name() const override { return "verify_index"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] bool has_rows() const override { return false; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  void apply_to_memory(const CommittedFrame& frame) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
