#include "projections/verify_index.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "events/frame.h"
#include "events/log/event_log.h"
#include "projections/key_table.h"
#include "projections/origin_index.h"
#include "projections/rate_buckets.h"
#include "projections/use_slot.h"
#include "projections/verify_index_table.h"
#include "projections/verify_index_texts.h"
#include "projections/writer_first_mutex.h"

namespace keyledger {
namespace {

// A text of a key's label that lies in the log beside an event.
struct WantedText {
  std::uint64_t position = 0;
  KeyId key;
  bool metadata = false;
  bool external_id = false;
};

std::vector<WantedText> wanted_texts(const Key& key) {
  std::vector<WantedText> wanted;
  if (key.metadata_at) wanted.push_back({*key.metadata_at, key.id, true, false});
  if (key.external_id_at) {
    if (key.external_id_at == key.metadata_at) {
      wanted.back().external_id = true;
    } else {
      wanted.push_back({*key.external_id_at, key.id, false, true});
    }
  }
  return wanted;
}

// How many bytes of log to read for the wanted texts from `next` on: a page where they lie close
// together, one frame where they do not.
std::size_t read_size(const std::vector<WantedText>& wanted, std::size_t next) {
  constexpr std::size_t kNeighbours = 64;
  constexpr std::uint64_t kClose = 4096;
  const std::size_t last = std::min(next + kNeighbours, wanted.size()) - 1;
  return wanted[last].position - wanted[next].position < kClose ? std::size_t{1} << 20U : 1;
}

}  // namespace

struct VerifyIndex::Rep {
  explicit Rep(const EventLog& log_in) : log(log_in) {}

  const EventLog& log;
  const KeyTable* source = nullptr;
  mutable WriterFirstMutex mutex;
  VerifyTable table;
  RateBuckets buckets;
  OriginIndex origins;
  ChangedUses changed;

  // `before`: the key as it was. `at`: when the change was recorded, or before.
  void put(const Key& before, const Key& key, const KeyLabel& label, Timestamp at) {
    PackedLabel packed(label);
    origins.change(before, key, at);
    table.make_room(key);
    {
      const std::unique_lock lock(mutex);
      table.put(key, packed);
    }
    table.drop_old();
  }

  void apply(const RecordedEvent& event, const EventSide& side) {
    const KeyId id{event.stream.id};
    const KeyEntry* const known = table.find(id);
    const Key before = table.thaw(id);
    Key key = before;
    evolve(key, event);
    if (key.version == 0) return;  // it was never made
    KeyLabel label = known == nullptr ? KeyLabel() : known->label.unpack();
    std::visit(LabelFold{label, side}, event.event);
    put(before, key, label, event.time);
  }

  // What an answer shows of the secret and its key, if it is there.
  [[nodiscard]] std::optional<FoundSecret> look_up(const Digest& secret_hash,
                                                   VerifyAnswer& answer) const {
    const std::shared_lock lock(mutex);
    auto found = table.find(secret_hash);
    if (!found) return found;
    answer.credential = table.credential(*found);
    answer.label = found->key->label;
    answer.secret = found->secret->id;
    return found;
  }

  // Of a VALID answer: makes it kRateLimited if the key has been used too often.
  void take_token(VerifyAnswer& answer, const Policy& policy, const VerifyRequest& request,
                  Timestamp now) {
    const auto& own = answer.credential->grants->rate_limit;
    const auto rate = rate_limit_for(own, policy.rate_limit);
    if (!rate) return;
    const RateTake taken = buckets.take(answer.credential->key, *rate, now);
    answer.rate = taken.after;
    if (taken.granted) return;
    answer.judgement = {Verdict::kRateLimited,
                        own ? answer.credential->rate_limit : request.policy};
  }

