// Every projection of this build, opened over one log and one derived database, and core's view of
// them. The only place that lists them all.
#pragma once

#include <memory>
#include <string>

#include "core/state_reader.h"
#include "projections/audit_trail.h"
#include "projections/calls.h"
#include "projections/directory.h"
#include "projections/key_table.h"
#include "projections/projector.h"
#include "projections/retired_secret_uses.h"
#include "projections/schedule.h"
#include "projections/store.h"
#include "projections/streams.h"
#include "projections/tree.h"
#include "projections/usage.h"
#include "projections/verify_index.h"

namespace keyledger {

class Projections : public StateReader {
 public:
  // Opens the derived database at `path`, catches everything up with `log`. Both errors of the
  // store and of the log are passed on. `log` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Projections>> open(
      const EventLog& log, const std::string& path, const StoreOptions& options,
      const Projector::Progress& progress);
  ~Projections() override;

  [[nodiscard]] Projector& projector();
  [[nodiscard]] const Projector& projector() const;
  [[nodiscard]] Store& store();

  [[nodiscard]] const Directory& directory() const;
  [[nodiscard]] const KeyTable& keys() const;
  [[nodiscard]] VerifyIndex& verify_index();
  [[nodiscard]] const VerifyIndex& verify_index() const;
  [[nodiscard]] const AuditTrail& audit() const;
  [[nodiscard]] const Streams& streams() const;
  [[nodiscard]] const Calls& calls() const;
  [[nodiscard]] const Schedule& schedule() const;
  [[nodiscard]] const RetiredSecretUses& retired_secret_uses() const;
  [[nodiscard]] const Tree& tree() const;
  // Counts in memory alone until it is opened, since it lies elsewhere.
  [[nodiscard]] Usage& usage();
  [[nodiscard]] const Usage& usage() const;

  // Recorded time of the newest event; 0 while the log is empty.
  [[nodiscard]] Timestamp last_time() const;

  [[nodiscard]] Result<std::optional<Key>> key(const KeyId& id) const override;
  [[nodiscard]] Result<std::optional<WorkspaceId>> workspace_with_secret(
      const SecretHash& hash) const override;
  [[nodiscard]] Result<std::optional<NameHolder>> name_holder(const WorkspaceId& workspace,
                                                              Environment environment,
                                                              std::string_view name,
                                                              std::uint64_t before) const override;
  [[nodiscard]] Result<std::optional<Member>> member(const MemberId& id) const override;
  [[nodiscard]] Result<std::vector<MemberId>> owners(const WorkspaceId& workspace) const override;
  [[nodiscard]] Result<std::vector<KeyId>> management_keys(const MemberId& member) const override;
  [[nodiscard]] Result<std::shared_ptr<const Workspace>> workspace(
      const WorkspaceId& id) const override;
  [[nodiscard]] Result<std::uint64_t> events_in(const WorkspaceId& workspace) const override;
  [[nodiscard]] Result<std::uint32_t> ledger_version() const override;
  [[nodiscard]] Result<std::optional<RememberedCall>> remembered(
      const Digest& scope) const override;

 private:
  struct Rep;
  explicit Projections(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
