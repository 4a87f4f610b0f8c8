// Members and their management keys (design api.md "Workspaces and members").
#include <algorithm>
#include <set>

#include "events/bytes.h"
#include "events/crypto.h"
#include "http/as_of.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kDefaultKeyName = "management key";

std::optional<Role> read_role(BodyReader& body) {
  return body.choice<Role>("role", {{"owner", Role::kOwner},
                                    {"admin", Role::kAdmin},
                                    {"auditor", Role::kAuditor},
                                    {"verifier", Role::kVerifier}});
}

Result<Response> member_answer(int status, const Member& member,
                               const std::optional<MemberProfile>& profile) {
  Response response = json_response(status, member_json(member, profile));
  set_etag(response, member.version);
  if (status == 201) {
    response.headers.emplace_back("Location", "/v1/members/" + to_text(member.id));
  }
  return response;
}

// The caller's workspace has this member, removed or not.
Result<std::shared_ptr<const MemberView>> find_member(const Call& call) {
  const auto id = call.id<MemberId>();
  if (!id) return fail(id.error());
  auto view = call.api.projections.directory().member(*id);
  if (!view || view->member.workspace != call.caller->workspace) {
    return fail(ErrorCode::kNotFound, "There is no such member in this workspace.");
  }
  return view;
}

// What the first of these calls answered, from its event and the blob beside it.
Result<Response> answer_again(const Call& call, const Receipt& receipt) {
  const auto events = events_of(call, receipt);
  if (!events) return fail(events.error());
  const EventAt& added = events->front();
  const auto member = call.api.projections.streams().member_at(MemberId{added.event.stream.id},
                                                               added.event.position);
  if (!member) return fail(member.error());
  if (!*member) return fail(ErrorCode::kInternal, "a remembered call added no member");
  std::optional<MemberProfile> profile;
  if (added.side.subject) {
    auto decoded = decode_member_profile(added.side.subject->bytes);
    if (!decoded) return fail(decoded.error());
    profile = std::move(*decoded);
  }
  return member_answer(201, **member, profile);
}

}  // namespace

Result<Response> list_members(Call& call) {
  QueryReader query(call);
  const auto status =
      query.choice<std::string_view>("status", {{"active", "active"}, {"removed", "removed"}});
  const bool removed = status.value_or("active") == "removed";
  const std::size_t limit = query.limit();
  const std::string after = query.cursor();
  const auto asked = read_as_of(query);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto moment = settle_moment(call, asked);
  if (!moment) return fail(moment.error());

  Past then(call.api.projections, call.api.log, moment->position);
  MemberId last;
  if (!after.empty()) last.bytes = ByteReader(after).array<16>();
  Json data = Json::array();
  std::optional<std::string> next;
  for (const auto& now : call.api.projections.directory().members(call.caller->workspace)) {
    if (!after.empty() && now->member.id <= last) continue;
    const auto found = then.member(now->member.id);
    if (!found) return fail(found.error());
    const auto& view = *found;
    if (!view || view->member.removed != removed) continue;
    if (data.size() == limit) {
      std::string payload;
      ByteWriter(payload).array(last.bytes);
      next = make_cursor(call, payload);
      break;
    }
    data.push_back(member_json(view->member, view->profile));
    last = view->member.id;
  }
  return page_response(std::move(data), next);
}

Result<Response> get_member(Call& call) {
  QueryReader query(call);
  const auto asked = read_as_of(query);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto moment = settle_moment(call, asked);
  if (!moment) return fail(moment.error());
  auto view = find_member(call);
  if (!view) return fail(view.error());
  if (moment->is_past) {
    view = Past(call.api.projections, call.api.log, moment->position).member((*view)->member.id);
    if (!view) return fail(view.error());
    if (!*view) return fail(ErrorCode::kNotFound, "There was no member with this id then.");
  }
  return member_answer(200, (*view)->member, (*view)->profile);
}

Result<Response> create_member(Call& call) {
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  auto name = body.required_text("name", kMaxName);
  auto email = body.required_text("email", kMaxEmail);
  check_email(body, email);
  const auto role = read_role(body);
  if (!body.has("role")) body.fault("role", FieldFault::kRequired, "is required");
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const MemberProfile profile{std::move(*name), std::move(*email)};
  const AddMember command{MemberId{make_ulid(call.now, random_bytes<10>())}, *role,
                          commit_to(encode_blob(profile))};
  const auto receipt = submit(call, command, std::move(reason));
  if (!receipt) return fail(receipt.error());
  if (receipt->replayed) return answer_again(call, *receipt);
  if (!receipt->member) return fail(ErrorCode::kInternal, "a member was added and is not there");
  return member_answer(201, *receipt->member, profile);
}

namespace {

struct MemberChange {
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<Role> role;
};

// A profile is recorded whole, so it must be made from the newest one: after a change that came in
// between it is made anew, unless the client asked for one version.
Result<Response> change_profile(Call& call, const MemberChange& change, const std::string& reason) {
  constexpr int kMaxAttempts = 16;
  for (int attempt = 1;; ++attempt) {
    const auto view = find_member(call);
    if (!view) return fail(view.error());
    const MemberProfile before = (*view)->profile.value_or(MemberProfile{});
    const MemberProfile after{change.name.value_or(before.name),
                              change.email.value_or(before.email)};
    ChangeMember command{(*view)->member.id, change.role, std::nullopt};
    if (!(after == before)) {
      command.profile = commit_to(encode_blob(after));
      command.made_from = (*view)->member.profile_at;
    }
    const auto receipt = submit(call, std::move(command), reason);
    if (receipt) return member_answer(200, receipt->member.value_or((*view)->member), after);
    const bool outdated = receipt.error().code == ErrorCode::kVersionMismatch &&
                          call.request.header("If-Match").value_or("*") == "*" &&
                          attempt < kMaxAttempts;
    if (!outdated) return fail(receipt.error());
  }
}

}  // namespace

Result<Response> change_member(Call& call) {
  if (const auto view = find_member(call); !view) return fail(view.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  for (const char* field : {"name", "email", "role"}) body.not_cleared(field);
  const auto name = body.text("name", kMaxName);
  const auto email = body.text("email", kMaxEmail);
  check_email(body, email);
  const auto role = read_role(body);
  const std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));
  return change_profile(call, {name, email, role}, reason);
}

Result<Response> create_management_key(Call& call) {
  const auto member = call.id<MemberId>();
  if (!member) return fail(member.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  IssueManagementKey command;
  command.member = *member;
  command.name = body.text("name", kMaxName).value_or(std::string(kDefaultKeyName));
  command.expires_at = body.time("expires_at");
  command.allowed_ips = body.networks("allowed_ips").value.value_or(std::vector<NetworkRule>());
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  const Secret secret =
      make_secret(KeyType::kManagement, Environment::kLive, workspace->policy.secret_prefix);
  command.id = KeyId{make_ulid(call.now, random_bytes<10>())};
  command.secret = {SecretId{make_ulid(call.now, random_bytes<10>())}, secret.hash(),
                    secret.handle()};
  const SecretId id = command.secret.id;
  const auto receipt = submit_with_secret(call, std::move(command), std::move(reason), id, secret);
  if (!receipt) return fail(receipt.error());
  return answer_with_secret(call, *receipt, 201, secret, SecretShape::kInKey);
}

}  // namespace keyledger::http
