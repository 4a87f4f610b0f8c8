#include "http/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/secret.h"

namespace keyledger::http {
namespace {

using ::testing::ElementsAre;

Json json(std::string_view text) {
  auto parsed = parse_body(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Json::object();
}

// "code: field fault, …" of what the reader refuses; "" if nothing.
std::string refusal(BodyReader& reader) {
  const auto error = reader.finish();
  if (!error) return "";
  std::string out(error_name(error->code));
  for (const FieldError& field : error->fields) {
    out += "; " + field.field + ' ' + std::string(fault_name(field.fault));
  }
  return out;
}

std::string some_secret() {
  return std::string(make_secret(KeyType::kPrivate, Environment::kLive, "").reveal());
}

// What text(name, 5) says of one value.
std::string text_verdict(const std::string& value) {
  const Json body = {{"name", value}};
  BodyReader reader(body);
  const auto read = reader.text("name", 5);
  const std::string refused = refusal(reader);
  EXPECT_EQ(read.has_value(), refused.empty()) << value;
  return refused;
}

TEST(BodyReader, TakesTextsWithinTheirLimits) {
  EXPECT_EQ(text_verdict("a"), "");
  EXPECT_EQ(text_verdict("12345"), "");
  EXPECT_EQ(text_verdict("ééééé"), "");  // characters, not bytes
  EXPECT_EQ(text_verdict(" "), "");
  EXPECT_EQ(text_verdict(""), "invalid_request; name invalid");
  EXPECT_EQ(text_verdict("123456"), "invalid_request; name too_long");
  EXPECT_EQ(text_verdict("a\tb"), "invalid_request; name invalid");
  EXPECT_EQ(text_verdict("a\x7F"), "invalid_request; name invalid");
  EXPECT_EQ(text_verdict("\xC2\x85"), "invalid_request; name invalid");
  EXPECT_EQ(text_verdict("\xC3"), "invalid_request; name invalid");
  EXPECT_EQ(text_verdict(some_secret()), "secret_in_request; name not_allowed");
}

TEST(BodyReader, GathersEveryFaultAndNamesUnknownFields) {
  const Json body = json(R"({"name":5,"scopes":["ok","no good",7,""],"ttl":-1,"odd":1,"at":"x"})");
  BodyReader reader(body);
  EXPECT_FALSE(reader.text("name", 9));
  static_cast<void>(reader.scopes("scopes"));
  EXPECT_FALSE(reader.whole("ttl", 10));
  EXPECT_FALSE(reader.time("at"));
  EXPECT_FALSE(reader.required_text("type", 9));
  EXPECT_EQ(refusal(reader),
            "invalid_request; name invalid; scopes[1] invalid; scopes[2] invalid; scopes[3] "
            "invalid; ttl invalid; at invalid; type required; odd unknown_field");
}

TEST(BodyReader, PutsSecretsBeforeAllOtherFaults) {
  const Json body = {{"a", ""}, {"b", "x " + some_secret()}, {"c", 1}};
  BodyReader reader(body);
  EXPECT_FALSE(reader.text("a", 9));
  EXPECT_FALSE(reader.text("b", 99));
  reader.not_supported("c");
  const auto error = reader.finish();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kSecretInRequest);
  ASSERT_EQ(error->fields.size(), 1U);
  EXPECT_EQ(error->fields[0].field, "b");
  EXPECT_EQ(find_secret(error->detail + error->fields[0].message), std::string::npos);
}

TEST(BodyReader, NeverShowsAFieldNameThatIsASecret) {
  const std::string secret = some_secret();
  Json body;
  body[secret] = 1;
  BodyReader reader(body);
  EXPECT_EQ(refusal(reader), "secret_in_request; body not_allowed");
}

TEST(BodyReader, FindsASecretInWhatItDoesNotKnow) {
  const std::string secret = some_secret();
  const Json body = {{"plain", secret}, {"deep", {{"list", Json::array({1, "x" + secret})}}}};
  BodyReader reader(body);
  EXPECT_EQ(refusal(reader), "secret_in_request; plain not_allowed; deep not_allowed");
}

TEST(BodyReader, ReadsAnObjectWithinAndNamesItsFields) {
  const Json body = {{"owner", {{"name", "Ada"}, {"age", 9U}, {"note", some_secret()}}}};
  BodyReader good(body);
  std::optional<std::string> name;
  good.object("owner", [&name](BodyReader& fields) {
    name = fields.text("name", 9);
    static_cast<void>(fields.whole("age", 99));
    static_cast<void>(fields.has("note"));
  });
  EXPECT_EQ(name, "Ada");
  EXPECT_EQ(refusal(good), "");

  BodyReader bad(body);
  bad.object("owner", [](BodyReader& fields) { static_cast<void>(fields.text("name", 2)); });
  bad.object("absent", [](BodyReader& /*fields*/) { FAIL(); });
  EXPECT_EQ(refusal(bad), "secret_in_request; owner.note not_allowed");
  const Json list = {{"owner", Json::array()}};
  BodyReader wrong(list);
  wrong.object("owner", [](BodyReader& /*fields*/) { FAIL(); });
  wrong.object("absent", [](BodyReader& /*fields*/) { FAIL(); });
  EXPECT_EQ(refusal(wrong), "invalid_request; owner invalid; absent required");
}

TEST(BodyReader, RefusesToClearWhatAlwaysHasAValue) {
  const Json body = json(R"({"a":null,"b":"x"})");
  BodyReader reader(body);
  for (const char* field : {"a", "b", "c"}) reader.not_cleared(field);
  EXPECT_EQ(refusal(reader), "invalid_request; a invalid");
}

TEST(BodyReader, DoesNotRepeatUnprintableFieldNames) {
  Json body;
  body[std::string(100, 'x')] = 1;
  BodyReader reader(body);
  EXPECT_EQ(refusal(reader), "invalid_request; (unprintable) unknown_field");
}

TEST(BodyReader, TakesNullForAbsent) {
  const Json body = json(R"({"a":null,"b":null,"c":null,"d":null,"e":null,"f":null})");
  BodyReader reader(body);
  EXPECT_FALSE(reader.has("a"));
  EXPECT_FALSE(reader.text("a", 9));
  EXPECT_FALSE(reader.boolean("b"));
  EXPECT_FALSE(reader.whole("c", 9));
  EXPECT_FALSE(reader.scopes("d"));
  EXPECT_FALSE(reader.time("e"));
  reader.not_supported("f");
  EXPECT_EQ(refusal(reader), "");
}

TEST(BodyReader, TellsUnchangedFromClearedFromSet) {
  const Json body = json(R"({"cleared":null,"set":"x","empty":""})");
  BodyReader reader(body);
  EXPECT_FALSE(reader.patch_free_text("absent", 9).present);
  const auto cleared = reader.patch_free_text("cleared", 9);
  EXPECT_TRUE(cleared.present);
  EXPECT_FALSE(cleared.value);
  EXPECT_EQ(reader.patch_free_text("set", 9).value, "x");
  const auto empty = reader.patch_free_text("empty", 9);
  EXPECT_TRUE(empty.present);
  EXPECT_FALSE(empty.value);
  EXPECT_EQ(refusal(reader), "");
}

TEST(BodyReader, ReadsWholeNumbersOnly) {
  const Json body = json(R"({"a":0,"b":10,"c":11,"d":1.0,"e":"1","f":18446744073709551616})");
  BodyReader reader(body);
  EXPECT_EQ(reader.whole("a", 10), 0U);
  EXPECT_EQ(reader.whole("b", 10), 10U);
  for (const char* field : {"c", "d", "e", "f"}) EXPECT_FALSE(reader.whole(field, 10)) << field;
  EXPECT_EQ(refusal(reader), "invalid_request; c invalid; d invalid; e invalid; f invalid");
}

TEST(BodyReader, KeepsTheOrderOfScopes) {
  const Json body = json(R"({"scopes":["b:x","a.y","b:x"]})");
  BodyReader reader(body);
  EXPECT_THAT(*reader.scopes("scopes"), ElementsAre("b:x", "a.y", "b:x"));
  EXPECT_EQ(refusal(reader), "");
}

TEST(BodyReader, LimitsLists) {
  const Json body = {{"scopes", std::vector<std::string>(101, "a")}};
  BodyReader reader(body);
  EXPECT_FALSE(reader.scopes("scopes"));
  EXPECT_EQ(refusal(reader), "invalid_request; scopes too_many");
}

TEST(BodyReader, LimitsMetadata) {
  Json fits = Json::object();
  for (int i = 0; i < 50; ++i)
    fits[std::to_string(i) + std::string(38, 'k')] = std::string(500, 'v');
  Json many = fits;
  many["one more"] = "x";
  const Json body = {{"fits", fits},
                     {"many", many},
                     {"long_key", {{std::string(41, 'k'), "v"}}},
                     {"long_value", {{"k", std::string(501, 'v')}}},
                     {"number", {{"k", 1}}},
                     {"secret_key", {{some_secret().substr(0, 40), "v"}}},
                     {"list", Json::array()}};
  BodyReader reader(body);
  EXPECT_EQ(reader.metadata("fits").value->size(), 50U);
  for (const char* field : {"many", "long_key", "long_value", "number", "secret_key", "list"}) {
    static_cast<void>(reader.metadata(field));
  }
  EXPECT_EQ(refusal(reader),
            "invalid_request; many too_many; long_key too_long; long_value.k too_long; number.k "
            "invalid; list invalid");
}

TEST(BodyReader, RefusesASecretInMetadataByItsField) {
  const Json body = {{"metadata", {{"note", "see " + some_secret()}}}};
  BodyReader reader(body);
  static_cast<void>(reader.metadata("metadata"));
  EXPECT_EQ(refusal(reader), "secret_in_request; metadata.note not_allowed");
}

TEST(BodyReader, TakesASecretWhereOneIsPresented) {
  const std::string secret = some_secret();
  const Json body = {{"key", secret}, {"number", 1}};
  BodyReader reader(body);
  EXPECT_EQ(reader.presented_secret("key"), secret);
  EXPECT_FALSE(reader.presented_secret("number"));
  EXPECT_FALSE(reader.presented_secret("absent"));
  EXPECT_EQ(refusal(reader), "invalid_request; number invalid; absent required");
}

TEST(BodyReader, RefusesRulesThatAreNotEnforcedYet) {
  const Json body = json(R"({"allowed_ips":[]})");
  BodyReader reader(body);
  reader.not_supported("allowed_ips");
  reader.not_supported("allowed_origins");
  EXPECT_EQ(refusal(reader), "not_supported; allowed_ips not_allowed");
}

TEST(BodyReader, ReadsARateLimit) {
  const auto read = [](std::string_view text) {
    const Json body = json(text);
    BodyReader reader(body);
    const auto rate = reader.rate_limit("rate");
    const std::string refused = refusal(reader);
    if (!refused.empty()) return refused;
    if (!rate.present) return std::string("absent");
    if (!rate.value) return std::string("null");
    return std::to_string(rate.value->limit) + "/" + std::to_string(rate.value->window_seconds);
  };
  EXPECT_EQ(read("{}"), "absent");
  EXPECT_EQ(read(R"({"rate":null})"), "null");
  EXPECT_EQ(read(R"({"rate":{"limit":100,"window_seconds":60}})"), "100/60");
  EXPECT_EQ(read(R"({"rate":{}})"),
            "invalid_request; rate.limit required; rate.window_seconds required");
  EXPECT_EQ(read(R"({"rate":{"limit":0,"window_seconds":2678401}})"),
            "invalid_request; rate.limit invalid; rate.window_seconds invalid");
  EXPECT_EQ(read(R"({"rate":{"limit":1,"window_seconds":1,"burst":2}})"),
            "invalid_request; rate.burst unknown_field");
  EXPECT_EQ(read(R"({"rate":7})"), "invalid_request; rate invalid");
}

TEST(BodyReader, ListsTheNamesOfAChoice) {
  const Json body = json(R"({"role":"king"})");
  BodyReader reader(body);
  EXPECT_FALSE(reader.choice<int>("role", {{"owner", 1}, {"admin", 2}}));
  const auto error = reader.finish();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->fields[0].message, "must be one of owner, admin");
}

TEST(IsToken, IsPrintableAscii) {
  EXPECT_TRUE(is_token("a b~!"));
  EXPECT_TRUE(is_token(std::string(255, 'x')));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token(std::string(256, 'x')));
  EXPECT_FALSE(is_token("a\n"));
  EXPECT_FALSE(is_token("é"));
}

}  // namespace
}  // namespace keyledger::http
