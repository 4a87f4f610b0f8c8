// How a server listens, what it allows, and what it may answer where.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "http/front/admission.h"
#include "http/message.h"

namespace keyledger::http {

// How long a client may take. docs/http-front-end.md says what each protects.
struct Deadlines {
  using Time = std::chrono::milliseconds;
  Time head{
      10'000};  // from the first byte of a request, or from the connection, to the last header
  Time body{30'000};   // from there to the end of the body
  Time idle{60'000};   // between requests
  Time send{30'000};   // to take an answer or a piece of a stream; see min_bytes_per_second
  Time linger{2'000};  // after a refusal, to read it before the connection is cut
  Time drain{10'000};  // for all that is running when the server stops
};

struct ServerOptions {
  std::string host = "127.0.0.1";  // or "unix:/path"
  std::uint16_t port = 8080;       // 0: any free one, see port()
  AdmissionLimits admission;
  Deadlines deadlines;

  std::size_t event_threads = 0;     // 0: one for each core, at most 8
  std::size_t threads = 128;         // requests that may block at the same time
  std::size_t longest_queue = 1024;  // of requests that wait for one of them; more are refused
  std::size_t max_streams = 64;      // streamed answers at the same time; more are refused
  std::size_t min_bytes_per_second = 16384;  // who takes a large answer slower is cut off

  std::size_t max_body_bytes = 1U << 20U;
  // Larger (or smaller) for some; asked when the head is there, on an event thread.
  std::function<std::uint64_t(std::string_view method, std::string_view target)> body_limit;
  std::size_t max_buffered_bytes = 256U << 20U;  // of unfinished large requests together

  // Both run on the event threads, where a call that blocks holds up thousands of connections.
  // Whether handling this request never blocks; without the function none is handled there.
  std::function<bool(const RequestView&)> answers_at_once;
  // Answers before the library and without a copy of the request, or declines with false. The
  // body is as it came, packed or not. Must not throw.
  std::function<bool(const RequestView&, Response&)> fast;
};

}  // namespace keyledger::http
