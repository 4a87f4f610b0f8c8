// Keys that were made elsewhere. Each entry is held to every rule of a new key; all faults of all
// entries are told at once, since a file of a thousand lines is not mended one refusal at a time.
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/decide_rules.h"

namespace keyledger {

namespace {

constexpr const char* kIsHere = "A key of this workspace has or had this secret.";
constexpr const char* kIsElsewhere = "A key of another workspace has or had this secret.";

// What no two entries of one import may have in common, and where it stood first; and which entries
// have the secret of a key of another workspace.
struct Seen {
  std::map<Digest, std::size_t> hashes;
  std::map<std::pair<Environment, std::string_view>, std::size_t> names;
  std::vector<std::size_t> elsewhere;
};

std::string also_in(std::size_t index, const char* what) {
  return indexed("keys", index) + " has the same " + what + ".";
}

// A hash belongs to one key of the whole ledger, or it could not be told whose a secret is.
Result<void> check_hash(const Situation& in, const CreateKey& entry, std::size_t index, Seen& seen,
                        Faults& faults) {
  const auto holder = in.state.workspace_with_secret(entry.secret.hash);
  if (!holder) return fail(holder.error());
  if (*holder == in.workspace->id) {
    faults.add("sha256", FieldFault::kConflict, kIsHere);
  } else if (*holder) {
    seen.elsewhere.push_back(index);
  }
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

// All that is wrong with one entry but that its secret may be elsewhere. Nothing if it is passed
// over.
Result<std::optional<KeyCreated>> check_entry(const Situation& in, const ImportKeys& command,
                                              std::size_t index, Seen& seen, Faults& faults,
                                              std::size_t& taken_names) {
  const CreateKey& entry = command.keys[index];
  const auto [twin, is_first] = seen.hashes.try_emplace(entry.secret.hash.bytes, index);
  if (is_first && command.there.contains(index)) return std::optional<KeyCreated>();
  auto made = begin_key(in, entry, faults);
  if (!made) return fail(made.error());
  if (is_first) {
    const auto hash = check_hash(in, entry, index, seen, faults);
    if (!hash) return fail(hash.error());
  } else {
    faults.add("sha256", FieldFault::kConflict, also_in(twin->second, "hash"));
  }
  const auto name_taken = check_unique_name(in, entry, index, seen, faults);
  if (!name_taken) return fail(name_taken.error());
  if (*name_taken) ++taken_names;
  return std::optional(std::move(*made));
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
    auto made = check_entry(in, command, i, seen, of_entry, taken_names);
    if (!made) return fail(made.error());
    faults.take(indexed("keys", i), of_entry.found());
    if (!*made) continue;
    decision.push_back({stream_of(entry.id), KeyImported{std::move(**made)}, entry.details, {}});
  }
  const auto allowed = verdict_on(faults, taken_names);
  if (!allowed) return fail(allowed.error());
  if (command.is_rehearsal) return decision;
  // Told alone and last: who only asks about hashes leaves a key behind for each that nobody has.
  for (const std::size_t i : seen.elsewhere) {
    if (faults.found().size() >= kMaxShownFaults) break;
    faults.add(indexed("keys", i) + ".sha256", FieldFault::kConflict, kIsElsewhere);
  }
  const auto nobodys = verdict_on(faults, 0);
  if (!nobodys) return fail(nobodys.error());
  return decision;
}

bool tells_of_another_workspace(const Error& refusal) {
  return refusal.code == ErrorCode::kInvalidRequest && !refusal.fields.empty() &&
         refusal.fields.front().message == kIsElsewhere;
}

}  // namespace keyledger
