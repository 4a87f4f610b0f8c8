#include "http/front/event_loop.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace keyledger::http {
namespace {

constexpr std::size_t kScratch = 65536;    // read at once
constexpr std::size_t kMaxUnsent = 65536;  // with more, a client's next request waits
constexpr int kTurn = 32;                  // requests of one client before the others have theirs
// Deadlines are looked at this often, all of them: 4,096 cost 0.1 ms, and a wheel would be more
// code.
constexpr std::chrono::milliseconds kSweep{250};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Error overloaded(std::string detail) {
  return {ErrorCode::kOverloaded, std::move(detail), {}, std::nullopt};
}

}  // namespace

EventLoop::EventLoop(Shared shared)
    : shared_(shared),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      scratch_(kScratch),
      now_(Clock::now()),
      next_sweep_(now_ + kSweep) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, alarm_.fd(), &event);
  thread_ = std::thread([this] { run(); });
}

EventLoop::~EventLoop() {
  drain(Clock::now());
  join();
}

void EventLoop::add(Accepted accepted, Admission::Ticket ticket) {
  {
    const std::lock_guard lock(mutex_);
    newcomers_.push_back({std::move(accepted), std::move(ticket)});
  }
  alarm_.ring();
}

void EventLoop::drain(Clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    drain_wanted_ = true;
    drain_deadline_ = deadline;
  }
  alarm_.ring();
}

void EventLoop::join() {
  if (thread_.joinable()) thread_.join();
}

void EventLoop::run() {
  while (true) {
    wait();
    take_mail();
    if (now_ >= next_sweep_) sweep();
    closed_.clear();
    if (draining_ && (connections_.empty() || now_ >= drain_deadline_)) return;
  }
}

void EventLoop::wait() {
  std::array<epoll_event, 256> events{};
  const auto until_sweep = std::chrono::ceil<std::chrono::milliseconds>(next_sweep_ - now_).count();
  const int timeout = connections_.empty() ? -1 : static_cast<int>(std::max<long>(until_sweep, 0));
  const int count = ::epoll_wait(epoll_.fd(), events.data(), events.size(), timeout);
  now_ = Clock::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      alarm_.silence();
    } else {
      on_event(*static_cast<Connection*>(event.data.ptr), event.events);
    }
  }
}

// What other threads have left: connections, answers, the wish to stop.
void EventLoop::take_mail() {
  std::vector<Newcomer> newcomers;
  std::vector<Done> done;
  bool begin = false;
  {
    const std::lock_guard lock(mutex_);
    newcomers.swap(newcomers_);
    done.swap(done_);
    begin = drain_wanted_ && !draining_;
  }
  for (Newcomer& one : newcomers) welcome(std::move(one));
  for (Done& one : done) {
    Connection& connection = *one.connection;  // there as long as it is busy
    connection.busy = false;
    if (connection.broken) {
      close(connection);
    } else {
      take_answer(connection, std::move(one.answer));
      if (!connection.closed) serve(connection);
    }
  }
  if (begin) begin_drain();
}

void EventLoop::welcome(Newcomer newcomer) {
  auto made = std::make_unique<Connection>(std::move(newcomer.accepted), std::move(newcomer.ticket),
                                           shared_.limits, shared_.budget);
  Connection& connection = *made;
  connection.place = connections_.size();
  connections_.push_back(std::move(made));
  epoll_event event{};
  event.events = connection.interest = EPOLLIN;
  event.data.ptr = &connection;
  if (::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, connection.socket.fd(), &event) != 0) {
    return close(connection);
  }
  enter(connection, Phase::kHead, EPOLLIN);
}

// A request that has come but was not looked at yet is still answered: who sent it cannot know.
void EventLoop::begin_drain() {
  draining_ = true;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    Connection& connection = *connections_[i];
    const bool waits = connection.phase == Phase::kIdle || connection.phase == Phase::kHead;
    if (waits && connection.framer.is_idle()) on_event(connection, EPOLLIN);
  }
}

