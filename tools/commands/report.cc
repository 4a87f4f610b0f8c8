#include "tools/commands/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

namespace keyledger {

int report_failure(const Error& error, int exit_code) {
  fmt::print(stderr, "keyledger: {}\n", error.detail.empty() ? "failed" : error.detail);
  for (const FieldError& field : error.fields) {
    if (field.message != error.detail) {
      fmt::print(stderr, "keyledger: {}: {}\n", field.field, field.message);
    }
  }
  return exit_code;
}

std::function<void(std::uint64_t, std::uint64_t)> progress_line(std::string what) {
  if (::isatty(STDERR_FILENO) != 1) return [](std::uint64_t, std::uint64_t) {};
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point start = Clock::now();
    Clock::time_point drawn = Clock::now();
  };
  return [what = std::move(what), state = std::make_shared<State>()](std::uint64_t done,
                                                                     std::uint64_t total) {
    const auto now = Clock::now();
    const std::chrono::duration<double> elapsed = now - state->start;
    const bool last = done >= total;
    if (elapsed.count() < 1.0) return;
    if (!last && now - state->drawn < std::chrono::milliseconds(100)) return;
    state->drawn = now;
    const double rate = static_cast<double>(done) / elapsed.count();
    fmt::print(stderr, "\r{} {} of {} ({:.0f}/s)\033[K{}", what, done, total, rate,
               last ? "\n" : "");
    std::fflush(stderr);
  };
}

}  // namespace keyledger
