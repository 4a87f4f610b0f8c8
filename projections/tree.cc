#include "projections/tree.h"

#include <fmt/format.h>

#include <mutex>
#include <shared_mutex>

#include "events/bytes.h"
#include "events/proof/merkle.h"
#include "events/proof/tiles.h"

namespace keyledger {
namespace {

std::string row_key(merkle::TileId id) {
  std::string key;
  ByteWriter out(key);
  out.u8(id.level);
  out.u64(id.index);
  return key;
}

}  // namespace

struct Tree::Rep {
  Store* store = nullptr;
  const Table* tiles = nullptr;
  merkle::TileTree tree;  // the projector's thread only

  mutable std::shared_mutex head_mutex;
  TreeHead head;

  [[nodiscard]] merkle::TileReader reader() const {
    return [this](merkle::TileId id) -> std::optional<std::string> {
      auto row = store->get(*tiles, row_key(id));
      if (!row) return std::nullopt;
      return std::move(*row);
    };
  }

  void publish() {
    const TreeHead now{tree.size(), tree.root()};
    const std::unique_lock lock(head_mutex);
    head = now;
  }
};

Tree::Tree() : rep_(std::make_unique<Rep>()) {}
Tree::~Tree() = default;

TreeHead Tree::head() const {
  const std::shared_lock lock(rep_->head_mutex);
  return rep_->head;
}

Result<Digest> Tree::root_at(std::uint64_t size) const {
  const TreeHead now = head();
  if (size > now.size) {
    return fail(ErrorCode::kNotFound, fmt::format("the tree has only {} leaves", now.size));
  }
  if (size == now.size) return now.root;
  const auto root = merkle::root_at(size, rep_->reader());
  if (!root) return fail(ErrorCode::kCorrupt, fmt::format("a tile of size {} is damaged", size));
  return *root;
}

Result<Digest> Tree::leaf_hash_at(std::uint64_t position) const {
  if (position >= head().size) {
    return fail(ErrorCode::kNotFound, fmt::format("the tree has no leaf {} yet", position));
  }
  const auto tile = rep_->reader()({0, position / merkle::kTileWidth});
  const std::size_t at = position % merkle::kTileWidth * sizeof(Digest);
  if (!tile || tile->size() < at + sizeof(Digest)) {
    return fail(ErrorCode::kCorrupt, fmt::format("the tile of leaf {} is damaged", position));
  }
  Digest hash;
  tile->copy(reinterpret_cast<char*>(hash.data()), hash.size(), at);
  return hash;
}

Result<void> Tree::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(label(), {{"tiles", &rep_->tiles}});
}

Result<void> Tree::load(std::uint64_t size) {
  auto tree = merkle::TileTree::restore(size, rep_->reader());
  if (!tree) {
    return fail(ErrorCode::kCorrupt, fmt::format("the tree of {} leaves misses a tile", size));
  }
  rep_->tree = std::move(*tree);
  rep_->publish();
  return {};
}

void Tree::apply_to_memory(const CommittedFrame& frame) {
  for (const std::string& leaf : frame.frame.leaves) rep_->tree.append(merkle::leaf_hash(leaf));
  rep_->publish();
}

Result<void> Tree::apply(const CommittedFrame&, StoreBatch& batch) {
  for (const merkle::TileView& tile : rep_->tree.changed()) {
    batch.put(*rep_->tiles, row_key(tile.id), tile.bytes);
  }
  rep_->tree.mark_stored();
  return {};
}

}  // namespace keyledger
