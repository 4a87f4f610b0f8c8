#include "tests/support/disk_model.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string_view>
#include <utility>

namespace keyledger {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPage = 4096;

// Overwrites one page of the unsynced tail with zeros or noise; returns the bytes overwritten.
std::uint64_t damage_page(const std::string& path, const DiskNode& node, std::mt19937_64& random) {
  const std::uint64_t tail = node.written - node.synced;
  const std::uint64_t page = (node.synced + random() % tail) / kPage * kPage;
  const std::uint64_t from = std::max(page, node.synced);
  std::string bytes(std::min(page + kPage, node.written) - from, '\0');
  if (random() % 2 == 0) {
    for (char& byte : bytes) byte = static_cast<char>(random());
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(from));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes.size();
}

// Keeps the synced bytes of a file and a random part of the rest; returns the bytes lost.
std::uint64_t cut_tail(const std::string& path, const DiskNode& node, bool damage,
                       std::mt19937_64& random) {
  const std::uint64_t tail = node.written - node.synced;
  if (tail == 0) return 0;
  if (damage && random() % 2 == 0) return damage_page(path, node, random);
  // All and nothing are the likely cases on a real disk, so each gets a quarter.
  const std::uint64_t draw = random() % 4;
  const std::uint64_t kept = draw == 0 ? 0 : draw == 1 ? tail : random() % (tail + 1);
  fs::resize_file(path, node.synced + kept);
  return tail - kept;
}

bool below(std::string_view path, std::string_view directory) {
  return path.size() > directory.size() && path.substr(0, directory.size()) == directory &&
         path[directory.size()] == '/';
}

}  // namespace

DiskNode::~DiskNode() {
  if (!stash.empty()) ::unlink(stash.c_str());
}

DiskModel::DiskModel(std::string stash) : stash_(std::move(stash)) {
  fs::remove_all(stash_);
  fs::create_directories(stash_);
}

DiskModel::~DiskModel() {
  std::error_code ignored;
  fs::remove_all(stash_, ignored);
}

void DiskModel::apply(const NameChange& change, Names& names) {
  // The name may belong to another file by now, if the change that gave it to this one is not in
  // `names`.
  const auto it = names.find(change.unbind);
  if (it != names.end() && it->second == change.node) names.erase(it);
  if (!change.bind.empty()) names[change.bind] = change.node;
}

void DiskModel::record(NameChange change) {
  apply(change, now_);
  pending_.push_back(std::move(change));
}

DiskModel::NodePtr DiskModel::find(const std::string& path) {
  const auto it = now_.find(path);
  if (it != now_.end()) return it->second;
  if (!fs::exists(path)) return nullptr;
  auto node = std::make_shared<DiskNode>();
  node->directory = fs::is_directory(path);
  if (!node->directory) node->written = node->synced = fs::file_size(path);
  now_[path] = node;
  durable_[path] = node;
  return node;
}

void DiskModel::keep_bytes(const std::string& path) {
  const NodePtr node = find(path);
  if (node == nullptr || node->directory || !node->stash.empty() || !fs::exists(path)) return;
  const std::string stash = stash_ + "/" + std::to_string(stashed_++);
  fs::create_hard_link(path, stash);
  node->stash = stash;
}

DiskModel::NodePtr DiskModel::created(const std::string& path) {
  auto node = std::make_shared<DiskNode>();
  record({"", path, node});
  return node;
}

void DiskModel::made_directory(const std::string& path) { created(path)->directory = true; }

void DiskModel::removed(const std::string& path) {
  const auto it = now_.find(path);
  if (it != now_.end()) record({path, "", it->second});
}

void DiskModel::renamed(const std::string& source, const std::string& target) {
  record({source, target, now_.at(source)});
}

void DiskModel::linked(const std::string& source, const std::string& target) {
  record({"", target, find(source)});
}

void DiskModel::directory_synced(const std::string& path) {
  const auto holds_name = [&path](const NameChange& change) {
    return fs::path(change.bind.empty() ? change.unbind : change.bind).parent_path() == path;
  };
  std::vector<NameChange> still_pending;
  for (NameChange& change : pending_) {
    if (holds_name(change)) {
      apply(change, durable_);
    } else {
      still_pending.push_back(std::move(change));
    }
  }
  pending_ = std::move(still_pending);
}

CutReport DiskModel::cut(std::uint64_t seed, bool damage_tails) {
  std::mt19937_64 random(seed);
  CutReport report;
  Names survivors = durable_;
  const bool journaled = random() % 2 == 0;
  const std::size_t journal_end = random() % (pending_.size() + 1);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const bool kept = journaled ? i < journal_end : random() % 2 == 0;
    if (kept) apply(pending_[i], survivors);
    report.names_undone += kept ? 0 : 1;
  }
  report.unsynced_names = pending_.size();
  rearrange(survivors);
  std::set<const DiskNode*> seen;
  for (const auto& [path, node] : survivors) {
    if (node->directory || !fs::exists(path) || !seen.insert(node.get()).second) continue;
    report.unsynced_bytes += node->written - node->synced;
    report.bytes_lost += cut_tail(path, *node, damage_tails, random);
  }
  return report;
}

void DiskModel::rearrange(const Names& survivors) {
  for (const auto& [path, node] : now_) {
    if (!node->directory) keep_bytes(path);
  }
  const auto gone = [&survivors](const std::string& path, const NodePtr& node) {
    const auto it = survivors.find(path);
    return it == survivors.end() || it->second != node;
  };
  std::vector<std::string> lost_directories;
  for (const auto& [path, node] : now_) {
    if (!gone(path, node)) continue;
    if (node->directory) lost_directories.push_back(path);
    fs::remove_all(path);
  }
  for (const auto& [path, node] : survivors) {
    if (node->directory || node->stash.empty() || fs::exists(path)) continue;
    const auto holds_path = [&path = path](const std::string& d) { return below(path, d); };
    if (std::any_of(lost_directories.begin(), lost_directories.end(), holds_path)) continue;
    if (fs::exists(fs::path(path).parent_path())) fs::create_hard_link(node->stash, path);
  }
}

}  // namespace keyledger
