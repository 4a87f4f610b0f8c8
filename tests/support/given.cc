#include "tests/support/given.h"

#include <ostream>
#include <utility>

namespace keyledger {

namespace {

using DecisionMatcher = ::testing::Matcher<Result<Decision>>;

CallContext call_by(const WorkspaceId& workspace, const MemberId& member) {
  CallContext call;
  call.workspace = workspace;
  call.actor = {ActorKind::kMember, member.bytes, Scenario::management_key_of(member)};
  call.permitted = kEveryRole;
  call.request_id = "req-1";
  return call;
}

KeyCreated management_key(const MemberId& member) {
  KeyCreated key;
  key.type = KeyType::kManagement;
  key.name = "console";
  key.secret = test_secret(1000 + member.bytes[15]);
  key.owner = member;
  key.member = member;
  return key;
}

}  // namespace

SecretFacts test_secret(std::uint32_t number) {
  SecretFacts secret;
  secret.id = test_id<SecretId>(number);
  secret.hash.bytes = sha256("secret " + std::to_string(number));
  secret.handle = "sk_live_…" + std::to_string(number);
  return secret;
}

CommittedBlob test_blob(std::string_view text) {
  CommittedBlob made;
  made.blob.bytes = text;
  made.commitment = commitment_of(made.blob);
  return made;
}

OriginRule any_origin() { return OriginRule{std::nullopt, "*", std::nullopt, true, false}; }

KeyCreated private_key(std::string name) {
  KeyCreated key;
  key.name = std::move(name);
  key.secret = test_secret(1);
  key.scopes = {kAllScopes};
  key.owner = test_id<MemberId>(1);
  return key;
}

KeyCreated public_key(std::string name) {
  KeyCreated key = private_key(std::move(name));
  key.type = KeyType::kPublic;
  return key;
}

CreateKey create_private(std::string name) {
  CreateKey command;
  command.id = kNewKey;
  command.name = std::move(name);
  command.secret = test_secret(3);
  return command;
}

CreateKey create_public(std::string name) {
  CreateKey command = create_private(std::move(name));
  command.type = KeyType::kPublic;
  return command;
}

ChangeKey change_of(const KeyId& key) {
  ChangeKey command;
  command.id = key;
  return command;
}

IssueManagementKey issue_to(const MemberId& member) {
  IssueManagementKey command;
  command.id = kNewKey;
  command.member = member;
  command.name = "laptop";
  command.secret = test_secret(3);
  return command;
}

CreateWorkspace create_workspace() {
  CreateWorkspace command;
  command.workspace = test_id<WorkspaceId>(9);
  command.workspace_name = "Gamma";
  command.profile = "default";
  command.owner = test_id<MemberId>(9);
  command.owner_profile = test_blob("Gina");
  command.key = test_id<KeyId>(900);
  command.key_name = "owner";
  command.secret = test_secret(900);
  return command;
}

Scenario::Scenario() {
  FoundLedger founding;
  founding.log_id = test_id<LogId>(1);
  founding.origin = "example.org/log";
  founding.workspace = workspace;
  founding.workspace_name = "Acme";
  founding.profile = "default";
  founding.owner = owner;
  founding.owner_profile = test_blob("Olga");
  founding.key = management_key_of(owner);
  founding.key_name = "console";
  founding.secret = test_secret(1001);
  const CallContext system;
  const auto founded = decide(state, {system, founding}, now);
  if (!founded) ADD_FAILURE() << describe(founded);
  state.record(*founded, system, now);

  call = call_by(workspace, owner);
  for (const auto& [member, role] :
       {std::pair(admin, Role::kAdmin), std::pair(auditor, Role::kAuditor),
        std::pair(verifier, Role::kVerifier)}) {
    given(member, MemberAdded{role});
    given(management_key_of(member), management_key(member));
  }
  found_other_workspace();
}

void Scenario::found_other_workspace() {
  give(other_workspace, stream_of(other_workspace), WorkspaceCreated{"Beta", "default", false});
  give(other_workspace, policy_stream_of(other_workspace), PolicySet{});
  give(other_workspace, stream_of(stranger), MemberAdded{Role::kOwner});
  give(other_workspace, stream_of(management_key_of(stranger)), management_key(stranger));
}

KeyId Scenario::management_key_of(const MemberId& member) {
  return test_id<KeyId>(1000U + member.bytes[15]);
}

void Scenario::give(const WorkspaceId& in, const StreamId& stream, Event event) {
  CallContext system;
  system.workspace = in;
  state.record({{stream, std::move(event), std::nullopt, {}}}, system, now);
}

void Scenario::given(const KeyId& key, Event event) {
  give(workspace, stream_of(key), std::move(event));
}
void Scenario::given(const MemberId& member, Event event) {
  give(workspace, stream_of(member), std::move(event));
}
void Scenario::given_policy(Policy policy) {
  give(workspace, policy_stream_of(workspace), PolicySet{std::move(policy)});
}
void Scenario::given_elsewhere(const KeyId& key, Event event) {
  give(other_workspace, stream_of(key), std::move(event));
}
void Scenario::given_suspended() { give(workspace, stream_of(workspace), WorkspaceSuspended{}); }

Scenario& Scenario::as(const MemberId& member) {
  call.actor = call_by(workspace, member).actor;
  return *this;
}
Scenario& Scenario::as_system() {
  call.actor = Actor{};
  call.permitted = RoleSet{};
  return *this;
}
Scenario& Scenario::permitting(RoleSet roles) {
  call.permitted = roles;
  return *this;
}
Scenario& Scenario::matching(std::uint32_t version) {
  call.if_match = version;
  return *this;
}
Scenario& Scenario::because(std::string_view reason) {
  call.reason = reason;
  return *this;
}

Result<Decision> Scenario::when(Command command) {
  const CallContext asked = std::exchange(call, call_by(workspace, owner));
  return decide(state, {asked, std::move(command)}, now);
}

std::vector<RecordedEvent> Scenario::done(Command command) {
  const CallContext asked = std::exchange(call, call_by(workspace, owner));
  const auto decision = decide(state, {asked, std::move(command)}, now);
  if (!decision) {
    ADD_FAILURE() << describe(decision);
    return {};
  }
  return state.record(*decision, asked, now);
}

Key Scenario::key(const KeyId& id) const { return state.key(id)->value_or(Key{}); }
Member Scenario::member(const MemberId& id) const { return state.member(id)->value_or(Member{}); }

std::string describe(const Result<Decision>& decision) {
  std::string text;
  if (decision) {
    for (const NewEvent& made : *decision) text += std::string(action_name(made.event)) + " ";
    return text.empty() ? "nothing" : text;
  }
  const Error& error = decision.error();
  text = "refused: " + std::string(error_name(error.code)) + " " + error.detail;
  for (const FieldError& field : error.fields) {
    text += " | " + field.field + "(" + std::string(fault_name(field.fault)) + ") " + field.message;
  }
  return text;
}

void PrintTo(const Result<Decision>& decision, std::ostream* out) { *out << describe(decision); }

DecisionMatcher makes_all(std::vector<Event> events) {
  return ::testing::Truly([events = std::move(events)](const Result<Decision>& decision) {
    if (!decision || decision->size() != events.size()) return false;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if ((*decision)[i].event != events[i]) return false;
    }
    return true;
  });
}

DecisionMatcher makes_nothing() { return makes_all({}); }

DecisionMatcher is_refused(ErrorCode code) {
  return ::testing::Truly([code](const Result<Decision>& decision) {
    return !decision && decision.error().code == code;
  });
}

DecisionMatcher is_refused_for(std::string field, FieldFault fault) {
  return ::testing::Truly([field = std::move(field), fault](const Result<Decision>& decision) {
    if (decision || decision.error().code != ErrorCode::kInvalidRequest) return false;
    const auto& fields = decision.error().fields;
    return fields.size() == 1 && fields[0].field == field && fields[0].fault == fault &&
           !fields[0].message.empty();
  });
}

DecisionMatcher is_refused_saying(std::string text) {
  return ::testing::Truly([text = std::move(text)](const Result<Decision>& decision) {
    return !decision && describe(decision).find(text) != std::string::npos;
  });
}

}  // namespace keyledger
