#include "events/proof/tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "tests/events/proof/model_tree.h"

namespace keyledger::merkle {
namespace {

constexpr std::uint64_t kSeed = 20261121;

// Sizes at which a tile, or a level, begins, fills or is about to.
constexpr std::array<std::size_t, 12> kTileEdges{1,   2,   255, 256,  257,  511,
                                                 512, 513, 767, 1024, 1025, 2816};

// Tile `id` of these leaves as C2SP tlog-tiles defines it, computed from nothing but the leaves.
std::string model_tile(TileId id, HashSpan leaves) {
  const std::size_t span = std::size_t{1} << (kTileHeight * id.level);
  std::string out;
  for (std::size_t i = id.index * kTileWidth; i < (id.index + 1) * kTileWidth; ++i) {
    if ((i + 1) * span > leaves.size()) break;
    const Digest root = model_root(leaves.subspan(i * span, span));
    out += bytes_of({&root, 1});
  }
  return out;
}

std::map<TileId, std::string> model_tiles(HashSpan leaves) {
  std::map<TileId, std::string> out;
  for (std::uint8_t level = 0; leaves.size() >> (kTileHeight * level) > 0; ++level) {
    for (std::uint64_t index = 0;; ++index) {
      std::string tile = model_tile({level, index}, leaves);
      if (tile.empty()) break;
      out[{level, index}] = std::move(tile);
    }
  }
  return out;
}

TileTree tree_of(HashSpan leaves) {
  TileTree tree;
  for (const Digest& leaf : leaves) tree.append(leaf);
  tree.mark_stored();
  return tree;
}

// Two trees are the same if they give the same roots and tiles from here on.
void expect_same_tree(TileTree a, TileTree b) {
  ASSERT_EQ(a.size(), b.size());
  for (int more = 0; more < 300; ++more) {
    ASSERT_EQ(a.root(), b.root()) << "at size " << a.size();
    const Digest leaf = leaf_hash("more " + std::to_string(more));
    a.append(leaf);
    b.append(leaf);
  }
  const std::vector<TileView> tiles_a = a.changed();
  const std::vector<TileView> tiles_b = b.changed();
  ASSERT_EQ(tiles_a.size(), tiles_b.size());
  for (std::size_t i = 0; i < tiles_a.size(); ++i) {
    EXPECT_EQ(tiles_a[i].id, tiles_b[i].id);
    EXPECT_EQ(tiles_a[i].bytes, tiles_b[i].bytes);
  }
}

TEST(TileWidth, IsWhatTheSizeLeavesInEachTile) {
  // The example of the specification, and the size at which a level begins.
  EXPECT_EQ(tile_width({0, 272}, 70000), 256U);
  EXPECT_EQ(tile_width({0, 273}, 70000), 112U);
  EXPECT_EQ(tile_width({0, 274}, 70000), 0U);
  EXPECT_EQ(tile_width({1, 0}, 70000), 256U);
  EXPECT_EQ(tile_width({1, 1}, 70000), 17U);
  EXPECT_EQ(tile_width({2, 0}, 70000), 1U);
  EXPECT_EQ(tile_width({3, 0}, 70000), 0U);
  EXPECT_EQ(tile_width({0, 0}, 256), 256U);
  EXPECT_EQ(tile_width({0, 1}, 256), 0U);
  EXPECT_EQ(tile_width({1, 0}, 256), 1U);
  EXPECT_EQ(tile_width({1, 0}, 255), 0U);
}

TEST(TileWidth, IsZeroForAnyPlaceOutsideTheTree) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(tile_width({0, 0}, 0), 0U);
  EXPECT_EQ(tile_width({0, kMost}, kMost), 0U);
  EXPECT_EQ(tile_width({7, 0}, kMost), 255U);
  EXPECT_EQ(tile_width({7, 1}, kMost), 0U);
  EXPECT_EQ(tile_width({8, 0}, kMost), 0U);
  EXPECT_EQ(tile_width({255, 0}, kMost), 0U);
}

TEST(TileTree, IsEmptyAtFirst) {
  const TileTree tree;
  EXPECT_EQ(tree.size(), 0U);
  EXPECT_EQ(tree.root(), empty_root());
  EXPECT_TRUE(tree.changed().empty());
}

TEST(TileTree, NamesOnlyTheTilesThatChanged) {
  TileTree tree;
  const Hashes leaves = numbered_leaves(514);
  const auto changed = [&] {
    std::vector<std::pair<TileId, std::size_t>> out;
    for (const TileView& tile : tree.changed()) out.emplace_back(tile.id, tile.bytes.size() / 32);
    return out;
  };
  using Expected = std::vector<std::pair<TileId, std::size_t>>;
  const auto append_until = [&](std::size_t size) {
    while (tree.size() < size) tree.append(leaves[tree.size()]);
  };
  append_until(1);
  EXPECT_EQ(changed(), (Expected{{{0, 0}, 1}}));
  EXPECT_EQ(changed(), (Expected{{{0, 0}, 1}})) << "asking twice changes nothing";
  tree.mark_stored();
  EXPECT_TRUE(changed().empty());
  append_until(255);
  tree.mark_stored();
  append_until(256);
  EXPECT_EQ(changed(), (Expected{{{0, 0}, 256}, {{1, 0}, 1}}));
  tree.mark_stored();
  append_until(257);
  EXPECT_EQ(changed(), (Expected{{{0, 1}, 1}}));
  append_until(514);
  EXPECT_EQ(changed(), (Expected{{{0, 1}, 256}, {{0, 2}, 2}, {{1, 0}, 2}}));
}

TEST(TileTree, StoresTheSpecifiedTilesAndRootHoweverTheAppendsAreBatched) {
  const Hashes leaves = numbered_leaves(3000);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 20; ++round) {
    TileTree tree;
    TileStore store;
    const std::size_t most = std::size_t{1} << (random() % 11);
    const std::size_t size = 1 + random() % leaves.size();
    while (tree.size() < size) {
      const std::size_t batch = std::min(1 + random() % most, size - tree.size());
      for (std::size_t i = 0; i < batch; ++i) tree.append(leaves[tree.size()]);
      store.store(tree);
    }
    const HashSpan all = HashSpan(leaves).first(size);
    ASSERT_EQ(tree.root(), model_root(all)) << "size " << size << ", seed " << kSeed;
    ASSERT_EQ(store.tiles, model_tiles(all)) << "size " << size << ", seed " << kSeed;
  }
}

