// What a browser asks of a gateway besides the request itself (the Fetch standard, "CORS
// protocol"). A preflight carries no key, so it is answered by what any active public key allows;
// the key itself is judged when the request comes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/authorize_request.h"
#include "http/routes.h"

namespace keyledger::http {

class Browser {
 public:
  // `call` and `workspace` must outlive it. `environment`: absent, either.
  Browser(const Call& call, const Workspace& workspace, std::optional<Environment> environment,
          std::optional<OriginalRequest> original);

  // Method OPTIONS, an Origin, and the method that is going to be used.
  [[nodiscard]] bool is_preflight() const { return !asked_method_.empty(); }
  // 204 and what is allowed; or 403 without a word of that.
  [[nodiscard]] Response answer_preflight() const;
  // For the gateway to copy: the page may read the answer, also a refusal, if its origin would pass
  // a preflight.
  void add_headers(AnswerHeaders& headers) const;

 private:
  [[nodiscard]] bool is_public_path(std::string_view method) const;
  [[nodiscard]] bool is_allowed_origin() const;

  const Call& call_;
  const Workspace& workspace_;
  const std::optional<Environment> environment_;
  const std::optional<OriginalRequest> original_;
  std::string_view method_;
  std::string_view origin_;        // empty: none
  std::string_view asked_method_;  // of a preflight
};

}  // namespace keyledger::http
