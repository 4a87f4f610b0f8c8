#include "projections/duplicates.h"

#include <algorithm>
#include <map>
#include <utility>

#include "events/bytes.h"
#include "projections/all.h"
#include "projections/key_row.h"

namespace keyledger {
namespace {

// FNV-1a, 64 bits (draft-eastlake-fnv section 2): cursors hold hashes, so it may never change.
// Texts that meet in one are told apart in the second walk.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  }
  return hash;
}

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ') continue;
    plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return plain;
}

// One text for each thing that another key may have too; two keys with the same text are alike. The
// first byte is the likeness.
class Traits {
 public:
  Traits(const KeyTable& keys, Timestamp now) : keys_(keys), now_(now) {}

  [[nodiscard]] Result<std::vector<std::string>> of(const KeyRow& row) const {
    std::vector<std::string> all;
    const Key& key = row.key;
    const auto begin = [&](Likeness likeness) {
      ByteWriter out(all.emplace_back());
      out.u8(static_cast<std::uint8_t>(likeness));
      out.u8(static_cast<std::uint8_t>(key.environment));
      out.array(key.member.value_or(MemberId{}).bytes);
      return out;
    };
    begin(Likeness::kSameName).raw(plain_name(key.name));
    if (row.external) begin(Likeness::kSameExternalId).array(*row.external);
    if (key.replaced_by) begin(Likeness::kReplaced).array(key.id.bytes);
    const auto replaced = live_predecessor(key);
    if (!replaced) return fail(replaced.error());
    if (*replaced) begin(Likeness::kReplaced).array((*replaced)->bytes);
    return all;
  }

 private:
  [[nodiscard]] Result<std::optional<KeyId>> live_predecessor(const Key& key) const {
    std::optional<KeyId> before = key.replaces;
    for (std::size_t links = 0; before && links < kMaxLinks; ++links) {
      const auto found = keys_.key(*before);
      if (!found) return fail(found.error());
      if (!*found) break;
      const bool counts =
          (*found)->environment == key.environment && (*found)->workspace == key.workspace;
      if (!is_final(status_of(**found, now_))) {
        return counts ? before : std::optional<KeyId>();
      }
      before = (*found)->replaces;
    }
    return std::optional<KeyId>();
  }

  const KeyTable& keys_;
  Timestamp now_;
};

// The smallest hashes beyond a bound, of each as many as are needed to know that it came twice.
class Hashes {
 public:
  Hashes(OptionalPosition after, std::size_t room) : after_(after), room_(room) {}

  void add(std::uint64_t hash) {
    if ((after_ && hash <= *after_) || (end_ && hash >= *end_)) return;
    hashes_.push_back(hash);
    if (hashes_.size() == 2 * room_) prune();
  }

  struct Repeated {
    std::vector<std::uint64_t> hashes;  // in order
    std::optional<std::uint64_t> next;  // there may be more beyond this one
  };
  [[nodiscard]] Repeated take(std::size_t limit) {
    keep_pairs();
    Repeated out;
    for (std::size_t i = 1; i < hashes_.size(); ++i) {
      if (hashes_[i] != hashes_[i - 1]) continue;
      if (out.hashes.size() == limit) {
        out.next = out.hashes.back();
        return out;
      }
      out.hashes.push_back(hashes_[i]);
    }
    if (end_) out.next = *end_ - 1;
    return out;
  }

 private:
  void keep_pairs() {
    std::sort(hashes_.begin(), hashes_.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
      if (kept >= 2 && hashes_[kept - 2] == hashes_[i]) continue;
      hashes_[kept++] = hashes_[i];
    }
    hashes_.resize(kept);
  }
  void prune() {
    keep_pairs();
    if (hashes_.size() <= room_) return;
    end_ = hashes_[room_];
    const auto first_out = std::lower_bound(hashes_.begin(), hashes_.end(), *end_);
    hashes_.erase(first_out, hashes_.end());
  }

  const OptionalPosition after_;
  const std::size_t room_;
  std::vector<std::uint64_t> hashes_;
  std::optional<std::uint64_t> end_;  // hashes from here on are left for another page
};

class Search {
 public:
  Search(const Projections& projections, const DuplicatesRequest& request)
      : keys_(projections.keys()), request_(request), traits_(keys_, request.now) {}

  [[nodiscard]] Result<DuplicatesPage> page(OptionalPosition after) {
    Hashes hashes(after, request_.most_hashes);
    const auto hashed =
        each_trait([&](const Key&, const std::string& trait) { hashes.add(hash_of(trait)); });
    if (!hashed) return fail(hashed.error());
    const auto repeated = hashes.take(request_.limit);
    DuplicatesPage page;
    if (repeated.next) ByteWriter(page.next.emplace()).u64(*repeated.next);
    if (repeated.hashes.empty()) return page;

    std::map<std::pair<std::uint64_t, std::string>, DuplicateGroup> groups;
    const auto gathered = each_trait([&](const Key& key, std::string trait) {
      const std::uint64_t hash = hash_of(trait);
      if (!std::binary_search(repeated.hashes.begin(), repeated.hashes.end(), hash)) return;
      DuplicateGroup& group = groups[{hash, std::move(trait)}];
      ++group.count;
      if (group.keys.size() < DuplicateGroup::kMaxShown) group.keys.push_back(key.id);
    });
    if (!gathered) return fail(gathered.error());
    for (auto& [trait, group] : groups) {
      if (group.count < 2) continue;
      group.likeness = static_cast<Likeness>(trait.second.front());
      page.groups.push_back(std::move(group));
    }
    return page;
  }

 private:
  // `visit` with every trait of every live key, the oldest key first.
  template <typename Visit>
  [[nodiscard]] Result<void> each_trait(Visit visit) {
    std::string place;
    Result<void> seen;
    const auto look = [&](const KeyRow& row) {
      const Key& key = row.key;
      const bool hidden = key.type == KeyType::kManagement && !request_.management_keys;
      if (hidden || is_final(status_of(key, request_.now))) return true;
      auto all = traits_.of(row);
      if (!all) {
        seen = fail(all.error());
        return false;
      }
      for (std::string& trait : *all) visit(key, std::move(trait));
      return true;
    };
    for (bool more = true; more && seen;) {
      const auto walked = keys_.walk_rows(request_.workspace, place, KeyTable::kKeysAtOnce, look);
      if (!walked) return fail(walked.error());
      more = *walked;
    }
    return seen;
  }

  const KeyTable& keys_;
  const DuplicatesRequest& request_;
  Traits traits_;
};

}  // namespace

Result<DuplicatesPage> find_duplicates(const Projections& projections,
                                       const DuplicatesRequest& request) {
  OptionalPosition after;
  if (!request.after.empty()) {
    ByteReader in(request.after);
    after = in.u64();
    if (!in.finished()) {
      return fail_field("cursor", FieldFault::kInvalid, "This cursor is not one of this report.");
    }
  }
  return Search(projections, request).page(after);
}

}  // namespace keyledger