TEST(TileTree, KnowsItsRootAfterEveryAppend) {
  const Hashes leaves = numbered_leaves(600);
  TileTree tree;
  for (const Digest& leaf : leaves) {
    tree.append(leaf);
    ASSERT_EQ(tree.root(), model_root(HashSpan(leaves).first(tree.size()))) << tree.size();
  }
}

TEST(TileTree, RestoredFromTilesEqualsTheOneThatGrew) {
  const Hashes leaves = numbered_leaves(3000);
  std::mt19937_64 random(kSeed);
  std::vector<std::size_t> sizes(kTileEdges.begin(), kTileEdges.end());
  for (int round = 0; round < 10; ++round) sizes.push_back(random() % leaves.size());
  for (const std::size_t size : sizes) {
    SCOPED_TRACE("size " + std::to_string(size) + ", seed " + std::to_string(kSeed));
    const HashSpan all = HashSpan(leaves).first(size);
    TileStore store = TileStore::of(all);
    const std::optional<TileTree> restored = TileTree::restore(size, store.reader());
    ASSERT_TRUE(restored);
    EXPECT_TRUE(restored->changed().empty());
    expect_same_tree(*restored, tree_of(all));
  }
}

TEST(TileTree, RestoresAnyEarlierSizeFromTheTilesOfALaterOne) {
  const Hashes leaves = numbered_leaves(3000);
  TileStore store = TileStore::of(leaves);
  std::mt19937_64 random(kSeed);
  std::vector<std::size_t> sizes(kTileEdges.begin(), kTileEdges.end());
  for (int round = 0; round < 10; ++round) sizes.push_back(random() % leaves.size());
  sizes.push_back(0);
  for (const std::size_t size : sizes) {
    SCOPED_TRACE("size " + std::to_string(size) + ", seed " + std::to_string(kSeed));
    const std::optional<TileTree> restored = TileTree::restore(size, store.reader());
    ASSERT_TRUE(restored);
    expect_same_tree(*restored, tree_of(HashSpan(leaves).first(size)));
  }
}

