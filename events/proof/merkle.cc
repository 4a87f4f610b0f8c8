#include "events/proof/merkle.h"

#include <algorithm>
#include <array>
#include <bit>

#include "events/crypto.h"

namespace keyledger::merkle {
namespace {

constexpr std::string_view kLeafPrefix("\0", 1);
constexpr std::uint8_t kNodePrefix = 1;

// Where a proof stands on its way up: the number of a node in its row and that of the row's last
// node. A row's last node without a right sibling is carried up unhashed.
struct Climb {
  std::uint64_t node;
  std::uint64_t last;

  void step() {
    node >>= 1;
    last >>= 1;
  }

  [[nodiscard]] bool at_root() const { return last == 0; }

  // True if the proof's next hash stands to the left. Skips the rows in which this node has no
  // sibling, because the proof says nothing about them.
  [[nodiscard]] bool next_is_left() {
    if ((node & 1) == 0 && node != last) return false;
    while ((node & 1) == 0 && node != 0) step();
    return true;
  }
};

}  // namespace

Digest empty_root() { return sha256(std::string_view()); }

Digest leaf_hash(std::string_view bytes) {
  const std::array<std::string_view, 2> parts{kLeafPrefix, bytes};
  return sha256(parts);
}

Digest node_hash(const Digest& left, const Digest& right) {
  // One buffer and one call: three short updates cost a third more, and this is the hot path.
  std::array<char, 1 + 2 * sizeof(Digest)> buffer;
  buffer[0] = static_cast<char>(kNodePrefix);
  std::copy(left.begin(), left.end(), buffer.begin() + 1);
  std::copy(right.begin(), right.end(), buffer.begin() + 1 + sizeof(Digest));
  return sha256(std::string_view(buffer.data(), buffer.size()));
}

bool verify_inclusion(std::uint64_t position, std::uint64_t size, const Digest& leaf,
                      std::span<const Digest> proof, const Digest& root) {
  if (position >= size) return false;
  Climb climb{position, size - 1};
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (climb.at_root()) return false;
    hash = climb.next_is_left() ? node_hash(sibling, hash) : node_hash(hash, sibling);
    climb.step();
  }
  return climb.at_root() && hash == root;
}

bool verify_consistency(std::uint64_t from, std::uint64_t to, std::span<const Digest> proof,
                        const Digest& from_root, const Digest& to_root) {
  if (from == 0 || from > to) return false;
  if (from == to) return proof.empty() && from_root == to_root;
  if (proof.empty()) return false;

  // The climb starts at the largest perfect subtree that ends the older tree. If that is the whole
  // older tree, its hash is the older root, which the proof leaves out.
  Climb climb{from - 1, to - 1};
  while ((climb.node & 1) != 0) climb.step();
  Digest old_hash = from_root;
  if (!std::has_single_bit(from)) {
    old_hash = proof.front();
    proof = proof.subspan(1);
  }
  Digest new_hash = old_hash;
  for (const Digest& sibling : proof) {
    if (climb.at_root()) return false;
    if (climb.next_is_left()) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    climb.step();
  }
  return climb.at_root() && old_hash == from_root && new_hash == to_root;
}

}  // namespace keyledger::merkle
