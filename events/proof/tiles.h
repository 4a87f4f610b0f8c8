// A Merkle tree kept as tiles, and the proofs that are read from them.
//
// A tile holds up to 256 neighbouring hashes of one level, 32 bytes each (the layout of C2SP
// tlog-tiles, tile height 8). Level 0 holds leaf hashes; hash i of level L+1 is the root of the
// full tile i of level L, so a hash enters a level only when the tile below it is full. A full tile
// never changes again; at most one tile a level, the right edge, is partial. All that was ever said
// about a tree can be recomputed from its tiles, with a few reads: two a level at most, and levels
// are three for 16 million leaves.
//
// This file stores nothing. TileTree takes leaf hashes and says which tiles to write; whoever
// stores them (key = level and index, value = the bytes) hands them back through a TileReader.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/digest.h"

namespace keyledger::merkle {

// Bits of a position that one level of tiles covers, and the hashes and bytes of a full tile.
inline constexpr unsigned kTileHeight = 8;
inline constexpr std::size_t kTileWidth = std::size_t{1} << kTileHeight;
inline constexpr std::size_t kTileBytes = kTileWidth * sizeof(Digest);

// Levels that a 64-bit size can have.
inline constexpr unsigned kTileLevels = 64 / kTileHeight;

// A tile's place: its level, and its number in that level from the left.
struct TileId {
  std::uint8_t level = 0;
  std::uint64_t index = 0;

  friend auto operator<=>(const TileId&, const TileId&) = default;
};

// How many hashes tile `id` has in a tree of `size` leaves: 256 when it is full, 0 when there is no
// such tile (any id is allowed).
[[nodiscard]] std::size_t tile_width(TileId id, std::uint64_t size);

// A tile and its content: 32 bytes a hash, from the left. The bytes belong to the tree.
struct TileView {
  TileId id;
  std::string_view bytes;
};

// Gives the stored bytes of a tile, nothing if it is not there or cannot be read. It may give a
// wider tile than the size at hand has, because more leaves came since; only the front is used.
using TileReader = std::function<std::optional<std::string>(TileId)>;

// The growing tree. Holds the right edge of every level and the roots of the perfect subtrees that
// the size's binary digits stand for: at most 66 KB, whatever the size. A value: copying it copies
// the tree's state. Not thread safe; the one writer owns it.
//
// After each batch of appends the owner stores changed() and calls mark_stored(). Until then every
// unstored hash stays here, 32 bytes a leaf.
class TileTree {
 public:
  // A tree without leaves.
  TileTree() = default;

  // The tree of the first `size` leaves, read from stored tiles (one a level at most). Nothing if
  // one is missing, too short, or no whole number of hashes. It trusts the bytes: compare root()
  // with one that is known.
  [[nodiscard]] static std::optional<TileTree> restore(std::uint64_t size, const TileReader& read);

  // Adds a leaf, given its leaf_hash(). Costs one node hash on average and, once warm, no
  // allocation.
  void append(const Digest& leaf);

  [[nodiscard]] std::uint64_t size() const { return size_; }

  // The root as of now: at most one node hash for each binary digit of the size.
  [[nodiscard]] Digest root() const;

  // Every tile that differs from what was last marked as stored, whole, by level and index. The
  // views hold until the next append() or mark_stored().
  [[nodiscard]] std::vector<TileView> changed() const;

  // The owner has stored what changed() gave.
  void mark_stored();

 private:
  // The tiles of one level from `first_tile` on: the partial one, and before it those that became
  // full since they were last stored.
  struct Edge {
    std::uint64_t first_tile = 0;
    std::string hashes;
    std::size_t stored = 0;  // bytes of `hashes` that the owner has; less than a full tile

    void push(const Digest& hash);
  };

  std::uint64_t size_ = 0;
  std::array<Digest, 64> peaks_{};  // [h]: root of 2^h leaves, counts if bit h of size_ is set
  std::array<Edge, kTileLevels> edges_;
};

// The functions below answer for any size up to the one that was stored, from tiles alone. They
// give nothing if a tile is missing, too short or no whole number of hashes, or if the arguments
// make no sense. Each reads no tile twice. Thread safe if the reader is.

// The root of the first `size` leaves.
[[nodiscard]] std::optional<Digest> root_at(std::uint64_t size, const TileReader& read);

// The proof for verify_inclusion() (RFC 6962 section 2.1.1). Needs position < size.
[[nodiscard]] std::optional<std::vector<Digest>> inclusion_proof(std::uint64_t position,
                                                                 std::uint64_t size,
                                                                 const TileReader& read);

// The proof for verify_consistency() (RFC 6962 section 2.1.2). Needs 0 < from <= to.
[[nodiscard]] std::optional<std::vector<Digest>> consistency_proof(std::uint64_t from,
                                                                   std::uint64_t to,
                                                                   const TileReader& read);

}  // namespace keyledger::merkle
