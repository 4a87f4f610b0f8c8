// A file that holds one secret: made with mode 0600, never overwritten, on disk before the secret
// is worth anything.
#pragma once

#include <string>

#include "events/result.h"
#include "http/secret.h"

namespace keyledger {

// The file on disk, and its removal unless keep() was called: a command that fails later leaves
// none.
class KeyFile {
 public:
  // kUnavailable, with a sentence, if the file exists or cannot be made.
  [[nodiscard]] static Result<KeyFile> write(const std::string& path, const http::Secret& secret);
  ~KeyFile();
  KeyFile(KeyFile&& other) noexcept;
  KeyFile& operator=(KeyFile&&) = delete;

  void keep() { path_.clear(); }

 private:
  explicit KeyFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace keyledger
