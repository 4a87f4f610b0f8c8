#include "http/front/admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace keyledger::http {
namespace {

constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address

// What the limit per address counts together; empty for this machine.
std::string group_of(const std::string& peer) {
  in6_addr v6{};
  if (::inet_pton(AF_INET6, peer.c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return {};
    return std::string(reinterpret_cast<const char*>(v6.s6_addr), kNetworkBytes);
  }
  return peer.starts_with("127.") || peer == "unix" ? std::string() : peer;
}

}  // namespace

std::optional<Admission::Ticket> Admission::admit(const std::string& peer) {
  std::string group = group_of(peer);
  if (group.empty() && !limits_.spare_this_machine) group = peer;
  const std::lock_guard lock(mutex_);
  if (count_ >= limits_.connections) return std::nullopt;
  if (!group.empty()) {
    std::size_t& same = by_group_[group];  // at least one is there if none is taken now
    if (same >= limits_.per_address) return std::nullopt;
    ++same;
  }
  ++count_;
  return Ticket(this, std::move(group));
}

std::size_t Admission::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void Admission::Ticket::give_back() {
  if (from_ == nullptr) return;
  const std::lock_guard lock(from_->mutex_);
  --from_->count_;
  if (group_.empty()) return;
  const auto found = from_->by_group_.find(group_);
  if (--found->second == 0) from_->by_group_.erase(found);
}

}  // namespace keyledger::http
