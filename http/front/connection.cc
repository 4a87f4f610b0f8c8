#include "http/front/connection.h"

#include <sys/socket.h>

#include <cerrno>

namespace keyledger::http {
namespace {

constexpr std::size_t kFreeMemory = 20'480;        // a head of any size and a usual body
constexpr std::size_t kKeptCapacity = 4096;        // of the output of a quiet connection
constexpr std::size_t kMaxDiscarded = 32U << 20U;  // after the last answer

bool would_block(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

Connection::Connection(Accepted accepted, Admission::Ticket its_ticket, const FramingLimits& limits,
                       Budget& its_budget)
    : socket(std::move(accepted.socket)),
      peer(std::move(accepted.peer)),
      ticket(std::move(its_ticket)),
      framer(limits),
      budget_(its_budget) {}

Connection::~Connection() { budget_.give_back(paid_); }

bool Connection::receive(std::span<char> scratch) {
  const auto size = ::recv(socket.fd(), scratch.data(), scratch.size(), 0);
  if (size < 0) return would_block(errno);
  if (size == 0) {
    input_over = true;
  } else {
    framer.append({scratch.data(), static_cast<std::size_t>(size)});
  }
  return true;
}

bool Connection::discard(std::span<char> scratch) {
  const auto size = ::recv(socket.fd(), scratch.data(), scratch.size(), 0);
  if (size < 0) return would_block(errno);
  discarded_ += static_cast<std::size_t>(size);
  return size > 0 && discarded_ < kMaxDiscarded;
}

bool Connection::flush() {
  while (unsent() > 0) {
    const auto size = ::send(socket.fd(), out.data() + sent, unsent(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return would_block(errno);
    sent += static_cast<std::size_t>(size);
  }
  sent = 0;
  out.clear();
  if (out.capacity() > kKeptCapacity) std::string().swap(out);
  return true;
}

void Connection::forget_unsent() const {
  const linger none{1, 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

std::size_t Connection::due() const {
  const std::size_t held = framer.held();
  return held > kFreeMemory ? held : 0;
}

bool Connection::pay_for_memory() {
  const std::size_t wanted = due();
  if (wanted <= paid_) return true;
  if (!budget_.take(wanted - paid_)) return false;
  paid_ = wanted;
  return true;
}

void Connection::refund_memory() {
  const std::size_t wanted = due();
  if (wanted >= paid_) return;
  budget_.give_back(paid_ - wanted);
  paid_ = wanted;
}

}  // namespace keyledger::http
