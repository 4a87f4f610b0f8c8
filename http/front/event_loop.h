// A thread that serves many connections: it reads, frames, answers what can be answered at once,
// hands the rest to workers and streams, and sends. Nothing in it waits for one client.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/front/answerer.h"
#include "http/front/connection.h"
#include "http/front/streams.h"
#include "http/front/worker_pool.h"

namespace keyledger::http {

// What all loops of a server share. It outlives them.
struct Shared {
  const ServerOptions& options;
  const FramingLimits& limits;
  const Answerer& answerer;
  Budget& budget;
  WorkerPool& workers;
  Streams& streams;
};

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  explicit EventLoop(Shared shared);
  // After drain(), and after the workers have finished: they still answer to it.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // One connection more. Any thread, until drain().
  void add(Accepted accepted, Admission::Ticket ticket);
  // Closes what is idle, answers what has been asked, and ends the thread, then or at the deadline.
  // Any thread; returns at once.
  void drain(Clock::time_point deadline);
  void join();

 private:
  using Phase = Connection::Phase;
  struct Newcomer {
    Accepted accepted;
    Admission::Ticket ticket;
  };
  struct Done {
    Connection* connection;
    Answer answer;
  };

  void run();
  void wait();
  void take_mail();
  void welcome(Newcomer newcomer);
  void begin_drain();
  void on_event(Connection& connection, std::uint32_t events);
  void on_deadline(Connection& connection);
  void sweep();

  [[nodiscard]] bool read(Connection& connection);
  void serve(Connection& connection);
  void answer_next(Connection& connection);
  void hand_over(Connection& connection, const RequestView& request, const AnswerForm& form);
  void take_answer(Connection& connection, Answer answer);
  void start_stream(Connection& connection, Answer answer);
  void move_on(Connection& connection, bool keep_open);
  void settle(Connection& connection);
  void end_output(Connection& connection);
  void enter(Connection& connection, Phase phase, std::uint32_t interest);
  [[nodiscard]] Clock::duration time_for(const Connection& connection, Phase phase) const;
  void watch(Connection& connection, std::uint32_t interest);
  void close(Connection& connection);  // not while it is busy
  void give_up(Connection& connection);

  Shared shared_;
  Socket epoll_;
  Alarm alarm_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // until no event can name them
  std::vector<char> scratch_;
  Clock::time_point now_;
  Clock::time_point next_sweep_;
  bool draining_ = false;

  std::mutex mutex_;
  std::vector<Newcomer> newcomers_;  // under mutex_, like the rest
  std::vector<Done> done_;
  bool drain_wanted_ = false;
  Clock::time_point drain_deadline_;

  std::thread thread_;  // the last: it uses all of the above
};

}  // namespace keyledger::http
