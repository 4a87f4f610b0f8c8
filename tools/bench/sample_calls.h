// Submissions as the HTTP edge makes them, for benchmarks and for tests of the whole write path.
#pragma once

#include <string>

#include "core/commands.h"

namespace keyledger {

// A founded ledger: whom calls come from.
struct SampleLedger {
  WorkspaceId workspace;
  MemberId owner;
  KeyId owner_key;

  // Founds it; the ids above are those of the submission.
  [[nodiscard]] static SampleLedger make();
  [[nodiscard]] Submission founding() const;

  // POST /v1/keys by the owner: with a description, an address and a user agent. The secret's hash
  // is that of the name.
  [[nodiscard]] Submission create_key(const std::string& name) const;
  [[nodiscard]] Submission revoke_key(const KeyId& id) const;
};

}  // namespace keyledger
