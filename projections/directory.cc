#include "projections/directory.h"

#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "events/bytes.h"
#include "events/log/event_reader.h"
#include "projections/writer_first_mutex.h"

namespace keyledger {
namespace {

std::string_view view(const IdBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Rows of "workspaces": workspace id; its state. The policy is large and stands in the log already,
// so the row has only its position.
std::string encode(const Workspace& workspace) {
  std::string row;
  ByteWriter out(row);
  out.sized(workspace.name);
  out.sized(workspace.profile);
  out.u8(workspace.is_operator ? 1 : 0);
  out.u8(workspace.suspended ? 1 : 0);
  out.i64(workspace.created_at.ms);
  out.u32(workspace.version);
  out.u64(workspace.position);
  out.u32(workspace.policy_version);
  out.u64(workspace.policy_position);
  out.i64(workspace.policy_updated_at.ms);
  return row;
}

Result<Workspace> decode_workspace(std::string_view key, std::string_view row) {
  Workspace workspace;
  ByteReader id(key);
  workspace.id.bytes = id.array<16>();
  ByteReader in(row);
  workspace.name = in.sized();
  workspace.profile = in.sized();
  workspace.is_operator = in.u8() != 0;
  workspace.suspended = in.u8() != 0;
  workspace.created_at.ms = in.i64();
  workspace.version = in.u32();
  workspace.position = in.u64();
  workspace.policy_version = in.u32();
  workspace.policy_position = in.u64();
  workspace.policy_updated_at.ms = in.i64();
  if (!id.finished() || !in.finished()) return damaged_row("the directory");
  return workspace;
}

// Rows of "members": member id; its state. Name and e-mail are joined from the log.
std::string encode(const Member& member) {
  std::string row;
  ByteWriter out(row);
  out.array(member.workspace.bytes);
  out.u8(static_cast<std::uint8_t>(member.role));
  out.u8(member.removed ? 1 : 0);
  out.i64(member.created_at.ms);
  out.i64(member.updated_at.ms);
  out.u32(member.version);
  out.u64(member.position);
  out.u8(member.profile_at ? 1 : 0);
  out.u64(member.profile_at.value_or(0));
  return row;
}

Result<Member> decode_member(std::string_view key, std::string_view row) {
  Member member;
  ByteReader id(key);
  member.id.bytes = id.array<16>();
  ByteReader in(row);
  member.workspace.bytes = in.array<16>();
  member.role = static_cast<Role>(in.u8());
  member.removed = in.u8() != 0;
  member.created_at.ms = in.i64();
  member.updated_at.ms = in.i64();
  member.version = in.u32();
  member.position = in.u64();
  const bool has_profile = in.u8() != 0;
  const std::uint64_t profile_at = in.u64();
  if (has_profile) member.profile_at = profile_at;
  if (!id.finished() || !in.finished()) return damaged_row("the directory");
  return member;
}

struct LedgerFacts {
  LogId log_id;
  std::string origin;
  std::uint32_t version = 0;
  Timestamp last_time;  // of any event
};

std::string encode(const LedgerFacts& facts) {
  std::string row;
  ByteWriter out(row);
  out.array(facts.log_id.bytes);
  out.sized(facts.origin);
  out.u32(facts.version);
  out.i64(facts.last_time.ms);
  return row;
}

Result<LedgerFacts> decode_ledger(std::string_view row) {
  LedgerFacts facts;
  ByteReader in(row);
  facts.log_id.bytes = in.array<16>();
  facts.origin = in.sized();
  facts.version = in.u32();
  facts.last_time.ms = in.i64();
  if (!in.finished()) return damaged_row("the directory");
  return facts;
}

constexpr std::string_view kLedgerRow = "ledger";

}  // namespace

// One that cannot be read says no more than one that was erased.
std::optional<MemberProfile> profile_in(const EventSide& side) {
  if (!side.subject) return std::nullopt;
  auto profile = decode_member_profile(side.subject->bytes);
  if (!profile) return std::nullopt;
  return std::move(*profile);
}

struct Directory::Rep {
  explicit Rep(const EventLog& log_in) : log(log_in) {}

  const EventLog& log;
  Store* store = nullptr;
  const Table* workspace_rows = nullptr;
  const Table* member_rows = nullptr;
  const Table* count_rows = nullptr;  // workspace id; how many events it has
  const Table* ledger_rows = nullptr;

  mutable WriterFirstMutex mutex;  // of everything below; values behind pointers never change
  std::map<WorkspaceId, std::shared_ptr<const Workspace>> workspaces;
  std::unordered_map<MemberId, std::shared_ptr<const MemberView>, IdHash> members;
  std::map<WorkspaceId, std::set<MemberId>> members_of;
  std::map<WorkspaceId, std::uint64_t> counts;
  LedgerFacts ledger;

