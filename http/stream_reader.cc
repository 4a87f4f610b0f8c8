#include "http/stream_reader.h"

#include "events/crypto.h"
#include "http/caller.h"

namespace keyledger::http {

StreamReader reader_of(const Call& call) {
  return {sha256(*credential_of(call.request)), call.client.ip, call.caller->workspace,
          call.route.permission.roles};
}

bool may_read(Api& api, const StreamReader& reader) {
  std::optional<RetiredSecret> retired;  // nobody presents it now, so it is no news
  const auto caller =
      authenticate(reader.secret_hash, reader.from, api.projections, api.now(), retired);
  return caller && caller->workspace == reader.workspace && reader.roles.has(caller->role);
}

}  // namespace keyledger::http
