#include "events/proof/tiles.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "events/proof/merkle.h"

namespace keyledger::merkle {
namespace {

// How many hashes a level has in a tree of `size` leaves.
std::uint64_t level_width(unsigned level, std::uint64_t size) {
  return size >> (kTileHeight * level);
}

// Root of a perfect tree over `hashes`, which are 1, 2, 4, .. or 128 of one tile.
Digest perfect_root(std::string_view hashes) {
  std::array<Digest, kTileWidth / 2> row;
  std::size_t width = hashes.size() / sizeof(Digest);
  for (std::size_t i = 0; i < width; ++i) {
    const std::string_view hash = hashes.substr(i * sizeof(Digest), sizeof(Digest));
    std::copy(hash.begin(), hash.end(), row[i].begin());
  }
  for (; width > 1; width /= 2) {
    for (std::size_t i = 0; i < width / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  }
  return row[0];
}

// The largest power of two below `width`: where RFC 6962 splits a tree of more than one leaf.
std::uint64_t split(std::uint64_t width) { return std::bit_floor(width - 1); }

// The tree of the first `size` leaves, seen through its stored tiles, each of which is read once.
class StoredTree {
 public:
  StoredTree(std::uint64_t size, const TileReader& read) : size_(size), read_(read) {}

  // The hashes that tile `id` has at this size, or nothing. Valid as long as this object.
  std::optional<std::string_view> tile(TileId id) {
    const std::size_t bytes = tile_width(id, size_) * sizeof(Digest);
    const auto [entry, is_new] = tiles_.try_emplace(id);
    if (is_new) {
      std::optional<std::string> stored = read_(id);
      const bool whole = stored && stored->size() >= bytes && stored->size() <= kTileBytes &&
                         stored->size() % sizeof(Digest) == 0;
      if (!whole) {
        tiles_.erase(entry);
        return std::nullopt;
      }
      entry->second = *std::move(stored);
    }
    return std::string_view(entry->second).substr(0, bytes);
  }

  // Root of the perfect subtree of `width` leaves (a power of two) that starts at leaf `begin`. All
  // it needs lies in one tile.
  std::optional<Digest> perfect(std::uint64_t begin, std::uint64_t width) {
    const auto height = static_cast<unsigned>(std::countr_zero(width));
    const unsigned level = height / kTileHeight;
    const std::uint64_t first = level_width(level, begin);
    const auto hashes = tile({static_cast<std::uint8_t>(level), first / kTileWidth});
    if (!hashes) return std::nullopt;
    const std::size_t count = std::size_t{1} << (height % kTileHeight);
    return perfect_root(
        hashes->substr(first % kTileWidth * sizeof(Digest), count * sizeof(Digest)));
  }

  // MTH(D[begin:end]) of RFC 6962, for a range that the tree's own splits lead to.
  std::optional<Digest> range(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t width = std::bit_floor(end - begin);
    const std::optional<Digest> left = perfect(begin, width);
    if (!left || width == end - begin) return left;
    const std::optional<Digest> right = range(begin + width, end);
    if (!right) return std::nullopt;
    return node_hash(*left, *right);
  }

 private:
  const std::uint64_t size_;
  const TileReader& read_;
  std::map<TileId, std::string> tiles_;
};

// A part of the leaves whose root a proof needs.
struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

// The proof made of the roots of `parts`, which were found on the way down: the last is the first
// hash of the proof.
std::optional<std::vector<Digest>> roots_upward(const std::vector<Range>& parts, StoredTree& tree) {
  std::vector<Digest> proof;
  proof.reserve(parts.size());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    const std::optional<Digest> root = tree.range(part->begin, part->end);
    if (!root) return std::nullopt;
    proof.push_back(*root);
  }
  return proof;
}

}  // namespace

std::size_t tile_width(TileId id, std::uint64_t size) {
  if (id.level >= kTileLevels) return 0;
  const std::uint64_t hashes = level_width(id.level, size);
  const std::uint64_t full_tiles = hashes / kTileWidth;
  if (id.index < full_tiles) return kTileWidth;
  return id.index == full_tiles ? hashes % kTileWidth : 0;
}

std::optional<TileTree> TileTree::restore(std::uint64_t size, const TileReader& read) {
  TileTree tree;
  tree.size_ = size;
  StoredTree stored(size, read);
  for (unsigned level = 0; level < kTileLevels; ++level) {
    Edge& edge = tree.edges_[level];
    edge.first_tile = level_width(level, size) / kTileWidth;
    const TileId id{static_cast<std::uint8_t>(level), edge.first_tile};
    if (tile_width(id, size) == 0) continue;
    const std::optional<std::string_view> hashes = stored.tile(id);
    if (!hashes) return std::nullopt;
    edge.hashes = *hashes;
    edge.stored = hashes->size();
  }
  std::uint64_t begin = 0;
  while (begin < size) {
    const std::uint64_t width = std::bit_floor(size - begin);
    const std::optional<Digest> peak = stored.perfect(begin, width);
    if (!peak) return std::nullopt;
    tree.peaks_[static_cast<std::size_t>(std::countr_zero(width))] = *peak;
    begin += width;
  }
  return tree;
}

void TileTree::Edge::push(const Digest& hash) {
  hashes.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

void TileTree::append(const Digest& leaf) {
  edges_[0].push(leaf);
  Digest hash = leaf;
  unsigned height = 0;
  // Each trailing one-bit of the old size is a perfect subtree that the new leaf makes a pair of.
  for (std::uint64_t rest = size_; (rest & 1) != 0; rest >>= 1) {
    hash = node_hash(peaks_[height], hash);
    ++height;
    if (height % kTileHeight == 0) edges_[height / kTileHeight].push(hash);
  }
  peaks_[height] = hash;
  ++size_;
}

Digest TileTree::root() const {
  if (size_ == 0) return empty_root();
  auto height = static_cast<std::size_t>(std::countr_zero(size_));
  Digest root = peaks_[height];
  while (++height < peaks_.size()) {
    if ((size_ >> height & 1) != 0) root = node_hash(peaks_[height], root);
  }
  return root;
}

std::vector<TileView> TileTree::changed() const {
  std::vector<TileView> out;
  for (unsigned level = 0; level < kTileLevels; ++level) {
    const Edge& edge = edges_[level];
    const std::string_view hashes = edge.hashes;
    if (edge.stored == hashes.size()) continue;
    TileId id{static_cast<std::uint8_t>(level), edge.first_tile};
    for (std::size_t at = 0; at < hashes.size(); at += kTileBytes, ++id.index) {
      out.push_back({id, hashes.substr(at, kTileBytes)});
    }
  }
  return out;
}

void TileTree::mark_stored() {
  for (Edge& edge : edges_) {
    const std::size_t full = edge.hashes.size() / kTileBytes;
    edge.hashes.erase(0, full * kTileBytes);
    edge.first_tile += full;
    edge.stored = edge.hashes.size();
  }
}

std::optional<Digest> root_at(std::uint64_t size, const TileReader& read) {
  if (size == 0) return empty_root();
  return StoredTree(size, read).range(0, size);
}

std::optional<std::vector<Digest>> inclusion_proof(std::uint64_t position, std::uint64_t size,
                                                   const TileReader& read) {
  if (position >= size) return std::nullopt;
  std::vector<Range> siblings;
  for (Range at{0, size}; at.end - at.begin > 1;) {
    const std::uint64_t middle = at.begin + split(at.end - at.begin);
    if (position < middle) {
      siblings.push_back({middle, at.end});
      at.end = middle;
    } else {
      siblings.push_back({at.begin, middle});
      at.begin = middle;
    }
  }
  StoredTree tree(size, read);
  return roots_upward(siblings, tree);
}

std::optional<std::vector<Digest>> consistency_proof(std::uint64_t from, std::uint64_t to,
                                                     const TileReader& read) {
  if (from == 0 || from > to) return std::nullopt;
  std::vector<Range> parts;
  Range at{0, to};
  while (at.end != from) {
    const std::uint64_t middle = at.begin + split(at.end - at.begin);
    if (from <= middle) {
      parts.push_back({middle, at.end});
      at.end = middle;
    } else {
      parts.push_back({at.begin, middle});
      at.begin = middle;
    }
  }
  // The older tree itself is left out when it is a subtree of the newer: the verifier has its root.
  if (at.begin != 0) parts.push_back(at);
  StoredTree tree(to, read);
  return roots_upward(parts, tree);
}

}  // namespace keyledger::merkle
