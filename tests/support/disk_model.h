// What a disk under one directory would still hold after a power cut: which bytes of each file,
// under which names. It knows nothing of RocksDB; FaultFs feeds it, see fault_fs.h for the rules
// and their limits.
//
// The real directory always holds what the running program sees. Before a name goes away its bytes
// are kept by a hard link in `stash`, so that a cut can bring them back. A name that the model was
// never told of counts as lasting. All paths are absolute and normal (no "//", no trailing slash).
// Not thread-safe. I/O errors of the real disk throw std::filesystem::filesystem_error.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace keyledger {

// What a power cut took, so that a test can show that its cuts were not idle.
struct CutReport {
  std::uint64_t unsynced_bytes = 0;  // bytes at risk when the power went
  std::uint64_t bytes_lost = 0;      // of these, cut off or overwritten
  std::uint64_t unsynced_names = 0;  // creations, renames, links and deletions at risk
  std::uint64_t names_undone = 0;    // of these, undone
};

// A file or a directory, whatever its names are. The owner of the model moves `written` and
// `synced` as calls succeed.
struct DiskNode {
  std::uint64_t written = 0;  // length in bytes that the running program sees
  std::uint64_t synced = 0;   // length that is certain to be there after a cut; never above written
  bool directory = false;
  std::string stash;  // a second link to the bytes, made before one of the file's names goes away

  DiskNode() = default;
  DiskNode(const DiskNode&) = delete;
  DiskNode& operator=(const DiskNode&) = delete;
  ~DiskNode();
};

class DiskModel {
 public:
  using NodePtr = std::shared_ptr<DiskNode>;

  // `stash` is made, emptied, and removed at the end; it must lie on the disk of the modelled
  // files, outside of them.
  explicit DiskModel(std::string stash);
  ~DiskModel();
  DiskModel(const DiskModel&) = delete;
  DiskModel& operator=(const DiskModel&) = delete;

  // The file at `path`, which the model starts to follow if it has not yet; null if there is none.
  NodePtr find(const std::string& path);

  // To be called before the real unlink, rename onto, or truncating creation of `path`.
  void keep_bytes(const std::string& path);

  // To be called after the real call succeeded. Each lasts once the directory that holds the name
  // is synced.
  NodePtr created(const std::string& path);
  void made_directory(const std::string& path);
  void removed(const std::string& path);
  void renamed(const std::string& source, const std::string& target);
  void linked(const std::string& source, const std::string& target);
  void directory_synced(const std::string& path);

  // Rewrites the real directory to one of the states a power cut could have left; the same for the
  // same seed and the same calls before. The model is of no use afterwards. damage_tails: see
  // FaultFsOptions.
  CutReport cut(std::uint64_t seed, bool damage_tails);

 private:
  using Names = std::map<std::string, NodePtr>;

  // `node` loses the name `unbind` and gets the name `bind`; either may be empty.
  struct NameChange {
    std::string unbind;
    std::string bind;
    NodePtr node;
  };

  static void apply(const NameChange& change, Names& names);
  void record(NameChange change);
  void rearrange(const Names& survivors);

  const std::string stash_;
  std::uint64_t stashed_ = 0;
  Names now_;      // what the running program sees
  Names durable_;  // what is certain to be there after a cut
  std::vector<NameChange> pending_;
};

}  // namespace keyledger
