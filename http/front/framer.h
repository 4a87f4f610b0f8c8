// Cuts what a connection sends into requests, and refuses what is not one. No socket, no clock, no
// thread: bytes go in, in pieces of any size, and how they were cut makes no difference to what
// comes out (apart from takes_continue()).
//
// Memory: the bytes of one request within the limits, and what came with it in the last piece.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/front/head.h"

namespace keyledger::http {

// All in bytes.
struct FramingLimits {
  std::size_t head = 16384;     // request line and headers
  std::size_t headers = 100;    // how many; trailers apart
  std::size_t target = 8000;    // the URL
  std::size_t chunk_line = 64;  // a chunk's size and extensions, which are ignored
  std::size_t trailers = 4096;  // all of them; they are checked and ignored
  // A body over its limit is read to its end up to this, since a client that is still sending
  // would not see the answer. Beyond, the connection is closed.
  std::uint64_t drained = 32ULL << 20U;
  // How large the body of a request to this method and URL may be.
  std::function<std::uint64_t(std::string_view method, std::string_view target)> body;
};

class Framer {
 public:
  explicit Framer(const FramingLimits& limits);  // which outlives it

  // More from the connection. While is_ready(), it is kept for later.
  void append(std::string_view bytes);

  // There is a request, or a refusal(), to answer. next() goes on.
  [[nodiscard]] bool is_ready() const { return state_ == State::kReady; }
  // Nothing of a (further) request has come.
  [[nodiscard]] bool is_idle() const;
  // The head is there, the body is on its way.
  [[nodiscard]] bool in_body() const;

  // Once is_ready(), until next() or append(). Beside a refusal: what was understood before it.
  // `peer` is left empty.
  [[nodiscard]] const RequestView& request() const { return view_; }
  [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }
  // What follows this request can be understood and is wanted by both sides. After false nothing
  // that comes is looked at any more.
  [[nodiscard]] bool keeps_open() const { return keep_open_; }

  [[nodiscard]] bool is_http_1_1() const { return is_http_1_1_; }

  // True once for a request whose client waits for "100 Continue" now.
  [[nodiscard]] bool takes_continue();

  // Refuses what is coming, for a reason that is not in the bytes: too slow, no memory left.
  void refuse(ErrorCode code, std::string detail);

  // Forgets the request. False: the connection is not to be used further.
  bool next();

  // Gives all memory back. Only destroyed afterwards.
  void release();

  // Bytes of memory held.
  [[nodiscard]] std::size_t held() const { return buffer_.capacity() + body_.capacity(); }

 private:
  enum class State : std::uint8_t {
    kRequestLine,
    kFields,
    kSized,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kReady,
  };
  struct Slice {
    std::size_t at = 0;  // from the beginning of the request
    std::size_t size = 0;
  };
  struct Field {
    Slice name;
    Slice value;
  };

  void advance();
  bool step();
  std::optional<std::string_view> take_line(std::size_t limit, const char* too_long);
  bool read_request_line();
  bool read_field();
  void finish_head();
  bool read_sized();
  bool read_chunk_size();
  bool read_chunk_data();
  bool read_chunk_end();
  bool read_trailer();
  void refuse_too_large();
  void drop_read_body();
  void become_ready();

  [[nodiscard]] Slice slice_of(std::string_view text) const;
  [[nodiscard]] std::string_view text_of(const Slice& slice) const;
  void show_head();

  const FramingLimits* limits_;
  State state_ = State::kRequestLine;
  std::string buffer_;       // the request from start_ on, and what follows it
  std::size_t start_ = 0;    // of the request
  std::size_t at_ = 0;       // read so far
  std::size_t scanned_ = 0;  // no line feed from at_ to here
  bool skipped_empty_line_ = false;

  Slice method_;
  Slice target_;
  bool is_http_1_1_ = true;
  std::string rewritten_target_;  // of an absolute URL
  std::vector<Field> fields_;
  Framing framing_;
  bool continue_wanted_ = false;

  std::uint64_t body_limit_ = 0;
  std::uint64_t body_size_ = 0;  // of the chunks announced so far
  std::uint64_t remaining_ = 0;  // of the sized body, or of the chunk
  std::uint64_t raw_ = 0;        // bytes of a chunked body with all that is around it
  std::size_t body_at_ = 0;      // in buffer_
  std::size_t trailers_at_ = 0;  // how many bytes of trailers have come
  bool keeps_body_ = true;       // else it is read and dropped
  std::string body_;             // of a chunked request

  std::vector<HeaderView> shown_;
  RequestView view_;
  std::optional<Error> refusal_;
  bool keep_open_ = true;
};

}  // namespace keyledger::http
