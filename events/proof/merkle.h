// The hashes of an RFC 6962 Merkle tree and the checks that a reader makes on its proofs.
//
// A tree of size n has leaves 0..n-1; a position is such a 0-based place. Whoever holds a root and
// a proof needs nothing else to know that a leaf is in the tree (inclusion) or that a newer tree
// only added leaves to an older one (consistency). How proofs are made is in tiles.h. Pure: no
// storage, no state. Every function may be called from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "events/digest.h"

namespace keyledger::merkle {

// Root of the tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1).
[[nodiscard]] Digest empty_root();

// Hash of one leaf: SHA-256(0x00 || bytes). The first byte keeps leaves and nodes apart, so that no
// leaf can be passed off as an inner node.
[[nodiscard]] Digest leaf_hash(std::string_view bytes);

// Hash of an inner node: SHA-256(0x01 || left || right).
[[nodiscard]] Digest node_hash(const Digest& left, const Digest& right);

// True if `proof` shows that `leaf` is the hash of the leaf at `position` in the tree of `size`
// leaves with root `root` (RFC 9162 section 2.1.3.2). The proof lists the leaf's sibling first.
// False for any other input; a proof may come from a stranger.
[[nodiscard]] bool verify_inclusion(std::uint64_t position, std::uint64_t size, const Digest& leaf,
                                    std::span<const Digest> proof, const Digest& root);

// True if `proof` shows that the tree of `from` leaves with root `from_root` is the beginning of
// the tree of `to` leaves with root `to_root` (RFC 9162 section 2.1.4.2). Equal sizes have an empty
// proof. From size 0 there is nothing to prove, so it is false: callers who allow it say so.
[[nodiscard]] bool verify_consistency(std::uint64_t from, std::uint64_t to,
                                      std::span<const Digest> proof, const Digest& from_root,
                                      const Digest& to_root);

}  // namespace keyledger::merkle
