// Bytes in and out: the two small classes that every stored format is written with (leaves, frames,
// side objects, blobs, rows). Integers are big-endian, so that encoded numbers sort as numbers.
// Nothing here knows a format. Objects belong to one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyledger {

// Appends to a string that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u16(std::uint16_t value) { big_endian(value); }
  void u32(std::uint32_t value) { big_endian(value); }
  void u64(std::uint64_t value) { big_endian(value); }
  void i64(std::int64_t value) { big_endian(static_cast<std::uint64_t>(value)); }

  // The bytes alone; the reader must know how many.
  void raw(std::string_view bytes) { out_.append(bytes); }
  template <std::size_t N>
  void array(const std::array<std::uint8_t, N>& bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), N);
  }

  // Unsigned LEB128 (DWARF 5 section 7.6): seven bits a byte, the lowest first.
  void varint(std::uint64_t value);

  // The length as a varint, then the bytes.
  void sized(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }

 private:
  template <typename T>
  void big_endian(T value) {
    char bytes[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes[sizeof(T) - 1 - i] = static_cast<char>(static_cast<std::uint8_t>(value >> (8U * i)));
    }
    out_.append(bytes, sizeof(T));
  }

  std::string& out_;
};

// Reads what a ByteWriter wrote, from bytes that it does not own. Every read is checked against the
// bytes left. The first that fails makes the reader fail for good: all later reads give zeros and
// empty views, so a decoder reads its fields one after the other and asks once at the end, with
// finished(). Never allocates.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  // Whether all reads succeeded and no byte is left over.
  [[nodiscard]] bool finished() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  // For a decoder that does not like what it read.
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  void require(bool condition) {
    if (!condition) fail();
  }

  // Whether an optional part follows: 1 or 0, any other byte fails.
  bool presence() {
    const std::uint8_t byte = u8();
    require(byte <= 1);
    return byte == 1 && ok_;
  }

  std::uint8_t u8() { return big_endian<std::uint8_t>(); }
  std::uint16_t u16() { return big_endian<std::uint16_t>(); }
  std::uint32_t u32() { return big_endian<std::uint32_t>(); }
  std::uint64_t u64() { return big_endian<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(big_endian<std::uint64_t>()); }

  // Views into the input; empty if there are fewer bytes than that.
  std::string_view raw(std::size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    const std::string_view bytes = raw(N);
    bytes.copy(reinterpret_cast<char*>(out.data()), bytes.size());
    return out;
  }

  // Fails on more than 64 bits and on a longer form than needed, so that a number has exactly one
  // encoding.
  std::uint64_t varint();
  std::string_view sized() {
    const std::uint64_t size = varint();
    require(size <= rest_.size());
    return raw(ok_ ? static_cast<std::size_t>(size) : 0);
  }
  // A varint that says how many elements follow, each of at least `min_element_size` bytes (not 0):
  // fails if they cannot fit, so that a caller may reserve memory for what it gets.
  std::size_t count(std::size_t min_element_size) {
    const std::uint64_t value = varint();
    require(value <= rest_.size() / min_element_size);
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }

 private:
  template <typename T>
  T big_endian() {
    const std::string_view bytes = raw(sizeof(T));
    T value = 0;
    for (const char byte : bytes) {
      value =
          static_cast<T>(static_cast<std::uint64_t>(value) << 8U | static_cast<std::uint8_t>(byte));
    }
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace keyledger
