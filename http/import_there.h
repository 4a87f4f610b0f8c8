// Whether a key that is to be imported is there already, so that a file can be imported again after
// lines were added to it.
#pragma once

#include "core/key_commands.h"
#include "http/routes.h"

namespace keyledger::http {

// Whether a key of the caller's workspace has or had the entry's secret, with the entry's handle,
// and all that the entry says is so of it now. What an entry leaves to the policy or the caller
// (scopes, expires_at, owner_id) it says nothing about; everything else that is absent must be
// absent. Whatever became of the key since: it may have ended. Errors: those of the projections.
[[nodiscard]] Result<bool> is_there(const Call& call, const CreateKey& entry);

}  // namespace keyledger::http
