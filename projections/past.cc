#include "projections/past.h"

#include <utility>

namespace keyledger {

Result<std::optional<Key>> Past::key(const KeyId& id) const {
  return projections_.keys().key_at(id, position_);
}

Result<std::shared_ptr<const MemberView>> Past::member(const MemberId& id) {
  auto now = projections_.directory().member(id);
  if (!now) return std::shared_ptr<const MemberView>();
  if (now->member.position <= position_) return now;
  const auto known = members_.find(id);
  if (known != members_.end()) return known->second;
  auto then = read_member(id);
  if (then) members_.emplace(id, *then);
  return then;
}

Result<std::shared_ptr<const MemberView>> Past::read_member(const MemberId& id) const {
  const auto member = projections_.streams().member_at(id, position_);
  if (!member) return fail(member.error());
  if (!*member) return std::shared_ptr<const MemberView>();
  MemberView then{**member, std::nullopt};
  if (then.member.profile_at) {
    const auto event = EventReader(log_).at(*then.member.profile_at);
    if (!event) return fail(event.error());
    then.profile = profile_in(event->side);
  }
  return std::make_shared<const MemberView>(std::move(then));
}

Result<std::shared_ptr<const Workspace>> Past::workspace(const WorkspaceId& id) const {
  auto now = projections_.directory().workspace(id);
  if (!now) return std::shared_ptr<const Workspace>();
  if (now->position <= position_ && now->policy_position <= position_) return now;
  auto then = read_workspace(id);
  if (!then) return fail(then.error());
  if (then->version == 0) return std::shared_ptr<const Workspace>();
  return std::make_shared<const Workspace>(std::move(*then));
}

// Each of these events says all about what it sets, so of each kind the newest is enough, however
// long the history: the one that made the workspace, the last that suspended or resumed it, the
// last policy.
Result<Workspace> Past::read_workspace(const WorkspaceId& id) const {
  Workspace then;
  EventReader events(log_);
  const auto fold = [&](std::uint64_t position) -> Result<void> {
    const auto event = events.at(position);
    if (!event) return fail(event.error());
    evolve(then, event->event);
    return {};
  };
  const Streams& streams = projections_.streams();
  const auto made = streams.positions(stream_of(id), 0, 1);
  if (!made) return fail(made.error());
  if (made->empty() || made->front() > position_) return then;
  if (auto done = fold(made->front()); !done) return fail(done.error());

  AuditPageRequest suspensions;
  suspensions.filter.workspace = id;
  suspensions.filter.actions = {tag_of(WorkspaceSuspended{}), tag_of(WorkspaceResumed{})};
  suspensions.after = position_ + 1;
  suspensions.limit = 1;
  const auto newest = projections_.audit().list(suspensions);
  if (!newest) return fail(newest.error());
  for (const AuditEntry& entry : newest->entries) evolve(then, entry.event);

  const auto policy = streams.walk(policy_stream_of(id), true, position_).position();
  if (!policy) return fail(policy.error());
  if (*policy) {
    if (auto done = fold(**policy); !done) return fail(done.error());
  }
  return then;
}

}  // namespace keyledger
