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
#include "projections/pages.h"

namespace keyledger {

// A growing array whose elements never move, so that growth copies nothing and a found element can
// be used after the lock was given back. kChunk is a power of two; chunks of whole huge pages lie
// on such.
template <typename T, std::uint32_t kChunk>
class ChunkedArray {
 public:
  ChunkedArray() = default;
  ~ChunkedArray() {
    for (std::uint32_t i = 0; i < made_; ++i) std::destroy_at(place(i));
  }
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] const T& operator[](std::uint32_t index) const { return at(index); }
  [[nodiscard]] T& operator[](std::uint32_t index) { return at(index); }

  // For `count` more elements. They are made here and not in add(), since the first touch of a page
  // is what costs.
  void make_room(std::uint32_t count) {
    while (size_ + count > (chunks_.size() + spare_.size()) * kChunk) {
      spare_.emplace_back(kChunk * sizeof(T));
    }
    for (; made_ < size_ + count; ++made_) std::construct_at(place(made_));
  }
  // The index of a new element, for which there is room.
  std::uint32_t add() {
    if (size_ == chunks_.size() * kChunk) {
      chunks_.push_back(std::move(spare_.front()));
      spare_.erase(spare_.begin());
    }
    return size_++;
  }

 private:
  [[nodiscard]] T& at(std::uint32_t index) const {
    return static_cast<T*>(chunks_[index / kChunk].data())[index % kChunk];
  }
  // Of an element that may lie in a spare chunk yet.
  [[nodiscard]] T* place(std::uint32_t index) const {
    const std::size_t chunk = index / kChunk;
    const Pages& pages = chunk < chunks_.size() ? chunks_[chunk] : spare_[chunk - chunks_.size()];
    return static_cast<T*>(pages.data()) + index % kChunk;
  }

  std::vector<Pages> chunks_;
  std::vector<Pages> spare_;
  std::uint32_t size_ = 0;
  std::uint32_t made_ = 0;  // elements that were constructed
};

// Finds the index of an element by a 32-bit hash: open addressing with linear probing, eight bytes
// a slot, never more than three quarters full. Nothing is ever removed.
class FlatIndex {
 public:
  // `same(index)` says whether an element with this hash is the wanted one.
  template <typename Same>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t hash, Same same) const {
    if (slots_.size == 0) return std::nullopt;
    for (std::size_t at = hash & slots_.mask(); slots_[at] != 0; at = (at + 1) & slots_.mask()) {
      const std::uint32_t index = index_in(slots_[at]);
      if (slots_[at] >> 32U == hash && same(index)) return index;
    }
    return std::nullopt;
  }

  // For `count` more elements. The bigger table is made aside, so that readers do not wait for it.
  void make_room(std::size_t count) {
    std::size_t size = std::max<std::size_t>(slots_.size, 1024);
    while ((count_ + count) * 4 > size * 3) size *= 2;
    if (size == slots_.size) return;
    other_ = Slots(size);
    has_grown_ = true;
    for (std::size_t at = 0; at < slots_.size; ++at) {
      if (slots_[at] != 0) place(other_, slots_[at]);
    }
  }
  void add(std::uint32_t hash, std::uint32_t index) {
    if (std::exchange(has_grown_, false)) std::swap(slots_, other_);
    place(slots_, slot_of(hash, index));
    ++count_;
  }
  // The element that is there under `from` has another index from now on. Needs the lock.
  void change(std::uint32_t hash, std::uint32_t from, std::uint32_t to) {
    if (std::exchange(has_grown_, false)) std::swap(slots_, other_);
    std::size_t at = hash & slots_.mask();
    while (slots_[at] != slot_of(hash, from)) at = (at + 1) & slots_.mask();
    slots_[at] = slot_of(hash, to);
  }
  // Frees the table that is not in use. Without the lock.
  void drop_old() {
    has_grown_ = false;
    other_ = Slots();
  }

 private:
  struct Slots {  // each: hash << 32 | index + 1; 0: free
    Slots() = default;
    explicit Slots(std::size_t count) : pages(count * sizeof(std::uint64_t)), size(count) {}
    [[nodiscard]] std::size_t mask() const { return size - 1; }
    [[nodiscard]] std::uint64_t& operator[](std::size_t at) const {
      return static_cast<std::uint64_t*>(pages.data())[at];
    }
    Pages pages;
    std::size_t size = 0;  // a power of two
  };

  static std::uint64_t slot_of(std::uint32_t hash, std::uint32_t index) {
    return std::uint64_t{hash} << 32U | (std::uint64_t{index} + 1);
  }
  static std::uint32_t index_in(std::uint64_t slot) { return static_cast<std::uint32_t>(slot) - 1; }
  static void place(const Slots& slots, std::uint64_t slot) {
    std::size_t at = (slot >> 32U) & slots.mask();
    while (slots[at] != 0) at = (at + 1) & slots.mask();
    slots[at] = slot;
  }

  Slots slots_;
  Slots other_;  // the next one, until an element is added; then the last one
  bool has_grown_ = false;
  std::size_t count_ = 0;
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