  void apply(const RecordedEvent& event, const EventSide& side);
  void apply_to_member(const RecordedEvent& event, const EventSide& side);
  void apply_to_workspace(const RecordedEvent& event);
  void apply_to_ledger(const RecordedEvent& event);
  void add(MemberView entry);

  template <typename Fact>
  [[nodiscard]] Fact of_ledger(Fact LedgerFacts::*fact) const {
    const std::shared_lock lock(mutex);
    return ledger.*fact;
  }
  // Calls `take` with every row of a table until it fails.
  template <typename Take>
  [[nodiscard]] Result<void> each_row(const Table& table, Take take) const {
    const auto cursor = store->cursor(table);
    for (cursor->seek({}); cursor->valid(); cursor->next()) {
      if (auto taken = take(cursor->key(), cursor->value()); !taken) return taken;
    }
    return cursor->status();
  }
  [[nodiscard]] Result<void> load_workspaces();
  [[nodiscard]] Result<void> load_members();
  [[nodiscard]] Result<void> load_counts();
  [[nodiscard]] Result<void> load_ledger();
};

Directory::Directory(const EventLog& log) : rep_(std::make_unique<Rep>(log)) {}
Directory::~Directory() = default;

std::shared_ptr<const Workspace> Directory::workspace(const WorkspaceId& id) const {
  const std::shared_lock lock(rep_->mutex);
  const auto found = rep_->workspaces.find(id);
  return found == rep_->workspaces.end() ? nullptr : found->second;
}

std::shared_ptr<const Workspace> Directory::only_workspace() const {
  const std::shared_lock lock(rep_->mutex);
  return rep_->workspaces.size() == 1 ? rep_->workspaces.begin()->second : nullptr;
}

std::vector<std::shared_ptr<const Workspace>> Directory::workspaces() const {
  const std::shared_lock lock(rep_->mutex);
  std::vector<std::shared_ptr<const Workspace>> all;
  for (const auto& [id, workspace] : rep_->workspaces) all.push_back(workspace);
  return all;
}

std::shared_ptr<const MemberView> Directory::member(const MemberId& id) const {
  const std::shared_lock lock(rep_->mutex);
  const auto found = rep_->members.find(id);
  return found == rep_->members.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const MemberView>> Directory::members(
    const WorkspaceId& workspace) const {
  const std::shared_lock lock(rep_->mutex);
  std::vector<std::shared_ptr<const MemberView>> all;
  const auto found = rep_->members_of.find(workspace);
  if (found == rep_->members_of.end()) return all;
  for (const MemberId& id : found->second) all.push_back(rep_->members.at(id));
  return all;
}

std::uint64_t Directory::events_in(const WorkspaceId& workspace) const {
  const std::shared_lock lock(rep_->mutex);
  const auto found = rep_->counts.find(workspace);
  return found == rep_->counts.end() ? 0 : found->second;
}

std::uint32_t Directory::ledger_version() const { return rep_->of_ledger(&LedgerFacts::version); }
Timestamp Directory::last_time() const { return rep_->of_ledger(&LedgerFacts::last_time); }
LogId Directory::log_id() const { return rep_->of_ledger(&LedgerFacts::log_id); }
std::string Directory::origin() const { return rep_->of_ledger(&LedgerFacts::origin); }

Result<void> Directory::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(label(), {{"workspaces", &rep_->workspace_rows},
                                     {"members", &rep_->member_rows},
                                     {"counts", &rep_->count_rows},
                                     {"ledger", &rep_->ledger_rows}});
}

Result<void> Directory::load(std::uint64_t /*size*/) {
  const std::unique_lock lock(rep_->mutex);
  if (auto done = rep_->load_workspaces(); !done) return done;
  if (auto done = rep_->load_members(); !done) return done;
  if (auto done = rep_->load_counts(); !done) return done;
  return rep_->load_ledger();
}

Result<void> Directory::Rep::load_workspaces() {
  EventReader reader(log);
  return each_row(*workspace_rows, [&](auto key, auto row) -> Result<void> {
    auto workspace = decode_workspace(key, row);
    if (!workspace) return fail(workspace.error());
    if (workspace->policy_version != 0) {
      const auto at = reader.at(workspace->policy_position);
      if (!at) return fail(at.error());
      const auto* set = std::get_if<PolicySet>(&at->event.event);
      if (set == nullptr) return damaged_row("the directory");
      workspace->policy = set->policy;
    }
    const WorkspaceId id = workspace->id;
    workspaces[id] = std::make_shared<const Workspace>(std::move(*workspace));
    return {};
  });
}

Result<void> Directory::Rep::load_members() {
  EventReader reader(log);
  return each_row(*member_rows, [&](auto key, auto row) -> Result<void> {
    auto member = decode_member(key, row);
    if (!member) return fail(member.error());
    MemberView entry{std::move(*member), std::nullopt};
    if (entry.member.profile_at) {
      const auto at = reader.at(*entry.member.profile_at);
      if (!at) return fail(at.error());
      entry.profile = profile_in(at->side);
    }
    add(std::move(entry));
    return {};
  });
}

Result<void> Directory::Rep::load_counts() {
  return each_row(*count_rows, [&](auto key, auto row) -> Result<void> {
    ByteReader id(key);
    ByteReader count(row);
    counts[WorkspaceId{id.array<16>()}] = count.u64();
    if (!id.finished() || !count.finished()) return damaged_row("the directory");
    return {};
  });
}

Result<void> Directory::Rep::load_ledger() {
  const auto row = store->get(*ledger_rows, kLedgerRow);
  if (!row) return fail(row.error());
  if (!*row) return {};
  auto facts = decode_ledger(**row);
  if (!facts) return fail(facts.error());
  ledger = std::move(*facts);
  return {};
}

void Directory::apply_to_memory(const CommittedFrame& frame) {
  const std::unique_lock lock(rep_->mutex);
  for (std::size_t i = 0; i < frame.events.size(); ++i) {
    rep_->apply(frame.events[i], frame.side.events[i]);
  }
}

void Directory::Rep::apply(const RecordedEvent& event, const EventSide& side) {
  ++counts[event.workspace];
  ledger.last_time = event.time;
  switch (event.stream.kind) {
    case StreamKind::kLedger: return apply_to_ledger(event);
    case StreamKind::kWorkspace:
    case StreamKind::kPolicy: return apply_to_workspace(event);
    case StreamKind::kMember: return apply_to_member(event, side);
    case StreamKind::kKey: return;
  }
}

void Directory::Rep::apply_to_ledger(const RecordedEvent& event) {
  if (const auto* created = std::get_if<LedgerCreated>(&event.event)) {
    ledger.log_id = created->log_id;
    ledger.origin = created->origin;
  } else if (const auto* accepted = std::get_if<LedgerRollbackAccepted>(&event.event)) {
    ledger.origin = accepted->origin;
  }
  ledger.version = event.version;
}

void Directory::Rep::apply_to_workspace(const RecordedEvent& event) {
  const WorkspaceId id{event.stream.id};
  const auto known = workspaces.find(id);
  Workspace changed = known == workspaces.end() ? Workspace() : *known->second;
  evolve(changed, event);
  if (changed.version == 0) return;  // it was never made
  workspaces[id] = std::make_shared<const Workspace>(std::move(changed));
}

void Directory::Rep::apply_to_member(const RecordedEvent& event, const EventSide& side) {
  const auto known = members.find(MemberId{event.stream.id});
  MemberView entry = known == members.end() ? MemberView() : *known->second;
  evolve(entry.member, event);
  if (entry.member.version == 0) return;
  if (entry.member.profile_at == event.position) {
    entry.profile = profile_in(side);
  } else if (!entry.member.profile_at) {
    entry.profile.reset();
  }
  add(std::move(entry));
}

void Directory::Rep::add(MemberView entry) {
  const MemberId id = entry.member.id;
  members_of[entry.member.workspace].insert(id);
  members[id] = std::make_shared<const MemberView>(std::move(entry));
}

// Memory has the frame already, so the rows are written from it.
Result<void> Directory::apply(const CommittedFrame& frame, StoreBatch& batch) {
  const std::shared_lock lock(rep_->mutex);
  std::set<StreamId> touched;
  std::set<WorkspaceId> counted;
  for (const RecordedEvent& event : frame.events) {
    if (event.stream.kind != StreamKind::kKey) touched.insert(event.stream);
    counted.insert(event.workspace);
  }
  for (const StreamId& stream : touched) {
    if (stream.kind == StreamKind::kLedger) continue;  // written below
    if (stream.kind == StreamKind::kMember) {
      const auto found = rep_->members.find(MemberId{stream.id});
      if (found == rep_->members.end()) continue;
      batch.put(*rep_->member_rows, view(stream.id), encode(found->second->member));
    } else {
      const auto found = rep_->workspaces.find(WorkspaceId{stream.id});
      if (found == rep_->workspaces.end()) continue;
      batch.put(*rep_->workspace_rows, view(stream.id), encode(*found->second));
    }
  }
  for (const WorkspaceId& id : counted) {
    std::string count;
    ByteWriter(count).u64(rep_->counts.at(id));
    batch.put(*rep_->count_rows, view(id.bytes), count);
  }
  batch.put(*rep_->ledger_rows, kLedgerRow, encode(rep_->ledger));
  return {};
}

}  // namespace keyledger