TEST(StoredTiles, GiveTheRootOfEverySmallerSize) {
  const Hashes leaves = numbered_leaves(1100);
  TileStore store = TileStore::of(leaves);
  TileTree tree;
  EXPECT_EQ(root_at(0, store.reader()), empty_root());
  for (const Digest& leaf : leaves) {
    tree.append(leaf);
    ASSERT_EQ(root_at(tree.size(), store.reader()), tree.root()) << tree.size();
  }
}

// Checks both kinds of proof against the RFC's recursion, the verifiers, and the promise on reads.
void expect_right_proofs(HashSpan tree, std::size_t place, TileStore& store) {
  const std::size_t size = tree.size();
  const Digest root = model_root(tree);
  std::size_t levels = 0;
  while (size >> (kTileHeight * levels) > 0) ++levels;

  store.reads.clear();
  const std::optional<Hashes> path = inclusion_proof(place, size, store.reader());
  ASSERT_EQ(path, model_path(place, tree));
  EXPECT_TRUE(verify_inclusion(place, size, tree[place], *path, root));
  EXPECT_LE(store.reads.size(), 2 * levels);
  EXPECT_EQ(std::set(store.reads.begin(), store.reads.end()).size(), store.reads.size());

  store.reads.clear();
  const std::size_t from = place + 1;
  const std::optional<Hashes> proof = consistency_proof(from, size, store.reader());
  ASSERT_EQ(proof, model_proof(from, tree));
  EXPECT_TRUE(verify_consistency(from, size, *proof, model_root(tree.first(from)), root));
  EXPECT_LE(store.reads.size(), 2 * levels);
  EXPECT_EQ(std::set(store.reads.begin(), store.reads.end()).size(), store.reads.size());
}

TEST(StoredTiles, GiveTheRfcsProofsForAnySizeUpToTheStoredOne) {
  const Hashes leaves = numbered_leaves(3000);
  TileStore store = TileStore::of(leaves);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    const bool at_edge = round % 2 == 0;
    const std::size_t size =
        at_edge ? kTileEdges[random() % kTileEdges.size()] : 1 + random() % leaves.size();
    const std::size_t place = random() % size;
    SCOPED_TRACE(std::to_string(place) + " of " + std::to_string(size) + ", seed " +
                 std::to_string(kSeed));
    expect_right_proofs(HashSpan(leaves).first(size), place, store);
  }
}

TEST(StoredTiles, GiveTheRfcsProofsWhereTheThirdLevelBegins) {
  const Hashes leaves = numbered_leaves(65793);
  TileStore store = TileStore::of(leaves);
  ASSERT_EQ(store.tiles[(TileId{2, 0})].size(), sizeof(Digest));
  for (const std::size_t size : {65535U, 65536U, 65537U, 65793U}) {
    for (const std::size_t place : {std::size_t{0}, std::size_t{65279}, size - 1}) {
      SCOPED_TRACE(std::to_string(place) + " of " + std::to_string(size));
      expect_right_proofs(HashSpan(leaves).first(size), place, store);
    }
  }
}

