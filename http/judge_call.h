// Judging a secret that somebody presented: what verify and authorize have in common.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/routes.h"
#include "projections/past.h"
#include "projections/verify_index.h"

namespace keyledger::http {

// The verdict, counted and with its position in the call's answer; a secret that was rotated away
// is recorded. Nothing if that would have to wait and the call must not: then nothing was done.
[[nodiscard]] std::optional<VerifyAnswer> judge_presented(Call& call, std::string_view presented,
                                                          const VerifyRequest& request,
                                                          const Policy& policy);

// The verdict as it would have been: by the key, its secrets and the policy of then, and the clock
// of then. A secret that was made later is not known. Counts nothing, takes no token of a limit,
// records nothing. Errors: those of the log and of the rows.
[[nodiscard]] Result<VerifyAnswer> judge_past(const Call& call, std::string_view presented,
                                              const VerifyRequest& request, const Policy& policy,
                                              const Past& then, Timestamp clock);

// The verdict in a sentence; for a header that is missing, which one and what it may say.
[[nodiscard]] std::string verdict_detail(Verdict verdict, const VerifyRequest& request,
                                         const Policy& policy);

}  // namespace keyledger::http
