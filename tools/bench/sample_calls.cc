#include "tools/bench/sample_calls.h"

#include "events/crypto.h"
#include "tools/service.h"

namespace keyledger {
namespace {

template <typename IdType>
IdType fresh_id() {
  return IdType{make_ulid(wall_clock(), random_bytes<10>())};
}

Submission by_owner(const SampleLedger& ledger) {
  Submission submission;
  submission.call.workspace = ledger.workspace;
  submission.call.actor = {ActorKind::kMember, ledger.owner.bytes, ledger.owner_key};
  submission.call.permitted = RoleSet(Role::kOwner);
  submission.call.actor_details = commit_to(encode_blob(ActorDetails{"192.0.2.7", "sample/1", ""}));
  submission.call.request_id = "sample";
  return submission;
}

}  // namespace

SampleLedger SampleLedger::make() {
  return {fresh_id<WorkspaceId>(), fresh_id<MemberId>(), fresh_id<KeyId>()};
}

Submission SampleLedger::founding() const {
  FoundLedger command;
  command.log_id = fresh_id<LogId>();
  command.origin = "sample";
  command.workspace = workspace;
  command.workspace_name = "sample";
  command.profile = "default";
  command.owner = owner;
  command.owner_profile = commit_to(encode_blob(MemberProfile{"Sam", "sam@example.com"}));
  command.key = owner_key;
  command.key_name = "sample";
  command.secret = {fresh_id<SecretId>(), {HashAlgorithm::kSha256, sha256("sample")}, "mk_live_…"};
  Submission submission;
  submission.call.workspace = workspace;
  submission.command = std::move(command);
  return submission;
}

Submission SampleLedger::create_key(const std::string& name) const {
  CreateKey command;
  command.id = fresh_id<KeyId>();
  command.name = name;
  command.secret = {fresh_id<SecretId>(), {HashAlgorithm::kSha256, sha256(name)}, "sk_live_…0000"};
  command.details = commit_to(encode_blob(KeyDetails{"a sample", {}, {}}));
  Submission submission = by_owner(*this);
  submission.command = std::move(command);
  return submission;
}

Submission SampleLedger::revoke_key(const KeyId& id) const {
  Submission submission = by_owner(*this);
  submission.command = RevokeKey{id, RevocationCode::kSuperseded};
  return submission;
}

}  // namespace keyledger
