// The two cereal archives of event payloads, over ByteWriter and ByteReader. cereal's own binary
// archives allocate what a damaged length says and take left-over bytes for fine; these check every
// length against the bytes left and give every value exactly one encoding (FORMAT.md "Payloads").
// Only event_codec.cc includes this. One archive an event; nothing here throws but for memory.
#pragma once

#include <array>
#include <cereal/cereal.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "events/bytes.h"
#include "events/ids.h"
#include "events/text.h"
#include "events/time.h"

namespace keyledger {

// The greatest value of an enum that is stored. They all count from 1 without gaps, so a value that
// this build does not know is refused on reading. Specialised beside the payloads.
template <typename E>
struct LastOf;

template <typename E>
constexpr bool is_known(E value) {
  return value >= static_cast<E>(1) && value <= LastOf<E>::kValue;
}

class PayloadOut : public cereal::OutputArchive<PayloadOut> {
 public:
  explicit PayloadOut(ByteWriter& writer) : OutputArchive(this), bytes(writer) {}

  // What the reader insists on, the writer takes for granted.
  void require(bool /*condition*/) {}

  ByteWriter& bytes;
};

// After a failure all values read are zero or empty; the reader remembers that it failed.
class PayloadIn : public cereal::InputArchive<PayloadIn> {
 public:
  explicit PayloadIn(ByteReader& reader) : InputArchive(this), bytes(reader) {}

  void require(bool condition) { bytes.require(condition); }

  ByteReader& bytes;
};

// One byte, 0 or 1.
inline void save(PayloadOut& out, const bool& value) { out.bytes.u8(value ? 1 : 0); }
inline void load(PayloadIn& in, bool& value) {
  const std::uint8_t byte = in.bytes.u8();
  in.require(byte <= 1);
  value = byte == 1;
}

// One byte.
inline void save(PayloadOut& out, const std::uint8_t& value) { out.bytes.u8(value); }
inline void load(PayloadIn& in, std::uint8_t& value) { value = in.bytes.u8(); }

// Wider unsigned numbers: varints. Signed ones do not occur but in times.
template <typename T>
concept WideUnsigned = std::is_same_v<T, std::uint16_t> || std::is_same_v<T, std::uint32_t> ||
    std::is_same_v<T, std::uint64_t>;
template <WideUnsigned T>
void save(PayloadOut& out, const T& value) {
  out.bytes.varint(value);
}
template <WideUnsigned T>
void load(PayloadIn& in, T& value) {
  const std::uint64_t wide = in.bytes.varint();
  value = static_cast<T>(wide);
  in.require(value == wide);
}

// One byte, in the enum's range.
template <typename E>
requires std::is_enum_v<E>
void save(PayloadOut& out, const E& value) {
  static_assert(sizeof(E) == 1);
  out.bytes.u8(static_cast<std::uint8_t>(value));
}
template <typename E>
requires std::is_enum_v<E>
void load(PayloadIn& in, E& value) {
  value = static_cast<E>(in.bytes.u8());
  in.require(is_known(value));
}

// Eight bytes.
inline void save(PayloadOut& out, const Timestamp& time) { out.bytes.i64(time.ms); }
inline void load(PayloadIn& in, Timestamp& time) {
  time.ms = in.bytes.i64();
  in.require(time >= Timestamp{} && time <= kLastTime);
}

// The bytes alone.
template <std::size_t N>
void save(PayloadOut& out, const std::array<std::uint8_t, N>& bytes) {
  out.bytes.array(bytes);
}
template <std::size_t N>
void load(PayloadIn& in, std::array<std::uint8_t, N>& bytes) {
  bytes = in.bytes.array<N>();
}
template <typename Tag>
void save(PayloadOut& out, const Id<Tag>& id) {
  out.bytes.array(id.bytes);
}
template <typename Tag>
void load(PayloadIn& in, Id<Tag>& id) {
  id.bytes = in.bytes.array<16>();
}

// Text: its length, its bytes.
inline void save(PayloadOut& out, const std::string& text) { out.bytes.sized(text); }
inline void load(PayloadIn& in, std::string& text) {
  const std::string_view bytes = in.bytes.sized();
  in.require(is_clean_text(bytes));
  text = bytes;
}

// A presence byte, then the value.
template <typename T>
void save(PayloadOut& out, const std::optional<T>& value) {
  out(value.has_value());
  if (value) out(*value);
}
template <typename T>
void load(PayloadIn& in, std::optional<T>& value) {
  bool present = false;
  in(present);
  value.reset();
  if (present) in(value.emplace());
}

// The number of elements, then each. Grown element by element, so that memory follows what was
// really read and a false count costs nothing.
template <typename T>
void save(PayloadOut& out, const std::vector<T>& values) {
  out.bytes.varint(values.size());
  for (const T& value : values) out(value);
}
template <typename T>
void load(PayloadIn& in, std::vector<T>& values) {
  values.clear();
  for (std::size_t left = in.bytes.count(1); left > 0 && in.bytes.ok(); --left) {
    in(values.emplace_back());
  }
}

}  // namespace keyledger

// Tells cereal which two belong together.
CEREAL_SETUP_ARCHIVE_TRAITS(keyledger::PayloadIn, keyledger::PayloadOut)

// cereal brings functions for enums that check nothing: ours are meant.
namespace cereal {
template <typename E>
requires std::is_enum_v<E>
struct specialize<keyledger::PayloadOut, E, specialization::non_member_load_save> : std::true_type {
};
template <typename E>
requires std::is_enum_v<E>
struct specialize<keyledger::PayloadIn, E, specialization::non_member_load_save> : std::true_type {
};
}  // namespace cereal