void EventLoop::on_event(Connection& connection, std::uint32_t events) {
  const bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
  if (connection.busy) {  // not wanted now; an end cannot be switched off otherwise
    return gone ? give_up(connection) : watch(connection, 0);
  }
  if (connection.phase == Phase::kLingering) {
    if (!connection.discard(scratch_)) close(connection);
    return;
  }
  const bool reads = (connection.interest & EPOLLIN) != 0;
  if (reads && !read(connection)) return close(connection);
  serve(connection);
}

bool EventLoop::read(Connection& connection) {
  if (!connection.receive(scratch_)) return false;
  if (!connection.pay_for_memory()) {
    connection.framer.refuse(ErrorCode::kOverloaded, "There are too many large requests.");
  }
  return true;
}

// Goes on with a connection as far as it goes.
void EventLoop::serve(Connection& connection) {
  const auto can_answer = [&] {
    return !connection.busy && !connection.closing && !connection.closed &&
           connection.framer.is_ready() && connection.unsent() < kMaxUnsent;
  };
  for (int i = 0; i < kTurn && can_answer(); ++i) answer_next(connection);
  if (connection.closed) return;
  if (connection.framer.takes_continue()) connection.out.append(kContinue);
  if (!connection.busy) connection.refund_memory();  // before the client can send the next one
  if (!connection.flush()) return give_up(connection);
  settle(connection);
}

// A worker that has a request of it names it once more, with the answer: until then it stays.
void EventLoop::give_up(Connection& connection) {
  if (!connection.busy) return close(connection);
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, connection.socket.fd(), nullptr);
  connection.broken = true;
}

void EventLoop::answer_next(Connection& connection) {
  const Answerer& answerer = shared_.answerer;
  const Framer& framer = connection.framer;
  RequestView request = framer.request();
  request.peer = connection.peer;
  const AnswerForm form{request.method == "HEAD", framer.keeps_open() && !draining_,
                        framer.is_http_1_1()};
  if (framer.refusal()) {
    Answer answer = answerer.refuse(request, *framer.refusal(), form);
    move_on(connection, form.keep_open);
    take_answer(connection, std::move(answer));
  } else if (answerer.answer_fast(request, form, connection.out)) {
    move_on(connection, form.keep_open);
  } else if (answerer.answers_at_once(request)) {
    Answer answer = answerer.answer(to_request(request), form);
    move_on(connection, form.keep_open);
    take_answer(connection, std::move(answer));
  } else {
    hand_over(connection, request, form);
  }
}

// To a worker. The memory of the request stays paid for until the answer is back.
void EventLoop::hand_over(Connection& connection, const RequestView& request,
                          const AnswerForm& form) {
  auto job = [this, &connection, form, copy = to_request(request)] {
    Answer answer = shared_.answerer.answer(copy, form);
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = done_.empty();
      done_.push_back({&connection, std::move(answer)});
    }
    if (first) alarm_.ring();  // else it rings already, and the loop has not come to look
  };
  if (shared_.workers.offer(std::move(job))) {
    connection.busy = true;
    move_on(connection, form.keep_open);
    return;
  }
  Answer answer = shared_.answerer.refuse(
      request, overloaded("Too many requests are waiting. Try again in a moment."), form);
  move_on(connection, form.keep_open);
  take_answer(connection, std::move(answer));
}

// The request is not needed any more, and views of it end here.
void EventLoop::move_on(Connection& connection, bool keep_open) {
  connection.restarts = true;
  if (!keep_open || !connection.framer.next()) connection.closing = true;
}

void EventLoop::take_answer(Connection& connection, Answer answer) {
  if (!answer.keep_open) connection.closing = true;
  if (answer.producer) {
    if (shared_.streams.reserve()) return start_stream(connection, std::move(answer));
    const Error why = overloaded("Too many answers are being streamed. Try again in a moment.");
    answer = shared_.answerer.refuse({}, why, {false, false, true});
  }
  if (connection.out.empty()) {
    connection.out = std::move(answer.bytes);
  } else {
    connection.out.append(answer.bytes);
  }
}

