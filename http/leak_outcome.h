// What became of one report of a leaked secret: for the metrics.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyledger::http {

enum class LeakOutcome : std::uint8_t {
  kUnknown,      // nobody's secret
  kRepeated,     // the same secret at the same place was reported before
  kReported,     // recorded, and nothing else was to be done
  kSecretEnded,  // it was retiring: its overlap ended
  kSuspended,    // its key
  kCompromised,  // its key
};
inline constexpr LeakOutcome kLastLeakOutcome = LeakOutcome::kCompromised;

[[nodiscard]] constexpr std::string_view leak_outcome_name(LeakOutcome outcome) {
  switch (outcome) {
    case LeakOutcome::kUnknown: return "unknown";
    case LeakOutcome::kRepeated: return "repeated";
    case LeakOutcome::kReported: return "reported";
    case LeakOutcome::kSecretEnded: return "secret_ended";
    case LeakOutcome::kSuspended: return "suspended";
    case LeakOutcome::kCompromised: return "compromised";
  }
  return "unknown";
}

}  // namespace keyledger::http
