#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "events/event_codec.h"
#include "events/event_table.h"
#include "tests/events/event_json.h"
#include "tests/events/golden_events.h"
#include "tests/support/read_file.h"

// tests/golden holds bytes of every type and version ever released, with the JSON they mean. They
// are what old ledgers hold, so they never change.

namespace keyledger {
namespace {

namespace fs = std::filesystem;

fs::path folder(const std::string& kind) { return fs::path(KEYLEDGER_GOLDEN_DIR) / kind; }

// Only with KEYLEDGER_WRITE_GOLDEN=1, and never over a file that is there.
void write_new(const fs::path& path, const std::string& text) {
  if (fs::exists(path)) return;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string hex_lines(std::string_view bytes) {
  constexpr std::size_t kBytesPerLine = 32;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += kBytesPerLine) {
    out += to_hex(bytes.substr(i, kBytesPerLine)) + "\n";
  }
  return out;
}

void expect_golden(const std::string& kind, const std::string& name, const std::string& bytes,
                   const Json& json) {
  const fs::path hex = folder(kind) / (name + ".hex");
  const fs::path text = folder(kind) / (name + ".json");
  if (std::getenv("KEYLEDGER_WRITE_GOLDEN") != nullptr) {
    write_new(hex, hex_lines(bytes));
    write_new(text, json.dump(2) + "\n");
  }
  ASSERT_TRUE(fs::exists(hex) && fs::exists(text)) << name << ": see golden_events.h";
  EXPECT_EQ(read_file(hex), hex_lines(bytes)) << name << " is not written as it was when released";
  EXPECT_EQ(Json::parse(read_file(text)), json) << name;
}

// The names of all golden files of a kind; each has both halves.
std::set<std::string> names_in(const std::string& kind) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder(kind))) {
    const fs::path path = entry.path();
    names.insert(path.stem().string());
    EXPECT_TRUE(fs::exists(fs::path(path).replace_extension(".hex"))) << path;
    EXPECT_TRUE(fs::exists(fs::path(path).replace_extension(".json"))) << path;
  }
  return names;
}

std::string golden_bytes(const std::string& kind, const std::string& name) {
  return from_hex(read_file(folder(kind) / (name + ".hex")));
}

Json golden_json(const std::string& kind, const std::string& name) {
  return Json::parse(read_file(folder(kind) / (name + ".json")));
}

TEST(Golden, EventsAreWrittenAsTheyWereWhenReleased) {
  for (const auto& [name, event] : golden_leaves()) {
    expect_golden("leaves", name, encode_leaf(event), to_json(event));
  }
}

TEST(Golden, FramesAreWrittenAsTheyWereWhenReleased) {
  for (const auto& [name, frame] : golden_frames()) {
    expect_golden("frames", name, encode_frame(frame), to_json(frame));
  }
}

TEST(Golden, SideObjectsAreWrittenAsTheyWereWhenReleased) {
  for (const auto& [name, side] : golden_sides()) {
    expect_golden("sides", name, encode_side(side), to_json(side));
  }
}

TEST(Golden, BlobsAreWrittenAsTheyWereWhenReleased) {
  for (const auto& [name, blob] : golden_blobs()) {
    const auto bytes = std::visit([](const auto& any) { return encode_blob(any); }, blob);
    const auto json = std::visit([](const auto& any) { return to_json(any); }, blob);
    expect_golden("blobs", name, bytes, json);
  }
}

TEST(Golden, EveryLeafEverReleasedMeansWhatItMeant) {
  for (const std::string& name : names_in("leaves")) {
    const std::string bytes = golden_bytes("leaves", name);
    const auto event = decode_leaf(bytes);
    ASSERT_TRUE(event) << name << ": " << event.error().detail;
    const Json json = golden_json("leaves", name);
    EXPECT_EQ(json.at("type"), action_name(event->event)) << name;
    const auto row = find_event_row(tag_of(event->event));
    // An older version decodes to today's shape, which other bytes and other JSON stand for.
    if (json.at("payload_version") != event_rows()[row.value()].payload_version) continue;
    EXPECT_EQ(to_json(*event), json) << name;
    EXPECT_EQ(encode_leaf(*event), bytes) << name;
  }
}

TEST(Golden, EveryFrameSideAndBlobEverReleasedMeansWhatItMeant) {
  for (const std::string& name : names_in("frames")) {
    const auto frame = decode_frame(golden_bytes("frames", name));
    ASSERT_TRUE(frame) << name << ": " << frame.error().detail;
    EXPECT_EQ(to_json(*frame), golden_json("frames", name)) << name;
  }
  for (const std::string& name : names_in("sides")) {
    const auto side = decode_side(golden_bytes("sides", name));
    ASSERT_TRUE(side) << name << ": " << side.error().detail;
    EXPECT_EQ(to_json(*side), golden_json("sides", name)) << name;
  }
  const std::map<std::string, std::function<Json(std::string_view)>> decoders{
      {"actor_details", [](auto bytes) { return to_json(decode_actor_details(bytes).value()); }},
      {"member_profile", [](auto bytes) { return to_json(decode_member_profile(bytes).value()); }},
      {"key_details", [](auto bytes) { return to_json(decode_key_details(bytes).value()); }},
      {"leak_details", [](auto bytes) { return to_json(decode_leak_details(bytes).value()); }}};
  for (const std::string& name : names_in("blobs")) {
    const Json json = golden_json("blobs", name);
    const auto& decode = decoders.at(json.at("kind").get<std::string>());
    EXPECT_EQ(decode(golden_bytes("blobs", name)), json) << name;
  }
}

TEST(Golden, EveryTypeAndPayloadVersionIsThere) {
  std::set<std::pair<std::string, int>> there;
  for (const std::string& name : names_in("leaves")) {
    const Json json = golden_json("leaves", name);
    there.emplace(json.at("type").get<std::string>(), json.at("payload_version").get<int>());
  }
  for (const EventRow& row : event_rows()) {
    for (int version = 1; version <= row.payload_version; ++version) {
      EXPECT_TRUE(there.contains({std::string(row.name), version}))
          << row.name << " version " << version << ": add it to golden_events.cc";
    }
  }
}

}  // namespace
}  // namespace keyledger