  // `secret` names the one that was found, which may have been rotated out meanwhile.
  void count(const FoundSecret& found, const SecretId& secret, const Attempt& attempt) {
    {
      const std::lock_guard lock(found.key->uses);
      found.key->uses.count(attempt, *found.key, changed);
      if (attempt.verdict != Verdict::kValid || found.secret == nullptr) return;
      if (found.old != nullptr) {
        found.old->used_ms = std::max(found.old->used_ms, attempt.now.ms);
        return;
      }
      if (found.rotations == found.key->rotations) {
        found.key->uses.set_current_secret_ms(
            std::max(found.key->uses.current_secret_ms(), attempt.now.ms));
        return;
      }
    }
    const std::shared_lock lock(mutex);
    const FoundSecret again = table.find(*found.key, secret);
    const std::lock_guard slot(found.key->uses);
    if (again.old != nullptr) again.old->used_ms = std::max(again.old->used_ms, attempt.now.ms);
  }

  // Calls it with the key's entry, if there is one, and both locks.
  template <typename Do>
  void at_slot_of(const KeyId& key, Do act) const {
    const std::shared_lock lock(mutex);
    const KeyEntry* const entry = table.find(key);
    if (entry == nullptr) return;
    const std::lock_guard slot(entry->uses);
    act(*entry);
  }

