#include "events/log/watermark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "events/text.h"

namespace keyledger {
namespace {

constexpr std::size_t kMaxOriginBytes = 255;
constexpr std::size_t kMaxFileBytes = 1024;

// Repeats a system call for as long as a signal interrupts it.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class File {
 public:
  File(const std::string& path, int flags)
      : fd_(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); })) {}
  ~File() { static_cast<void>(close()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  [[nodiscard]] bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written =
          uninterrupted([&] { return ::write(fd_, bytes.data(), bytes.size()); });
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  // Up to `limit` bytes; nothing on an error.
  [[nodiscard]] std::optional<std::string> read_all(std::size_t limit) const {
    std::string bytes(limit, '\0');
    std::size_t size = 0;
    while (size < limit) {
      const ssize_t got =
          uninterrupted([&] { return ::read(fd_, bytes.data() + size, limit - size); });
      if (got < 0) return std::nullopt;
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
  }

  [[nodiscard]] bool make_private() const { return ::fchmod(fd_, 0600) == 0; }
  [[nodiscard]] bool sync() const {
    return uninterrupted([&] { return ::fsync(fd_); }) == 0;
  }

  // Not repeated when interrupted: on Linux the descriptor is gone either way.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

std::string hex(const Digest& digest) { return fmt::format("{:02x}", fmt::join(digest, "")); }

std::string encode(const Watermark& watermark) {
  std::string text = fmt::format("keyledger watermark 1\norigin {}\nsize {}\nroot {}\n",
                                 watermark.origin, watermark.size, hex(watermark.root));
  text += fmt::format("check {}\n", hex(sha256(text)));
  return text;
}

// The text between `label` and the end of its line, taken off the front of `rest`.
std::string_view take_line(std::string_view& rest, std::string_view label) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || rest.substr(0, label.size()) != label) return {};
  const std::string_view value = rest.substr(0, end).substr(label.size());
  rest.remove_prefix(end + 1);
  return value;
}

template <typename Number>
bool parse_number(std::string_view text, int base, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out, base);
  return error == std::errc() && stop == end && !text.empty();
}

// Lenient, since only a text that encode() makes again exactly is taken.
std::optional<Watermark> decode(std::string_view text) {
  Watermark watermark;
  std::string_view rest = text;
  static_cast<void>(take_line(rest, "keyledger watermark 1"));
  watermark.origin = take_line(rest, "origin ");
  if (!parse_number(take_line(rest, "size "), 10, watermark.size)) return std::nullopt;
  const std::string_view root = take_line(rest, "root ");
  if (root.size() != 2 * watermark.root.size()) return std::nullopt;
  for (std::size_t i = 0; i < watermark.root.size(); ++i) {
    if (!parse_number(root.substr(2 * i, 2), 16, watermark.root[i])) return std::nullopt;
  }
  if (encode(watermark) != text) return std::nullopt;
  return watermark;
}

bool write_file(const std::string& path, std::string_view text) {
  // What a crash left behind may have another mode, which open() would not change.
  File file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  return file.is_open() && file.make_private() && file.write_all(text) && file.sync() &&
         file.close();
}

bool sync_directory_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const File directory(parent.empty() ? "." : parent.string(), O_RDONLY | O_DIRECTORY);
  return directory.is_open() && directory.sync();
}

tl::unexpected<Error> failed(std::string_view what, int cause) {
  return fail(ErrorCode::kStorage,
              fmt::format("{} failed: {}.", what, std::generic_category().message(cause)));
}

}  // namespace

Result<void> write_watermark(const std::string& path, const Watermark& watermark) {
  if (watermark.origin.empty() || watermark.origin.size() > kMaxOriginBytes ||
      !is_clean_text(watermark.origin)) {
    return fail(ErrorCode::kInvalidRequest, "The origin of a log is one line of 1 to 255 bytes.");
  }
  const std::string temporary = path + ".new";
  if (!write_file(temporary, encode(watermark)) ||
      std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int cause = errno;
    ::unlink(temporary.c_str());
    return failed("Writing the watermark", cause);
  }
  if (!sync_directory_of(path)) return failed("Writing the watermark", errno);
  return {};
}

Result<std::optional<Watermark>> read_watermark(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  const auto text = file.is_open() ? file.read_all(kMaxFileBytes + 1) : std::nullopt;
  if (!text) return failed("Reading the watermark", errno);
  auto watermark = decode(*text);
  if (!watermark) return fail(ErrorCode::kCorrupt, "The watermark file is damaged.");
  return watermark;
}

}  // namespace keyledger
