// Memory straight from the kernel for the verify index's large tables: zeroed, and on huge pages
// where they fit. A look-up goes to a random place among hundreds of megabytes; with pages of 4 KiB
// each costs a walk through the page tables besides the cache miss.
#pragma once

#include <cstddef>
#include <utility>

namespace keyledger {

// Owns one mapping. Movable; an empty one has no memory. Belongs to one thread at a time.
class Pages {
 public:
  static constexpr std::size_t kHuge = std::size_t{1} << 21U;

  Pages() = default;
  // At least `bytes`, all zero, aligned to 64 bytes, to kHuge if it is a multiple of that; memory
  // is taken when it is first touched. Throws std::bad_alloc.
  explicit Pages(std::size_t bytes);
  ~Pages();
  Pages(Pages&& other) noexcept { swap(other); }
  Pages& operator=(Pages&& other) noexcept {
    Pages taken(std::move(other));
    swap(taken);
    return *this;
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void swap(Pages& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
  }
  [[nodiscard]] void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  std::size_t mapped_ = 0;
};

}  // namespace keyledger