void EventLoop::start_stream(Connection& connection, Answer answer) {
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, connection.socket.fd(), nullptr);
  StreamJob job;
  job.unsent = connection.out.substr(connection.sent) + answer.bytes;
  job.producer = std::move(answer.producer);
  job.chunked = answer.chunked;
  job.socket = std::move(connection.socket);
  job.ticket = std::move(connection.ticket);
  shared_.streams.start(std::move(job));
  close(connection);
}

// Decides what the connection waits for.
void EventLoop::settle(Connection& connection) {
  const Framer& framer = connection.framer;
  if (connection.busy) return enter(connection, Phase::kWorker, connection.interest);
  if (connection.unsent() > 0) return enter(connection, Phase::kSending, EPOLLOUT);
  if (connection.closing) return end_output(connection);
  if (framer.is_ready()) return watch(connection, EPOLLOUT);  // comes again after the others
  if (connection.input_over || draining_) {
    if (framer.is_idle()) return close(connection);
    if (connection.input_over) {
      connection.framer.refuse(ErrorCode::kInvalidRequest, "The request did not arrive whole.");
      return serve(connection);
    }
  }
  const bool first = connection.phase == Phase::kHead && !connection.restarts;
  enter(connection,
        framer.in_body()             ? Phase::kBody
        : framer.is_idle() && !first ? Phase::kIdle
                                     : Phase::kHead,
        EPOLLIN);
}

// A socket that is closed with unread input cuts off what the client has not taken; so it has time
// to read its last answer and to close.
void EventLoop::end_output(Connection& connection) {
  if (connection.input_over || ::shutdown(connection.socket.fd(), SHUT_WR) != 0) {
    return close(connection);
  }
  connection.framer.release();
  connection.refund_memory();
  enter(connection, Phase::kLingering, EPOLLIN);
}

void EventLoop::enter(Connection& connection, Phase phase, std::uint32_t interest) {
  if (phase != connection.phase || connection.restarts) {
    connection.phase = phase;
    connection.restarts = false;
    connection.deadline = now_ + time_for(connection, phase);
  }
  watch(connection, interest);
}

EventLoop::Clock::duration EventLoop::time_for(const Connection& connection, Phase phase) const {
  const Deadlines& deadlines = shared_.options.deadlines;
  switch (phase) {
    case Phase::kIdle: return deadlines.idle;
    case Phase::kHead: return deadlines.head;
    case Phase::kBody: return deadlines.body;
    case Phase::kWorker: return std::chrono::hours(24);  // it comes back by itself
    case Phase::kSending:
      return deadlines.send +
             std::chrono::seconds(connection.unsent() / shared_.options.min_bytes_per_second);
    case Phase::kLingering: return deadlines.linger;
  }
  return deadlines.idle;
}

void EventLoop::watch(Connection& connection, std::uint32_t interest) {
  if (interest == connection.interest) return;
  connection.interest = interest;
  epoll_event event{};
  event.events = interest;
  event.data.ptr = &connection;
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, connection.socket.fd(), &event);
}

void EventLoop::sweep() {
  next_sweep_ = now_ + kSweep;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (now_ >= connections_[i]->deadline) on_deadline(*connections_[i]);
  }
}

void EventLoop::on_deadline(Connection& connection) {
  const bool incomplete = connection.phase == Phase::kHead || connection.phase == Phase::kBody;
  if (connection.phase == Phase::kWorker) return;
  if (connection.phase == Phase::kSending) connection.forget_unsent();
  if (!incomplete || connection.framer.is_idle()) return close(connection);
  connection.framer.refuse(ErrorCode::kInvalidRequest, "The request did not arrive in time.");
  serve(connection);
}

// The object stays until no event of this round can name it.
void EventLoop::close(Connection& connection) {
  connection.closed = true;
  connection.socket.close();
  connection.ticket = {};
  const std::size_t place = connection.place;
  closed_.push_back(std::move(connections_[place]));
  if (place + 1 < connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place = place;
  }
  connections_.pop_back();
}

}  // namespace keyledger::http
