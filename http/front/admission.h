// How many connections there may be, in all and from one address. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace keyledger::http {

struct AdmissionLimits {
  std::size_t connections = 4096;
  // From one IPv4 address or one IPv6 /64, which is what one customer of a provider gets.
  std::size_t per_address = 256;
  // A proxy on this machine speaks for many clients, so loopback and Unix sockets are not counted
  // by address.
  bool spare_this_machine = true;
};

class Admission {
 public:
  // The right to one connection, given back with its end. The Admission outlives it.
  class Ticket {
   public:
    Ticket() = default;
    ~Ticket() { give_back(); }
    Ticket(Ticket&& other) noexcept
        : from_(std::exchange(other.from_, nullptr)), group_(std::move(other.group_)) {}
    Ticket& operator=(Ticket&& other) noexcept {
      if (this != &other) {
        give_back();
        from_ = std::exchange(other.from_, nullptr);
        group_ = std::move(other.group_);
      }
      return *this;
    }

   private:
    friend class Admission;
    Ticket(Admission* from, std::string group) : from_(from), group_(std::move(group)) {}
    void give_back();

    Admission* from_ = nullptr;
    std::string group_;  // empty: not counted by address
  };

  explicit Admission(AdmissionLimits limits) : limits_(limits) {}

  // Nothing if there is no room. `peer` as of accept_from().
  [[nodiscard]] std::optional<Ticket> admit(const std::string& peer);
  [[nodiscard]] std::size_t count() const;

 private:
  const AdmissionLimits limits_;
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::map<std::string, std::size_t> by_group_;
};

}  // namespace keyledger::http
