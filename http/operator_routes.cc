// The operator's owners look after workspaces: make, list, suspend, resume (design api.md
// "Workspaces and members").
#include "core/profiles.h"
#include "events/bytes.h"
#include "events/crypto.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kFirstKeyName = "owner";

// Which shipped policy the workspace begins with.
void read_profile(BodyReader& body, CreateWorkspace& command) {
  command.profile = body.text("profile", kMaxName).value_or("default");
  if (auto policy = profile_policy(command.profile)) {
    command.policy = std::move(*policy);
  } else {
    body.fault("profile", FieldFault::kInvalid, "must be one of " + profile_names());
  }
}

MemberProfile read_owner(BodyReader& body) {
  MemberProfile owner;
  body.object("owner", [&owner](BodyReader& fields) {
    owner.name = fields.required_text("name", kMaxName).value_or("");
    auto email = fields.required_text("email", kMaxEmail);
    check_email(fields, email);
    owner.email = email.value_or("");
  });
  return owner;
}

// The new workspace as it was just after it was made, whoever asks and whenever.
struct Made {
  Workspace workspace;
  Member owner;
  std::optional<MemberProfile> profile;  // nothing: erased
  KeyId key;
  SecretId secret;
};

Result<Made> made_before(const Call& call, const Receipt& receipt) {
  const auto events = events_of(call, receipt);
  if (!events) return fail(events.error());
  const Streams& streams = call.api.projections.streams();
  Made made;
  for (const EventAt& at : *events) {
    const RecordedEvent& event = at.event;
    if (std::holds_alternative<WorkspaceCreated>(event.event)) {
      auto workspace = streams.workspace_at(WorkspaceId{event.stream.id}, event.position);
      if (!workspace) return fail(workspace.error());
      made.workspace = workspace->value_or(Workspace{});
    } else if (std::holds_alternative<MemberAdded>(event.event)) {
      auto owner = streams.member_at(MemberId{event.stream.id}, event.position);
      if (!owner) return fail(owner.error());
      made.owner = owner->value_or(Member{});
      if (!at.side.subject) continue;
      auto profile = decode_member_profile(at.side.subject->bytes);
      if (!profile) return fail(profile.error());
      made.profile = std::move(*profile);
    } else if (const auto* key = std::get_if<KeyCreated>(&event.event)) {
      made.key = KeyId{event.stream.id};
      made.secret = key->secret.id;
    }
  }
  if (made.key.is_nil()) return fail(ErrorCode::kInternal, "a remembered call made no workspace");
  return made;
}

Response made_answer(const Made& made, const Secret* secret) {
  Json key;
  key["id"] = to_text(made.key);
  key["secret"] = secret ? Json(secret->reveal()) : Json(nullptr);
  if (!secret) key["secret_available"] = false;
  Json json;
  json["workspace"] = workspace_json(made.workspace);
  json["owner"] = member_json(made.owner, made.profile);
  json["management_key"] = std::move(key);
  Response response = json_response(201, json);
  set_etag(response, made.workspace.version);
  response.headers.emplace_back("Location", "/v1/workspaces/" + to_text(made.workspace.id));
  return response;
}

Result<std::shared_ptr<const Workspace>> workspace_in_path(const Call& call) {
  const auto id = call.id<WorkspaceId>();
  if (!id) return fail(id.error());
  auto workspace = call.api.projections.directory().workspace(*id);
  if (!workspace) return fail(ErrorCode::kNotFound, "There is no such workspace.");
  return workspace;
}

template <typename StatusCommand>
Result<Response> change_status(Call& call) {
  const auto id = call.id<WorkspaceId>();
  if (!id) return fail(id.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const auto receipt = submit(call, StatusCommand{*id}, std::move(reason));
  if (!receipt) return fail(receipt.error());
  if (receipt->workspace) {
    return resource_response(workspace_json(*receipt->workspace), receipt->workspace->version);
  }
  const auto then = call.api.projections.streams().workspace_at(*id, receipt->position);
  if (!then) return fail(then.error());
  if (!*then) return fail(ErrorCode::kInternal, "a remembered call names no workspace");
  return resource_response(workspace_json(**then), (*then)->version);
}

}  // namespace

Result<Response> create_workspace(Call& call) {
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  CreateWorkspace command;
  command.workspace_name = body.required_text("name", kMaxName).value_or("");
  read_profile(body, command);
  const MemberProfile owner = read_owner(body);
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const Secret secret =
      make_secret(KeyType::kManagement, Environment::kLive, command.policy.secret_prefix);
  command.workspace = WorkspaceId{make_ulid(call.now, random_bytes<10>())};
  command.owner = MemberId{make_ulid(call.now, random_bytes<10>())};
  command.owner_profile = commit_to(encode_blob(owner));
  command.key = KeyId{make_ulid(call.now, random_bytes<10>())};
  command.key_name = kFirstKeyName;
  command.secret = {SecretId{make_ulid(call.now, random_bytes<10>())}, secret.hash(),
                    secret.handle()};
  const KeyId key = command.key;
  const SecretId secret_id = command.secret.id;
  const auto receipt =
      submit_with_secret(call, std::move(command), std::move(reason), secret_id, secret);
  if (!receipt) return fail(receipt.error());
  if (receipt->replayed) {
    const auto before = made_before(call, *receipt);
    if (!before) return fail(before.error());
    const auto again = show_again(call, before->key, before->secret);
    if (!again) return fail(again.error());
    return made_answer(*before, *again ? &**again : nullptr);
  }
  if (!receipt->workspace || !receipt->member) {
    return fail(ErrorCode::kInternal, "a workspace was made and is not there");
  }
  return made_answer({*receipt->workspace, *receipt->member, owner, key, secret_id}, &secret);
}

Result<Response> list_workspaces(Call& call) {
  QueryReader query(call);
  const auto suspended = query.choice<bool>("status", {{"active", false}, {"suspended", true}});
  const std::size_t limit = query.limit();
  const std::string after = query.cursor();
  if (auto refused = query.finish()) return fail(std::move(*refused));

  WorkspaceId last;
  if (!after.empty()) last.bytes = ByteReader(after).array<16>();
  Json data = Json::array();
  std::optional<std::string> next;
  for (const auto& workspace : call.api.projections.directory().workspaces()) {
    if (suspended && workspace->suspended != *suspended) continue;
    if (!after.empty() && workspace->id <= last) continue;
    if (data.size() == limit) {
      std::string payload;
      ByteWriter(payload).array(last.bytes);
      next = make_cursor(call, payload);
      break;
    }
    data.push_back(workspace_json(*workspace));
    last = workspace->id;
  }
  return page_response(std::move(data), next);
}

Result<Response> get_workspace_of(Call& call) {
  const auto workspace = workspace_in_path(call);
  if (!workspace) return fail(workspace.error());
  return resource_response(workspace_json(**workspace), (*workspace)->version);
}

Result<Response> suspend_workspace(Call& call) { return change_status<SuspendWorkspace>(call); }
Result<Response> resume_workspace(Call& call) { return change_status<ResumeWorkspace>(call); }

}  // namespace keyledger::http