TEST(StoredTiles, GiveNoProofForArgumentsThatMakeNoSense) {
  TileStore store = TileStore::of(numbered_leaves(300));
  EXPECT_FALSE(inclusion_proof(0, 0, store.reader()));
  EXPECT_FALSE(inclusion_proof(300, 300, store.reader()));
  EXPECT_FALSE(consistency_proof(0, 300, store.reader()));
  EXPECT_FALSE(consistency_proof(0, 0, store.reader()));
  EXPECT_FALSE(consistency_proof(8, 7, store.reader()));
  EXPECT_TRUE(store.reads.empty()) << "refused before anything is read";
}

TEST(StoredTiles, GiveNothingForASizeThatWasNotStored) {
  TileStore store = TileStore::of(numbered_leaves(300));
  EXPECT_TRUE(root_at(300, store.reader()));
  EXPECT_FALSE(root_at(301, store.reader()));
  EXPECT_FALSE(TileTree::restore(301, store.reader()));
  EXPECT_FALSE(inclusion_proof(7, 301, store.reader()));
  EXPECT_FALSE(consistency_proof(7, 301, store.reader()));
}

TEST(StoredTiles, GiveNothingWhenATileIsMissingOrOfAnImpossibleLength) {
  const TileStore good = TileStore::of(numbered_leaves(70000));
  const std::vector<std::function<void(std::map<TileId, std::string>&, TileId)>> damages{
      [](auto& tiles, TileId id) { tiles.erase(id); },
      [](auto& tiles, TileId id) { tiles[id].clear(); },
      [](auto& tiles, TileId id) { tiles[id].pop_back(); },
      [](auto& tiles, TileId id) { tiles[id].resize(tiles[id].size() - sizeof(Digest)); },
      [](auto& tiles, TileId id) { tiles[id] += 'x'; },
      [](auto& tiles, TileId id) { tiles[id].resize(kTileBytes + sizeof(Digest)); },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    for (const TileId id : {TileId{0, 273}, TileId{1, 1}}) {
      SCOPED_TRACE("damage " + std::to_string(i) + " of level " + std::to_string(id.level));
      TileStore store = good;
      damages[i](store.tiles, id);
      EXPECT_FALSE(TileTree::restore(70000, store.reader()));
      EXPECT_FALSE(root_at(70000, store.reader()));
      EXPECT_FALSE(inclusion_proof(0, 70000, store.reader()));
      EXPECT_FALSE(consistency_proof(65536, 70000, store.reader()));
    }
  }
}

// A store for a tree of any size: all leaves are the same, so all hashes of a level are.
TileReader endless_tiles() {
  return [](TileId id) {
    Digest hash = leaf_hash("same");
    for (unsigned i = 0; i < id.level * kTileHeight; ++i) hash = node_hash(hash, hash);
    std::string tile;
    for (std::size_t i = 0; i < kTileWidth; ++i) tile += bytes_of({&hash, 1});
    return tile;
  };
}

TEST(StoredTiles, ServeTreesOfEverySizeThatSixtyFourBitsCount) {
  const TileReader read = endless_tiles();
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t size : {kMost, kMost / 2 + 1, std::uint64_t{1} << 56, kMost / 3}) {
    SCOPED_TRACE(size);
    const std::optional<Digest> root = root_at(size, read);
    ASSERT_TRUE(root);
    for (const std::uint64_t place : {std::uint64_t{0}, size / 2, size - 2, size - 1}) {
      const std::optional<Hashes> path = inclusion_proof(place, size, read);
      ASSERT_TRUE(path);
      EXPECT_TRUE(verify_inclusion(place, size, leaf_hash("same"), *path, *root));
      const std::optional<Hashes> proof = consistency_proof(place + 1, size, read);
      ASSERT_TRUE(proof);
      EXPECT_TRUE(verify_consistency(place + 1, size, *proof, *root_at(place + 1, read), *root));
    }
    std::optional<TileTree> tree = TileTree::restore(size - 1, read);
    ASSERT_TRUE(tree);
    tree->append(leaf_hash("same"));
    EXPECT_EQ(tree->root(), *root);
  }
}

}  // namespace
}  // namespace keyledger::merkle
