// Keys that were made elsewhere. Each entry is held to every rule of a new key; all faults of all
// entries are told at once, since a file of a thousand lines is not mended one refusal at a time.
#include <map>
#include <utility>

#include "core/decide_rules.h"

namespace keyledger {

namespace {

// What no two entries of one import may have in common, and where it stood first.
struct Seen {
  std::map<Digest, std::size_t> hashes;
  std::map<std::pair<Environment, std::string_view>, std::size_t> names;
};

std::string also_in(std::size_t index, const char* what) {
  return indexed("keys", index) + " has the same " + what + ".";
}

// A hash belongs to one key of the whole ledger, or it could not be told whose a secret is. Another
// workspace's is refused in the same words as one's own: that somebody has it is all that is said,
// and only to a caller who has the hash.
Result<void> check_hash(const Situation& in, const CreateKey& entry, std::size_t index, Seen& seen,
                        Faults& faults) {
  const auto [twin, is_first] = seen.hashes.try_emplace(entry.secret.hash.bytes, index);
  if (!is_first) {
    faults.add("sha256", FieldFault::kConflict, also_in(twin->second, "hash"));
    return {};
  }
  const auto known = in.state.knows_secret(entry.secret.hash);
  if (!known) return fail(known.error());
  if (*known)
    faults.add("sha256", FieldFault::kConflict, "A key with this secret is there already.");
  return {};
}

// Answers whether the name is taken.
Result<bool> check_unique_name(const Situation& in, const CreateKey& entry, std::size_t index,
                               Seen& seen, Faults& faults) {
  if (!in.policy().unique_names) return false;
  const auto [twin, is_first] = seen.names.try_emplace({entry.environment, entry.name}, index);
  if (!is_first) {
    faults.add("name", FieldFault::kConflict, also_in(twin->second, "name"));
    return true;
  }
  const auto free = check_name_free(in, entry.environment, entry.name, std::nullopt);
  if (free) return false;
  if (free.error().code != ErrorCode::kNameTaken) return fail(free.error());
  faults.add("name", FieldFault::kConflict, free.error().detail);
  return true;
}

// kNameTaken if that is all that is wrong, as for a single key.
Result<void> verdict_on(const Faults& faults, std::size_t taken_names) {
  const auto& found = faults.found();
  if (found.empty()) return {};
  Error error;
  error.code = found.size() == taken_names ? ErrorCode::kNameTaken : ErrorCode::kInvalidRequest;
  error.detail = found.front().field + ": " + found.front().message;
  if (found.size() > 1) {
    error.detail.pop_back();
    error.detail += " (and " + std::to_string(found.size() - 1) + " more).";
  }
  error.fields = found;
  return fail(std::move(error));
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const ImportKeys& command) {
  Decision decision;
  Faults faults;
  check_reason(in, faults);
  Seen seen;
  std::size_t taken_names = 0;
  for (std::size_t i = 0; i < command.keys.size(); ++i) {
    if (faults.found().size() >= kMaxShownFaults) break;
    const CreateKey& entry = command.keys[i];
    Faults of_entry;
    auto made = begin_key(in, entry, of_entry);
    if (!made) return fail(made.error());
    const auto hash = check_hash(in, entry, i, seen, of_entry);
    if (!hash) return fail(hash.error());
    const auto name_taken = check_unique_name(in, entry, i, seen, of_entry);
    if (!name_taken) return fail(name_taken.error());
    if (*name_taken) ++taken_names;
    faults.take(indexed("keys", i), of_entry.found());
    decision.push_back({stream_of(entry.id), KeyImported{std::move(*made)}, entry.details, {}});
  }
  const auto allowed = verdict_on(faults, taken_names);
  if (!allowed) return fail(allowed.error());
  return decision;
}

}  // namespace keyledger
