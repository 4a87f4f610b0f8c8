// Judging a secret that somebody presented: what verify and authorize have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/routes.h"
#include "projections/verify_index.h"

namespace keyledger::http {

// The verdict, counted and with its position in the call's answer; a secret that was rotated away
// is recorded. Nothing if that would have to wait and the call must not: then nothing was done.
[[nodiscard]] std::optional<VerifyAnswer> judge_presented(Call& call, std::string_view presented,
                                                          const VerifyRequest& request,
                                                          const Policy& policy);

// The verdict in a sentence; for a header that is missing, which one and what it may say.
[[nodiscard]] std::string verdict_detail(Verdict verdict, const VerifyRequest& request,
                                         const Policy& policy);

}  // namespace keyledger::http
