// What the tests of the tree compare with: RFC 6962 written down as it stands in the RFC, recursive
// and slow, and a store of tiles in memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/crypto.h"
#include "events/proof/merkle.h"
#include "events/proof/tiles.h"

namespace keyledger::merkle {

using Hashes = std::vector<Digest>;
using HashSpan = std::span<const Digest>;

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

inline std::string_view bytes_of(HashSpan hashes) {
  return {reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes()};
}

inline std::string to_hex(const Digest& digest) { return to_hex(bytes_of({&digest, 1})); }

inline std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

inline Digest digest_from_hex(std::string_view hex) {
  Digest out{};
  const std::string bytes = from_hex(hex);
  std::copy(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(out.size()), out.begin());
  return out;
}

// The reference data's leaves: the text "leaf i", hashed.
inline Hashes numbered_leaves(std::size_t count) {
  Hashes out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(leaf_hash("leaf " + std::to_string(i)));
  return out;
}

inline std::size_t model_split(std::size_t size) {
  std::size_t k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

// MTH of RFC 6962 section 2.1.
inline Digest model_root(HashSpan leaves) {
  if (leaves.empty()) return sha256(std::string_view());
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = model_split(leaves.size());
  return node_hash(model_root(leaves.first(k)), model_root(leaves.subspan(k)));
}

// PATH of RFC 6962 section 2.1.1.
inline Hashes model_path(std::size_t position, HashSpan leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = model_split(leaves.size());
  const HashSpan left = leaves.first(k);
  const HashSpan right = leaves.subspan(k);
  Hashes path = position < k ? model_path(position, left) : model_path(position - k, right);
  path.push_back(model_root(position < k ? right : left));
  return path;
}

// SUBPROOF of RFC 6962 section 2.1.2; PROOF is the one with `complete`.
inline Hashes model_proof(std::size_t from, HashSpan leaves, bool complete = true) {
  if (from == leaves.size()) return complete ? Hashes{} : Hashes{model_root(leaves)};
  const std::size_t k = model_split(leaves.size());
  const HashSpan left = leaves.first(k);
  const HashSpan right = leaves.subspan(k);
  Hashes proof =
      from <= k ? model_proof(from, left, complete) : model_proof(from - k, right, false);
  proof.push_back(model_root(from <= k ? right : left));
  return proof;
}

// Tiles as an owner of a TileTree stores them; remembers which were read.
struct TileStore {
  std::map<TileId, std::string> tiles;
  std::vector<TileId> reads;

  TileReader reader() {
    return [this](TileId id) -> std::optional<std::string> {
      reads.push_back(id);
      const auto found = tiles.find(id);
      if (found == tiles.end()) return std::nullopt;
      return found->second;
    };
  }

  void store(TileTree& tree) {
    for (const TileView& tile : tree.changed()) tiles[tile.id] = tile.bytes;
    tree.mark_stored();
  }

  static TileStore of(HashSpan leaves) {
    TileStore out;
    TileTree tree;
    for (const Digest& leaf : leaves) tree.append(leaf);
    out.store(tree);
    return out;
  }
};

}  // namespace keyledger::merkle
