#include "http/rate_limit_headers.h"

#include <string>

namespace keyledger::http {

void add_rate_limit_headers(Response& response, const std::optional<RateState>& state,
                            bool granted) {
  if (!state) return;
  // The draft wants Retry-After to be no earlier than the end of the effective window (section 6):
  // a bucket's window ends with its next token, so both are the same.
  const std::string next = std::to_string(state->next_in_seconds);
  response.headers.emplace_back("RateLimit-Policy",
                                "\"key\";q=" + std::to_string(state->rate.limit) +
                                    ";w=" + std::to_string(state->rate.window_seconds));
  response.headers.emplace_back("RateLimit",
                                "\"key\";r=" + std::to_string(state->remaining) + ";t=" + next);
  if (!granted) response.headers.emplace_back("Retry-After", next);
}

}  // namespace keyledger::http
