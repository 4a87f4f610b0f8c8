#include "events/event_codec.h"

#include <fmt/format.h>

#include <array>
#include <exception>
#include <utility>

#include "events/bytes.h"
#include "events/event_archive.h"
#include "events/event_payloads.h"
#include "events/event_table.h"
#include "events/text.h"

namespace keyledger {
namespace {

constexpr std::uint8_t kLeafFormat = 1;
// Most leaves are smaller: one allocation each.
constexpr std::size_t kTypicalLeafSize = 512;

// The header, field by field in the order of FORMAT.md "Leaf v1".

void write_optional_digest(ByteWriter& out, const std::optional<Digest>& digest) {
  out.u8(digest ? 1 : 0);
  if (digest) out.array(*digest);
}

// A text longer than its length field can say makes a leaf above kMaxLeafBytes, which the caller
// refuses, so the cut-off length is never stored.
void write_text(ByteWriter& out, std::string_view text) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.raw(text);
}

void write_header(ByteWriter& out, const RecordedEvent& event, const EventRow& row) {
  out.u8(kLeafFormat);
  out.u64(event.position);
  out.i64(event.time.ms);
  out.array(event.id.bytes);
  out.array(event.workspace.bytes);
  out.u64(event.workspace_seq);
  out.u8(static_cast<std::uint8_t>(event.stream.kind));
  out.array(event.stream.id);
  out.u32(event.version);
  out.u16(row.tag);
  out.u8(row.payload_version);
  out.u8(static_cast<std::uint8_t>(event.actor.kind));
  out.array(event.actor.id);
  out.u8(event.actor.acting_key ? 1 : 0);
  if (event.actor.acting_key) out.array(event.actor.acting_key->bytes);
  write_optional_digest(out, event.actor_commitment);
  write_optional_digest(out, event.subject_commitment);
  write_text(out, event.request_id);
  write_text(out, event.reason);
}

std::optional<Digest> read_optional_digest(ByteReader& in) {
  if (!in.presence()) return std::nullopt;
  return in.array<32>();
}

template <typename E>
E read_enum(ByteReader& in) {
  const auto value = static_cast<E>(in.u8());
  in.require(is_known(value));
  return value;
}

std::string read_text(ByteReader& in) {
  const std::string_view text = in.raw(in.u16());
  in.require(is_clean_text(text));
  return std::string(text);
}

struct PayloadHead {
  EventType tag = 0;
  PayloadVersion version = 0;
};

PayloadHead read_header(ByteReader& in, RecordedEvent& event) {
  PayloadHead head;
  in.require(in.u8() == kLeafFormat);
  event.position = in.u64();
  event.time.ms = in.i64();
  in.require(event.time >= Timestamp{} && event.time <= kLastTime);
  event.id.bytes = in.array<16>();
  event.workspace.bytes = in.array<16>();
  event.workspace_seq = in.u64();
  event.stream.kind = read_enum<StreamKind>(in);
  event.stream.id = in.array<16>();
  event.version = in.u32();
  head.tag = in.u16();
  head.version = in.u8();
  event.actor.kind = read_enum<ActorKind>(in);
  event.actor.id = in.array<16>();
  if (in.presence()) event.actor.acting_key = KeyId{in.array<16>()};
  event.actor_commitment = read_optional_digest(in);
  event.subject_commitment = read_optional_digest(in);
  event.request_id = read_text(in);
  event.reason = read_text(in);
  return head;
}

using PayloadReader = void (*)(ByteReader&, PayloadVersion, Event&);

template <std::size_t Index>
void read_payload(ByteReader& in, PayloadVersion version, Event& event) {
  PayloadIn archive(in);
  payload(archive, event.emplace<Index>(), version);
}

template <std::size_t... Indices>
constexpr std::array<PayloadReader, sizeof...(Indices)> payload_readers(
    std::index_sequence<Indices...> /*indices*/) {
  return {read_payload<Indices>...};
}

// By the variant's index, like the rows of the event table.
constexpr auto kPayloadReaders = payload_readers(std::make_index_sequence<kEventTypes>());

tl::unexpected<Error> refuse(const RecordedEvent& event, std::string_view why) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("The event at position {} does not decode: {}.", event.position, why));
}

Result<RecordedEvent> decode(std::string_view leaf) {
  RecordedEvent event;
  ByteReader in(leaf);
  const PayloadHead head = read_header(in, event);
  if (!in.ok()) return refuse(event, "its header is damaged");
  const auto index = find_event_row(head.tag);
  if (!index) return refuse(event, fmt::format("unknown type {:#06x}", head.tag));
  if (head.version < 1 || head.version > event_rows()[*index].payload_version) {
    return refuse(event, fmt::format("unknown payload version {}", head.version));
  }
  kPayloadReaders[*index](in, head.version, event.event);
  if (!in.finished()) return refuse(event, "its payload is damaged");
  return event;
}

}  // namespace

std::string encode_leaf(const RecordedEvent& event) {
  const EventRow& row = event_rows()[event.event.index()];
  std::string leaf;
  leaf.reserve(kTypicalLeafSize);
  ByteWriter out(leaf);
  write_header(out, event, row);
  PayloadOut archive(out);
  std::visit(
      // One function serves both ways, so it takes the fact as not const (as cereal's do); the
      // writing archive changes nothing.
      [&]<typename Fact>(const Fact& fact) {
        payload(archive, const_cast<Fact&>(fact), row.payload_version);
      },
      event.event);
  return leaf;
}

Result<RecordedEvent> decode_leaf(std::string_view leaf) {
  try {
    return decode(leaf);
  } catch (const std::exception& error) {  // cereal's, or no memory
    return fail(ErrorCode::kCorrupt, fmt::format("An event does not decode: {}.", error.what()));
  }
}

}  // namespace keyledger