  // Texts of labels lie beside the events that set them: read in the log's order, so that a start
  // with many keys reads the log once at most.
  [[nodiscard]] Result<void> load_texts(std::vector<WantedText> wanted);
  void take_text(const WantedText& wanted, const EventSide& side);
};

VerifyIndex::VerifyIndex(const EventLog& log) : rep_(std::make_unique<Rep>(log)) {}
VerifyIndex::~VerifyIndex() = default;

void VerifyIndex::read_from(const KeyTable& table) { rep_->source = &table; }

VerifyAnswer VerifyIndex::judge_only(const Digest& secret_hash, const Policy& policy,
                                     const VerifyRequest& request, Timestamp now) const {
  VerifyAnswer answer;
  static_cast<void>(rep_->look_up(secret_hash, answer));
  answer.judgement = judge(answer.credential ? &*answer.credential : nullptr, policy, request, now);
  return answer;
}

VerifyAnswer VerifyIndex::verify(const Digest& secret_hash, const Policy& policy,
                                 const VerifyRequest& request, Timestamp now) {
  VerifyAnswer answer;
  const auto found = rep_->look_up(secret_hash, answer);
  answer.judgement = judge(answer.credential ? &*answer.credential : nullptr, policy, request, now);
  if (answer.judgement.verdict == Verdict::kValid) rep_->take_token(answer, policy, request, now);
  const Verdict verdict = answer.judgement.verdict;
  if (found && VerdictCounts::counts(verdict) && verdict != Verdict::kSecretRetired) {
    const bool hourly = policy.use_digest == UseDigest::kHourly;
    rep_->count(*found, answer.secret, {verdict, now, hourly, &request.from});
  }
  return answer;
}

std::optional<CallerKey> VerifyIndex::caller(const Digest& secret_hash, const RequestSource& from,
                                             Timestamp now) const {
  CallerKey caller;
  std::optional<Credential> credential;
  {
    const std::shared_lock lock(rep_->mutex);
    const auto found = rep_->table.find(secret_hash);
    if (!found) return std::nullopt;
    credential = rep_->table.credential(*found);
    caller.member = rep_->table.member_of(*found->key);
    caller.secret = found->secret->id;
  }
  caller.key = credential->key;
  caller.workspace = credential->workspace;
  caller.type = credential->type;
  if (credential->grants) caller.rate_limit = credential->grants->rate_limit;
  // judge() knows no management keys; for this question they are like any other.
  if (credential->type == KeyType::kManagement) credential->type = KeyType::kPrivate;
  static const Policy kNoRules;
  VerifyRequest request{caller.workspace, std::nullopt, {}};
  request.from = from;
  caller.judgement = judge(&*credential, kNoRules, request, now);
  return caller;
}

bool VerifyIndex::allows_origin(const WorkspaceId& workspace,
                                std::optional<Environment> environment, const Origin& origin,
                                Timestamp now) const {
  return rep_->origins.allows(workspace, environment, origin, now);
}

std::optional<RateTake> VerifyIndex::count(const SeenElsewhere& seen,
                                           const std::optional<RateLimit>& rate, Timestamp now) {
  Attempt attempt{seen.verdict, now, seen.period == UseDigest::kHourly, &seen.from};
  std::optional<RateTake> taken;
  if (rate && seen.verdict == Verdict::kValid) taken = rep_->buckets.take(seen.key, *rate, now);
  if (taken && !taken->granted) attempt.verdict = Verdict::kRateLimited;
  FoundSecret found;
  {
    const std::shared_lock lock(rep_->mutex);
    const KeyEntry* const entry = rep_->table.find(seen.key);
    if (entry == nullptr || !VerdictCounts::counts(seen.verdict)) return taken;
    found = rep_->table.find(*entry, seen.secret);
  }
  rep_->count(found, seen.secret, attempt);
  return taken;
}

Use VerifyIndex::use_of(const KeyId& key) const {
  Use use;
  rep_->at_slot_of(key, [&](const KeyEntry& entry) { use = entry.uses.use(); });
  return use;
}

KeyUse VerifyIndex::all_uses_of(const KeyId& key, Timestamp now) const {
  KeyUse total;
  rep_->at_slot_of(key, [&](const KeyEntry& entry) {
    total = entry.uses.total();
    total.secrets = rep_->table.secret_uses(entry, now);
  });
  return total;
}

OptionalTime VerifyIndex::secret_last_used(const KeyId& key, const SecretId& secret) const {
  std::int64_t ms = 0;
  rep_->at_slot_of(key, [&](const KeyEntry& entry) {
    const FoundSecret found = rep_->table.find(entry, secret);
    if (found.old != nullptr) {
      ms = found.old->used_ms;
    } else if (found.secret != nullptr) {
      ms = entry.uses.current_secret_ms();
    }
  });
  return ms == 0 ? OptionalTime() : Timestamp{ms};
}

ChangedUses& VerifyIndex::changed_uses() { return rep_->changed; }

CountedKey VerifyIndex::identity_of(const KeyEntry& key) const {
  const std::shared_lock lock(rep_->mutex);
  CountedKey counted;
  counted.key = key.id;
  counted.workspace = rep_->table.workspace_of(key);
  return counted;
}

CountedKey VerifyIndex::take(const KeyEntry& key, Timestamp now) {
  CountedKey counted;
  const std::shared_lock lock(rep_->mutex);
  counted.key = key.id;
  counted.workspace = rep_->table.workspace_of(key);
  const std::lock_guard slot(key.uses);
  counted.total = key.uses.total();
  counted.total.secrets = rep_->table.secret_uses(key, now);
  counted.has_period = key.uses.has_period();
  if (counted.has_period) {
    const PeriodInMemory in = key.uses.period();
    counted.period = in.use;
    counted.partial = in.partial;
  }
  if (!counted.partial) key.uses.set_changed(false);
  return counted;
}

// A taken key may have changed again, and then it waits already; one that could not be taken is
// still marked, and does not. If it has begun another period meanwhile, it took the one before for
// written.
void VerifyIndex::wait_again(const CountedKey& taken, const KeyEntry& key) {
  const std::lock_guard slot(key.uses);
  if (taken.has_period && !taken.partial) {
    const PeriodInMemory now = key.uses.period();
    const bool goes_on =
        key.uses.has_period() && now.use.period == taken.period.period && !now.partial;
    if (!goes_on) rep_->changed.put_back({{&key, {{taken.period, false}}}});
  }
  if (key.uses.changed() && !taken.partial) return;
  key.uses.set_changed(true);
  rep_->changed.push(key);
}

bool VerifyIndex::begin_period_from(const KeyEntry& key, const PeriodUse& row) {
  const std::lock_guard slot(key.uses);
  const PeriodInMemory in = key.uses.period();
  if (in.use.period != row.period || rep_->changed.has_finished()) return false;
  if (in.partial) key.uses.begin_from(row);
  return true;
}

std::vector<PeriodInMemory> VerifyIndex::periods_of(const KeyId& key) const {
  std::vector<PeriodInMemory> periods;
  rep_->at_slot_of(key, [&](const KeyEntry& entry) {
    periods = rep_->changed.finished_of(entry);
    if (entry.uses.has_period()) periods.push_back(entry.uses.period());
  });
  return periods;
}

void VerifyIndex::load_uses(const KeyId& key, const KeyUse& total) {
  rep_->at_slot_of(key, [&](const KeyEntry& entry) {
    entry.uses.load(total);
    for (const SecretUse& use : total.secrets) rep_->table.load_secret_use(entry, use);
  });
}

void VerifyIndex::forget_uses(const KeyId& key, const std::map<WorkspaceId, Timestamp>& before) {
  rep_->at_slot_of(key, [&](const KeyEntry& entry) {
    const auto time = before.find(rep_->table.workspace_of(entry));
    if (time == before.end()) return;
    if (!entry.uses.forget_before(time->second) || entry.uses.changed()) return;
    entry.uses.set_changed(true);
    rep_->changed.push(entry);
  });
}

Result<void> VerifyIndex::open(Store& /*store*/) { return {}; }

Result<void> VerifyIndex::load(std::uint64_t /*size*/) {
  std::vector<WantedText> wanted;
  const auto loaded = rep_->source->for_each([&](const Key& key) {
    rep_->put(Key(), key, KeyLabel{key.name, std::nullopt, std::nullopt}, Timestamp());
    for (const WantedText& text : wanted_texts(key)) wanted.push_back(text);
  });
  if (!loaded) return fail(loaded.error());
  return rep_->load_texts(std::move(wanted));
}

Result<void> VerifyIndex::Rep::load_texts(std::vector<WantedText> wanted) {
  std::sort(wanted.begin(), wanted.end(),
            [](const WantedText& a, const WantedText& b) { return a.position < b.position; });
  std::size_t next = 0;
  while (next < wanted.size()) {
    const std::size_t before = next;
    const auto page = log.read(wanted[next].position, read_size(wanted, next));
    if (!page) return fail(page.error());
    for (const StoredFrame& frame : *page) {
      for (; next < wanted.size(); ++next) {
        const auto side = side_at(frame.side, wanted[next].position - frame.first_position);
        if (!side && side.error().code == ErrorCode::kNotFound) break;  // in a later frame
        if (!side) return fail_corrupt(wanted[next].position, side.error().detail);
        take_text(wanted[next], *side);
      }
    }
    if (next == before) return fail(ErrorCode::kCorrupt, "The log lost an event of a key's texts.");
  }
  return {};
}

void VerifyIndex::Rep::take_text(const WantedText& wanted, const EventSide& side) {
  KeyDetails details = details_in(side);
  KeyLabel label = table.find(wanted.key)->label.unpack();
  if (wanted.metadata) label.metadata = std::move(details.metadata);
  if (wanted.external_id) label.external_id = std::move(details.external_id);
  PackedLabel packed(label);
  const std::unique_lock lock(mutex);
  table.put_label(wanted.key, packed);
}

void VerifyIndex::apply_to_memory(const CommittedFrame& frame) {
  for (std::size_t i = 0; i < frame.events.size(); ++i) {
    const RecordedEvent& event = frame.events[i];
    if (event.stream.kind != StreamKind::kKey || is_notice(event.event)) continue;
    rep_->apply(event, frame.side.events[i]);
  }
}

Result<void> VerifyIndex::apply(const CommittedFrame& /*frame*/, StoreBatch& /*batch*/) {
  return {};
}

}  // namespace keyledger
