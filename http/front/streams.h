// Answers that are made while they are sent (exports, feeds): each on a thread of its own, which
// takes the socket over from the event loop and may block. Their number is bounded. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "http/front/admission.h"
#include "http/front/socket.h"
#include "http/message.h"

namespace keyledger::http {

// A connection on its last answer.
struct StreamJob {
  Socket socket;
  Admission::Ticket ticket;
  std::string unsent;  // before the body: the head, and earlier answers
  Producer producer;
  bool chunked = true;  // else the end of the connection is the end of the body
};

class Streams {
 public:
  // A write that the client does not take for `patience` ends the stream.
  Streams(std::size_t most, std::chrono::milliseconds patience);
  ~Streams();  // finish(now)
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // Room for one more, which start() then uses. False: there is none, or finish() was called.
  [[nodiscard]] bool reserve();
  void start(StreamJob job);

  // Tells the producers that nobody wants more.
  void stop_wanting() { stopping_ = true; }
  // Waits for the streams to end until then, and cuts off those that have not.
  void finish(std::chrono::steady_clock::time_point deadline);

 private:
  struct Running {
    StreamJob job;
    std::thread thread;
    bool over = false;  // under mutex_
  };
  void run(Running& running);
  void join_those_over();

  const std::size_t most_;
  const std::chrono::milliseconds patience_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable one_over_;
  std::size_t reserved_ = 0;    // those running among them
  std::list<Running> running_;  // and those that wait to be joined
};

}  // namespace keyledger::http
