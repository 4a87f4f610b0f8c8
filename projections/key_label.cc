#include "projections/key_label.h"

#include <cstring>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

using HeapSize = std::uint32_t;

std::string pack(const KeyLabel& label) {
  std::string bytes;
  ByteWriter out(bytes);
  out.sized(label.name);
  if (label.metadata || label.external_id) {
    out.raw(encode_blob(KeyDetails{std::nullopt, label.metadata, label.external_id}));
  }
  return bytes;
}

}  // namespace

PackedLabel::PackedLabel(const KeyLabel& label) { hold(pack(label)); }

PackedLabel::PackedLabel(const PackedLabel& other) {
  if (other.space_[0] == kOnHeap) {
    hold(other.packed());
  } else {
    space_ = other.space_;
  }
}

PackedLabel::~PackedLabel() {
  if (space_[0] == kOnHeap) delete[] heap();
}

void PackedLabel::hold(std::string_view packed) {
  if (packed.size() < kSpace) {
    space_[0] = static_cast<std::uint8_t>(packed.size());
    std::memcpy(space_.data() + 1, packed.data(), packed.size());
    return;
  }
  const auto size = static_cast<HeapSize>(packed.size());
  char* const bytes = new char[sizeof(size) + packed.size()];
  std::memcpy(bytes, &size, sizeof(size));
  std::memcpy(bytes + sizeof(size), packed.data(), packed.size());
  space_[0] = kOnHeap;
  std::memcpy(space_.data() + 1, &bytes, sizeof(bytes));
}

char* PackedLabel::heap() const {
  char* bytes = nullptr;
  std::memcpy(&bytes, space_.data() + 1, sizeof(bytes));
  return bytes;
}

std::string_view PackedLabel::packed() const {
  if (space_[0] != kOnHeap) {
    return {reinterpret_cast<const char*>(space_.data()) + 1, space_[0]};
  }
  HeapSize size = 0;
  std::memcpy(&size, heap(), sizeof(size));
  return {heap() + sizeof(size), size};
}

KeyLabel PackedLabel::unpack() const {
  KeyLabel label;
  const std::string_view bytes = packed();
  if (bytes.empty()) return label;
  ByteReader in(bytes);
  label.name = in.sized();
  if (in.left() == 0) return label;
  auto details = decode_key_details(in.raw(in.left()));
  if (!details) return label;  // cannot be: the constructor encoded it
  label.metadata = std::move(details->metadata);
  label.external_id = std::move(details->external_id);
  return label;
}

}  // namespace keyledger
