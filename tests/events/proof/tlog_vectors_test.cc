// The tree against bytes that others made: the eight classic leaves with all their proofs
// (tests/golden/rfc6962_vectors.json), and digests over whole ranges of trees, proofs and tiles
// that a Python reference and Go's golang.org/x/mod/sumdb/tlog agree on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "events/crypto.h"
#include "events/proof/merkle.h"
#include "events/proof/tiles.h"
#include "tests/events/proof/model_tree.h"

namespace keyledger::merkle {
namespace {

class ClassicLeaves : public testing::Test {
 protected:
  ClassicLeaves() {
    std::ifstream file(KEYLEDGER_GOLDEN_DIR "/rfc6962_vectors.json");
    vectors_ = nlohmann::json::parse(file);
    for (const auto& input : vectors_.at("leaf_inputs_hex")) {
      leaves_.push_back(leaf_hash(from_hex(input.get<std::string>())));
    }
    store_ = TileStore::of(leaves_);
  }

  Digest root(std::size_t size) const {
    return digest_from_hex(vectors_.at("roots_hex").at(size).get<std::string>());
  }

  static Hashes proof_of(const nlohmann::json& row) {
    Hashes out;
    for (const auto& hash : row.at("proof")) {
      out.push_back(digest_from_hex(hash.get<std::string>()));
    }
    return out;
  }

  nlohmann::json vectors_;
  Hashes leaves_;
  TileStore store_;
};

TEST_F(ClassicLeaves, HaveTheKnownRoots) {
  TileTree tree;
  ASSERT_EQ(vectors_.at("roots_hex").size(), leaves_.size() + 1);
  EXPECT_EQ(to_hex(tree.root()), to_hex(root(0)));
  for (const Digest& leaf : leaves_) {
    tree.append(leaf);
    EXPECT_EQ(to_hex(tree.root()), to_hex(root(tree.size())));
  }
}

TEST_F(ClassicLeaves, HaveTheKnownInclusionProofs) {
  ASSERT_EQ(vectors_.at("inclusion").size(), 36U);
  for (const auto& row : vectors_.at("inclusion")) {
    const auto position = row.at("index").get<std::size_t>();
    const auto size = row.at("size").get<std::size_t>();
    const Hashes proof = proof_of(row);
    EXPECT_EQ(inclusion_proof(position, size, store_.reader()), proof) << row;
    EXPECT_TRUE(verify_inclusion(position, size, leaves_[position], proof, root(size))) << row;
  }
}

TEST_F(ClassicLeaves, HaveTheKnownConsistencyProofs) {
  ASSERT_EQ(vectors_.at("consistency").size(), 36U);
  for (const auto& row : vectors_.at("consistency")) {
    const auto from = row.at("from").get<std::size_t>();
    const auto to = row.at("to").get<std::size_t>();
    const Hashes proof = proof_of(row);
    EXPECT_EQ(consistency_proof(from, to, store_.reader()), proof) << row;
    EXPECT_TRUE(verify_consistency(from, to, proof, root(from), root(to))) << row;
  }
}

// One store of 70,000 leaves for all tests of the whole ranges.
class NumberedLeaves : public testing::Test {
 protected:
  static void SetUpTestSuite() { leaves_ = new Hashes(numbered_leaves(70000)); }

  static void TearDownTestSuite() {
    delete leaves_;
    leaves_ = nullptr;
  }

  static HashSpan first(std::size_t size) { return HashSpan(*leaves_).first(size); }

