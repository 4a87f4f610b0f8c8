// What an answer says about a key besides the verdict, and how millions of them are kept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/blobs.h"

namespace keyledger {

// Personal data: kept in memory only.
struct KeyLabel {
  std::string name;
  std::optional<Metadata> metadata;
  std::optional<std::string> external_id;
  bool operator==(const KeyLabel&) const = default;
};

// A label in 44 bytes, on the heap only if it does not fit: most keys have a short name and nothing
// else. Copying one that fits does not allocate. Plain value; thread-safe as any value is.
class PackedLabel {
 public:
  PackedLabel() = default;  // of a KeyLabel()
  explicit PackedLabel(const KeyLabel& label);
  ~PackedLabel();
  PackedLabel(const PackedLabel& other);
  PackedLabel(PackedLabel&& other) noexcept { swap(other); }
  PackedLabel& operator=(PackedLabel other) noexcept {
    swap(other);
    return *this;
  }
  void swap(PackedLabel& other) noexcept { space_.swap(other.space_); }

  [[nodiscard]] KeyLabel unpack() const;

 private:
  static constexpr std::size_t kSpace = 44;
  static constexpr std::uint8_t kOnHeap = 0xFF;

  [[nodiscard]] std::string_view packed() const;
  void hold(std::string_view packed);
  [[nodiscard]] char* heap() const;

  // The first byte is the size of what follows: name; KeyDetails as a blob, or nothing. Or it is
  // kOnHeap, and then a pointer follows to the size in four bytes and the same.
  std::array<std::uint8_t, kSpace> space_{};
};

}  // namespace keyledger
