// One client: its socket, what it has sent and not been answered, what it has been answered and not
// taken. Owned and touched by one event loop only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "http/front/admission.h"
#include "http/front/framer.h"
#include "http/front/socket.h"

namespace keyledger::http {

// Memory that large unfinished requests take together. Any thread.
class Budget {
 public:
  explicit Budget(std::size_t bytes) : limit_(bytes) {}
  [[nodiscard]] bool take(std::size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= limit_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
};

struct Connection {
  using Clock = std::chrono::steady_clock;

  // What it waits for. Each has its deadline, but for a worker, who always comes back.
  enum class Phase : std::uint8_t {
    kIdle,       // a further request
    kHead,       // a request's head; the first one's from the beginning
    kBody,       // a request's body
    kWorker,     // the answer
    kSending,    // the client, to take what it was answered
    kLingering,  // the client, to read its last answer and close
  };

  Connection(Accepted accepted, Admission::Ticket its_ticket, const FramingLimits& limits,
             Budget& its_budget);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Reads once, up to the size of `scratch`. False: the connection is broken.
  [[nodiscard]] bool receive(std::span<char> scratch);
  // Reads once and forgets it. False: the other side has closed, or has sent more than is bearable.
  [[nodiscard]] bool discard(std::span<char> scratch);
  // Sends what can be sent now. False: the connection is broken.
  [[nodiscard]] bool flush();

  // Closing will reset the connection; else the kernel keeps what the client does not take.
  void forget_unsent() const;

  [[nodiscard]] std::size_t unsent() const { return out.size() - sent; }
  // Takes memory for a request that has outgrown what each connection has. False: there is none.
  [[nodiscard]] bool pay_for_memory();
  // Gives back what is not needed any more.
  void refund_memory();

  Socket socket;
  const std::string peer;
  Admission::Ticket ticket;
  Framer framer;
  std::string out;  // answers, of which `sent` bytes are gone
  std::size_t sent = 0;

  Phase phase = Phase::kHead;
  Clock::time_point deadline;
  bool restarts = true;        // the deadline of the next phase is a new one in any case
  std::uint32_t interest = 0;  // what epoll reports
  std::size_t place = 0;       // in the loop's list
  bool busy = false;           // with a worker
  bool closing = false;        // after what is unsent
  bool input_over = false;     // the client sends no more
  bool closed = false;         // by the loop; nothing is done with it any more
  bool broken = false;         // while busy: closed as soon as the worker is back

 private:
  [[nodiscard]] std::size_t due() const;

  Budget& budget_;
  std::size_t paid_ = 0;
  std::size_t discarded_ = 0;
};

}  // namespace keyledger::http
