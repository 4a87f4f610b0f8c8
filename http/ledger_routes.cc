// The ledger as a whole, and whether this program serves (design api.md "Ledger").
#include "http/base64.h"
#include "http/change.h"
#include "http/handlers.h"

namespace keyledger::http {
namespace {

// Everywhere in the API a position is that of the newest event reflected; null: none yet.
Json newest(std::uint64_t size) { return size == 0 ? Json(nullptr) : Json(size - 1); }

}  // namespace

Result<Response> get_ledger(Call& call) {
  const TreeHead head = call.api.projections.tree().head();
  Json json;
  json["size"] = head.size;
  json["root"] = base64(head.root);
  json["vkey"] = nullptr;
  json["checkpoint"] = nullptr;
  json["projections"] = Json::array();
  for (const ProjectionStatus& status : call.api.projections.projector().status()) {
    json["projections"].push_back({{"name", status.name},
                                   {"position", newest(status.position)},
                                   {"version", status.version}});
  }
  if (head.size > 0) call.position = head.size - 1;
  return json_response(200, json);
}

Result<Response> healthz(Call& call) {
  return json_response(200, {{"status", "ok"}, {"version", call.api.options.version}});
}

// Reads and verifies go on when writes have stopped; a balancer should know all the same.
Result<Response> readyz(Call& call) {
  const bool writes = call.api.ledger.accepts_writes() && call.api.log.writable();
  const bool empty = call.api.projections.projector().size() == 0;
  Json json;
  json["status"] = writes && !empty ? "ready" : "not_ready";
  json["accepts_writes"] = writes;
  json["has_workspace"] = !empty;
  return json_response(writes && !empty ? 200 : 503, json);
}

}  // namespace keyledger::http