 private:
  static inline Hashes* leaves_ = nullptr;
};

TEST_F(NumberedLeaves, HaveTheKnownRoots) {
  const std::map<std::uint64_t, std::string> roots{
      {1, "1bb97dcc21635d47e2663efdfd0a174686d98dd701352dd2cd06e8b43fd3d305"},
      {255, "d71592a219d4067663eede247f9b54c3f9e0290682d55de09b495b07f1de41c9"},
      {256, "cf5effdb11d0927a2edf53b0e73c7837f659414e00537da5d90eb5c4c49ff274"},
      {257, "855b936aa00cb98b5114484249ad39d78a6be93623e26c01e8e487dc02184a5a"},
      {300, "e7afc82d38944fc7930545328091d45823288c1f734cbdac06396713ebd4b5d5"},
      {1000, "2ff33fb9d8f14f89ca306289633336a168ff3f4532e8f741a0019dcb4c1d60a1"},
      {65536, "e100ba54d69a91012fc13b7890feac78d6996a097268b6f735d17311c7402a60"},
      {70000, "da0532ff7b2ee56f4067110fc964e9f27b5959f9527bfff3fa501aa7584deaf3"}};
  TileStore store = TileStore::of(first(70000));
  TileTree tree;
  for (const Digest& leaf : first(70000)) {
    tree.append(leaf);
    const auto known = roots.find(tree.size());
    if (known == roots.end()) continue;
    EXPECT_EQ(to_hex(tree.root()), known->second) << tree.size();
    EXPECT_EQ(to_hex(root_at(tree.size(), store.reader()).value()), known->second) << tree.size();
  }
}

TEST_F(NumberedLeaves, HaveTheKnownDigestOverAllInclusionProofs) {
  TileStore store = TileStore::of(first(64));
  std::string all;
  for (std::uint64_t size = 1; size <= 64; ++size) {
    for (std::uint64_t position = 0; position < size; ++position) {
      all += bytes_of(inclusion_proof(position, size, store.reader()).value());
      all += '\xff';
    }
  }
  EXPECT_EQ(to_hex(sha256(all)),
            "1f8b29825ac63373fb89a52edc4f1ea9eeea2ad44bd9429244b2d684e840dba7");
}

TEST_F(NumberedLeaves, HaveTheKnownDigestOverAllConsistencyProofs) {
  TileStore store = TileStore::of(first(64));
  std::string all;
  for (std::uint64_t to = 1; to <= 64; ++to) {
    for (std::uint64_t from = 1; from <= to; ++from) {
      all += bytes_of(consistency_proof(from, to, store.reader()).value());
      all += '\xff';
    }
  }
  EXPECT_EQ(to_hex(sha256(all)),
            "0705a8270f60f86f67d0be124c696e736fe555889338ecc8691b3dcf9a6938bb");
}

// The path under which C2SP tlog-tiles serves a tile; the index in groups of three digits.
std::string tile_path(TileId id, std::size_t width) {
  std::string index = fmt::format("{:03}", id.index % 1000);
  for (std::uint64_t rest = id.index / 1000; rest > 0; rest /= 1000) {
    index = fmt::format("x{:03}/", rest % 1000) + index;
  }
  std::string path = fmt::format("tile/{}/{}", id.level, index);
  if (width < kTileWidth) path += fmt::format(".p/{}", width);
  return path;
}

std::string digest_of_tiles(const TileStore& store) {
  std::map<std::string, Digest> by_path;
  for (const auto& [id, bytes] : store.tiles) {
    by_path[tile_path(id, bytes.size() / sizeof(Digest))] = sha256(bytes);
  }
  std::string all;
  for (const auto& [path, digest] : by_path) {
    all += path + '\0';
    all += bytes_of({&digest, 1});
  }
  return to_hex(sha256(all));
}

TEST_F(NumberedLeaves, HaveTheKnownTilesAtSize300) {
  TileStore store = TileStore::of(first(300));
  ASSERT_EQ(store.tiles.size(), 3U);
  EXPECT_EQ(to_hex(sha256(store.tiles[(TileId{0, 0})])),
            "3658d44ebeb979b996b87ac966392dffbe9a628e34cb70bbff0ba844e74c31c6");
  EXPECT_EQ(to_hex(sha256(store.tiles[(TileId{0, 1})])),
            "ef8b7a16b7e780e5fb0b989e370461025cbd238507fc673d21936f362db54ab9");
  EXPECT_EQ(to_hex(store.tiles[(TileId{1, 0})]),
            "cf5effdb11d0927a2edf53b0e73c7837f659414e00537da5d90eb5c4c49ff274");
  EXPECT_EQ(digest_of_tiles(store),
            "9ce969e9a9b76eaa57d6b029111fc6e95d08499fcd6e7aa54f734cb10a2f7de3");
}

TEST_F(NumberedLeaves, HaveTheKnownTilesAtSize70000) {
  const TileStore store = TileStore::of(first(70000));
  EXPECT_EQ(store.tiles.size(), 277U);
  EXPECT_EQ(digest_of_tiles(store),
            "9197f395ed2da00c6001fc7081f791b0b50a9048a8fbf318c889504277cb739a");
}

}  // namespace
}  // namespace keyledger::merkle
