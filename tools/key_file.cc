#include "tools/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace keyledger {

Result<KeyFile> KeyFile::write(const std::string& path, const http::Secret& secret) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::kUnavailable,
                errno == EEXIST ? fmt::format("{} exists and is not overwritten", path)
                                : fmt::format("cannot make {}: {}", path, std::strerror(errno)));
  }
  KeyFile made(path);
  const std::string_view text = secret.reveal();
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::write(file, "\n", 1) == 1 && ::fsync(file) == 0;
  if (::close(file) != 0 || !written) {
    return fail(ErrorCode::kStorage, fmt::format("cannot write {}", path));
  }
  return made;
}

KeyFile::~KeyFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

KeyFile::KeyFile(KeyFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

}  // namespace keyledger
