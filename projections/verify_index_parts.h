// The pieces that the verify index's table is made of. Internal to verify_index*.cc.
//
// All follow one rule: a single writer. It may read without a lock and call make_room() without
// one; add() and what changes values it calls while it holds the lock alone. Readers share it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/judge.h"
#include "projections/verify_index.h"

namespace keyledger {

// A growing array whose elements never move, so that growth copies nothing and a found element can
// be used after the lock was given back.
template <typename T>
class ChunkedArray {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] const T& operator[](std::uint32_t index) const {
    return chunks_[index / kChunk][index % kChunk];
  }
  [[nodiscard]] T& operator[](std::uint32_t index) {
    return chunks_[index / kChunk][index % kChunk];
  }

  // For `count` more elements.
  void make_room(std::size_t count) {
    while (size_ + count > (chunks_.size() + spare_.size()) * kChunk) {
      spare_.push_back(std::make_unique<T[]>(kChunk));
    }
  }
  // The index of a new element, for which there is room.
  std::uint32_t add() {
    if (size_ == chunks_.size() * kChunk) {
      chunks_.push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
    return size_++;
  }

 private:
  static constexpr std::uint32_t kChunk = 4096;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::unique_ptr<T[]>> spare_;
  std::uint32_t size_ = 0;
};

// Finds the index of an element by a 32-bit hash: open addressing with linear probing, eight bytes
// a slot, never more than three quarters full. Nothing is ever removed.
class FlatIndex {
 public:
  // `same(index)` says whether an element with this hash is the wanted one.
  template <typename Same>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t hash, Same same) const {
    if (slots_.empty()) return std::nullopt;
    for (std::size_t at = hash & mask(slots_); slots_[at] != 0; at = (at + 1) & mask(slots_)) {
      const auto index = static_cast<std::uint32_t>(slots_[at]) - 1;
      if (slots_[at] >> 32U == hash && same(index)) return index;
    }
    return std::nullopt;
  }

  // For `count` more elements. The bigger table is made aside, so that readers do not wait for it.
  void make_room(std::size_t count) {
    std::size_t size = std::max<std::size_t>(slots_.size(), 1024);
    while ((count_ + count) * 4 > size * 3) size *= 2;
    if (size == slots_.size()) return;
    other_.assign(size, 0);
    has_grown_ = true;
    for (const std::uint64_t slot : slots_) {
      if (slot != 0) place(other_, slot);
    }
  }
  void add(std::uint32_t hash, std::uint32_t index) {
    if (std::exchange(has_grown_, false)) slots_.swap(other_);
    place(slots_, std::uint64_t{hash} << 32U | (std::uint64_t{index} + 1));
    ++count_;
  }
  // Frees the table that is not in use. Without the lock.
  void drop_old() {
    has_grown_ = false;
    std::vector<std::uint64_t>().swap(other_);
  }

 private:
  static std::size_t mask(const std::vector<std::uint64_t>& slots) { return slots.size() - 1; }
  static void place(std::vector<std::uint64_t>& slots, std::uint64_t slot) {
    std::size_t at = (slot >> 32U) & mask(slots);
    while (slots[at] != 0) at = (at + 1) & mask(slots);
    slots[at] = slot;
  }

  std::vector<std::uint64_t> slots_;  // hash << 32 | index + 1; 0: free
  std::vector<std::uint64_t> other_;  // the next one, until an element is added; then the last one
  bool has_grown_ = false;
  std::size_t count_ = 0;
};

// A label in one allocation: most keys have only a name, and there are millions.
class PackedLabel {
 public:
  PackedLabel() = default;
  explicit PackedLabel(const KeyLabel& label);
  [[nodiscard]] KeyLabel unpack() const;

 private:
  std::unique_ptr<char[]> bytes_;  // u32 size; name; KeyDetails as a blob, or nothing
};

// What keys may do, once for all that may do the same.
class GrantsPool {
 public:
  [[nodiscard]] const std::shared_ptr<const Grants>& operator[](std::uint32_t index) const {
    return all_[index].grants;
  }
  // Adds one user. Needs the lock.
  std::uint32_t take(Grants grants);
  void give_back(std::uint32_t index);

 private:
  struct Shared {
    std::shared_ptr<const Grants> grants;
    std::uint32_t users = 0;
  };
  std::vector<Shared> all_;
  std::map<Grants, std::uint32_t> index_;
  std::vector<std::uint32_t> free_;
};

}  // namespace keyledger
