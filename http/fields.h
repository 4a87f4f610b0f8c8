// Reading the fields of a request, once for every endpoint: each kind of field has one parser with
// its limits (design api.md "Limits"), tested once. A reader gathers every fault of a body before
// it is refused, so that a person mends all of them at once.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/key.h"
#include "core/key_commands.h"
#include "events/blobs.h"
#include "events/result.h"
#include "http/field_faults.h"
#include "http/json.h"

namespace keyledger::http {

inline constexpr std::size_t kMaxName = 128;   // characters
inline constexpr std::size_t kMaxText = 1000;  // description, reason
inline constexpr std::size_t kMaxEmail = 254;  // RFC 5321 section 4.5.3.1.3, less the brackets
inline constexpr std::size_t kMaxListEntries = 100;
inline constexpr std::size_t kMaxMetadata = 50;
inline constexpr std::size_t kMaxMetadataKey = 40;
inline constexpr std::size_t kMaxMetadataValue = 500;

// A value that may be absent (unchanged), null (cleared) or there.
template <typename T>
struct Patch {
  bool present = false;
  std::optional<T> value;  // absent while `present`: null
};

// Reads one JSON object. Every function names a field, remembers it as known, and answers nothing
// if it is absent or faulty; finish() then has the faults. null counts as absent, but for a Patch.
// Texts must be valid UTF-8 without control characters and must not contain a secret. Lists keep
// the given order: the rules of core name the entry that they refuse.
class BodyReader {
 public:
  explicit BodyReader(const Json& body);

  // Whether it is there and not null.
  [[nodiscard]] bool has(std::string_view field);
  // 1..max characters.
  [[nodiscard]] std::optional<std::string> text(std::string_view field, std::size_t max_characters);
  [[nodiscard]] std::optional<std::string> required_text(std::string_view field,
                                                         std::size_t max_characters);
  // As text(), but an empty text is as good as none: for texts that nobody must
  // give.
  [[nodiscard]] std::optional<std::string> free_text(std::string_view field,
                                                     std::size_t max_characters);
  [[nodiscard]] Patch<std::string> patch_free_text(std::string_view field,
                                                   std::size_t max_characters);
  [[nodiscard]] std::optional<bool> boolean(std::string_view field);
  [[nodiscard]] Patch<bool> patch_boolean(std::string_view field);
  [[nodiscard]] std::optional<std::uint64_t> whole(std::string_view field, std::uint64_t max) {
    return whole(field, 0, max);
  }
  [[nodiscard]] std::optional<std::uint64_t> whole(std::string_view field, std::uint64_t min,
                                                   std::uint64_t max);
  [[nodiscard]] std::optional<Timestamp> time(std::string_view field);
  [[nodiscard]] Patch<Timestamp> patch_time(std::string_view field);
  // One of a list of names; the fault lists them.
  template <typename T>
  [[nodiscard]] std::optional<T> choice(std::string_view field,
                                        std::initializer_list<std::pair<std::string_view, T>> of) {
    const auto given = text(field, kMaxName);
    if (!given) return std::nullopt;
    return faults_.choose(field, *given, of);
  }
  // How the entries of a list of texts may look, and what is said of one that does not.
  struct TextRule {
    std::size_t max_characters = kMaxText;
    bool (*fits)(std::string_view text) = nullptr;
    const char* fault = "";
  };
  // `what` names the entries in the plural.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view field,
                                                              std::string_view what,
                                                              const TextRule& rule);
  [[nodiscard]] std::optional<std::vector<std::string>> scopes(std::string_view field);
  [[nodiscard]] Patch<Metadata> metadata(std::string_view field);
  // The object at `field`, which is required: `read` is given a reader of its fields, whose faults
  // are named "field.name".
  template <typename Read>
  void object(std::string_view field, Read read) {
    const Json* value = required_object(field);
    if (value == nullptr) return;
    BodyReader inner(*value);
    read(inner);
    inner.check_unknown();
    faults_.take(field, inner.faults_);
  }
  // The same for each object of the list at `field`, which is required, named "field[3].name".
  // `read` is given the reader and the object. Stops when there are more faults than anyone reads.
  template <typename Read>
  void objects(std::string_view field, std::size_t max, Read read) {
    if (!has(field)) fault(field, FieldFault::kRequired, "is required");
    const Json* const list = find_list(field, "objects", max);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size() && faults_.size() < kMaxShownFaults; ++i) {
      const Json& item = (*list)[i];
      const std::string place = std::string(field) + '[' + std::to_string(i) + ']';
      if (!item.is_object()) {
        fault(place, FieldFault::kInvalid, "must be an object");
        continue;
      }
      BodyReader inner(item);
      read(inner, item);
      inner.check_unknown();
      faults_.take(place, std::move(inner.faults_));
    }
  }
  // {limit, window_seconds}, both from 1.
  [[nodiscard]] Patch<RateLimit> rate_limit(std::string_view field);
  // A key's: {unlimited: true} as well, which is kNoRateLimit.
  [[nodiscard]] Patch<RateLimit> own_rate_limit(std::string_view field);
  // Resolved, in the given order.
  [[nodiscard]] Patch<std::vector<OriginRule>> origins(std::string_view field);
  [[nodiscard]] Patch<std::vector<NetworkRule>> networks(std::string_view field);
  // An id of the given kind.
  template <typename IdType>
  [[nodiscard]] std::optional<IdType> id(std::string_view field) {
    const auto given = text(field, kMaxName);
    if (!given) return std::nullopt;
    auto parsed = parse_id<IdType>(*given);
    if (!parsed) fault(field, FieldFault::kInvalid, id_rule(IdType()));
    return parsed;
  }
  // A secret presented for checking: the only text that may be one. Required; any text will do.
  [[nodiscard]] std::optional<std::string> presented_secret(std::string_view field);
  // A field that may stand there and means nothing.
  void ignore(std::string_view field) { known_.emplace_back(field); }
  // Refuses null for a field that always has a value.
  void not_cleared(std::string_view field);
  // Refuses a field whose rule is not enforced yet: kNotSupported unless absent or null.
  void not_supported(std::string_view field);

  // A header's text that belongs to the body's fields (X-Reason).
  void check_header(std::string_view name, std::string_view text, std::size_t max_characters) {
    check_text(faults_, name, text, max_characters);
  }

  void fault(std::string_view field, FieldFault fault, std::string message);
  // The field holds a secret, which only the caller could tell.
  void secret_fault(std::string_view field) { faults_.add_secret(field); }
  // The gathered refusal, unknown fields included; nothing if all was well. Call once, at the end.
  [[nodiscard]] std::optional<Error> finish();

 private:
  const Json* find(std::string_view field);
  const Json* required_object(std::string_view field);  // null and a fault if it is none
  void check_unknown();
  std::optional<std::string> checked(std::string_view field, const Json& value, std::size_t max);
  // A list of at most `max` entries; `what` names them in the plural.
  const Json* find_list(std::string_view field, std::string_view what,
                        std::size_t max = kMaxListEntries);
  template <typename Rule>
  Patch<std::vector<Rule>> rules(std::string_view field, std::string_view what,
                                 Result<Rule> (*parse)(std::string_view text));

  const Json& body_;
  std::vector<std::string> known_;
  FieldFaults faults_;
};

// A fault of "email" unless it is absent or looks like an address: no more than a typing error can
// be found without writing to it.
void check_email(BodyReader& body, const std::optional<std::string>& email);

}  // namespace keyledger::http
