// From the hash of a secret to what judging it needs: in memory, flat, no disk, one shared lock
// that is held for a copy. Holds management keys too, since callers are found the same way, and
// ended keys and retired secrets, since their verdict is not "unknown". Uses are counted here and
// shown at once; they are not events and do not survive a restart yet.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/judge.h"
#include "core/rate_limit.h"
#include "projections/key_label.h"
#include "projections/projection.h"
#include "projections/rate_buckets.h"

namespace keyledger {

class KeyTable;

struct Use {
  OptionalTime last_used_at;
  std::uint64_t count = 0;
};

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

// Thread safety: queries from any thread at any time.
class VerifyIndex : public Projection {
 public:
  explicit VerifyIndex(const EventLog& log);
  ~VerifyIndex() override;
  // Whose rows it is loaded from. Before load.
  void read_from(const KeyTable& table);

  // Looks up, judges and, if VALID, counts the use at `now`. The limit on a key's rate is the last
  // rule: a use that any rule refuses takes no token.
  [[nodiscard]] VerifyAnswer verify(const Digest& secret_hash, const Policy& policy,
                                    const VerifyRequest& request, Timestamp now);
  // Any key by its secret, in whatever workspace: for Authorization headers. Counts nothing.
  [[nodiscard]] std::optional<CallerKey> caller(const Digest& secret_hash,
                                                const RequestSource& from, Timestamp now) const;
  // Whether a public key that is active at `now` allows the origin: what a browser asks before it
  // sends a key. `environment`: absent, either.
  [[nodiscard]] bool allows_origin(const WorkspaceId& workspace,
                                   std::optional<Environment> environment, const Origin& origin,
                                   Timestamp now) const;
  // A use that verify did not judge, by a key that caller() knows. With a limit it takes a token
  // like any other use, and is not counted if there is none.
  std::optional<RateTake> count_use(const KeyId& key, const std::optional<RateLimit>& rate,
                                    Timestamp now);
  [[nodiscard]] Use use_of(const KeyId& key) const;

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
