#include "tests/support/test_ledger.h"

#include <rocksdb/env.h>

#include <stdexcept>

#include "events/crypto.h"
#include "events/event_codec.h"
#include "events/frame.h"
#include "http/routes.h"
#include "http/secret.h"

namespace keyledger {
namespace {

template <typename IdType>
IdType fresh_id(Timestamp now) {
  return IdType{make_ulid(now, random_bytes<10>())};
}

// A test that cannot even be set up has nothing to say.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("TestLedger: " + result.error().detail);
  return std::move(*result);
}

SecretFacts facts_of(const http::Secret& secret, Timestamp now) {
  return {fresh_id<SecretId>(now), secret.hash(), secret.handle()};
}

}  // namespace

std::string TestLedger::Answer::header(std::string_view name) const {
  return std::string(response.header(name).value_or(""));
}

std::uint64_t TestLedger::Answer::position() const {
  return std::stoull(header("Ledger-Position"));
}

std::string TestLedger::Answer::code() const { return body.value("code", ""); }

std::vector<std::string> TestLedger::Answer::faults() const {
  std::vector<std::string> out;
  for (const auto& fault : body.value("errors", nlohmann::json::array())) {
    out.push_back(fault.value("field", "") + ' ' + fault.value("code", ""));
  }
  return out;
}

TestLedger::TestLedger(Policy policy) : disk(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
  open();
  found(std::move(policy));
}

TestLedger::~TestLedger() { close(End::kStop); }

void TestLedger::open() {
  StoreOptions store_options;
  store_options.env = disk.get();
  const std::string path = "/derived" + std::to_string(openings_);
  projections = must(Projections::open(log, path, store_options, {}));
  const auto usage = projections->usage().open("/usage", store_options, clock.now());
  if (!usage) throw std::runtime_error("TestLedger: " + usage.error().detail);
  const LedgerHead head{projections->directory().log_id(), log.size(), projections->last_time()};
  LedgerOptions options;
  options.clock = [this] { return clock.now(); };
  ledger = std::make_unique<Ledger>(log, *projections, projections->projector(), head, options);
  http::ApiOptions api_options;
  api_options.clock = [this] { return clock.now(); };
  api_options.version = "test";
  api_options.access_log = [this](const http::AccessRecord& record) {
    if (keep_access_log) access.push_back(record);
  };
  api_options.sleep_until = [](http::EvenAnswers::Clock::time_point) {};
  if (further_options_) further_options_(api_options);
  api = std::make_unique<http::Api>(*ledger, *projections, log, api_options);
}

void TestLedger::close(End end) {
  api.reset();
  if (ledger) ledger->stop();
  ledger.reset();
  if (projections && end == End::kStop) projections->usage().close(clock.now());
  projections.reset();
}

void TestLedger::restart(Rows rows, End end) {
  close(end);
  if (rows == Rows::kForget) ++openings_;
  open();
}

void TestLedger::restart_with(std::function<void(http::ApiOptions&)> options) {
  further_options_ = std::move(options);
  restart();
}

void TestLedger::found(Policy policy) {
  const Timestamp now = clock.now();
  const http::Secret secret = http::make_secret(KeyType::kManagement, Environment::kLive, "");
  FoundLedger command;
  command.log_id = fresh_id<LogId>(now);
  command.origin = "keyledger/test";
  command.workspace = fresh_id<WorkspaceId>(now);
  command.workspace_name = "Acme";
  command.profile = "default";
  command.policy = std::move(policy);
  command.owner = fresh_id<MemberId>(now);
  command.owner_profile = commit_to(encode_blob(MemberProfile{"Olga", "olga@acme.example"}));
  command.key = fresh_id<KeyId>(now);
  command.key_name = "owner";
  command.secret = facts_of(secret, now);
  Submission submission;
  submission.call.workspace = command.workspace;
  submission.command = command;
  must(ledger->execute(submission));
  workspace = command.workspace;
  owner = {to_text(command.owner), to_text(command.key), std::string(secret.reveal())};
}

TestLedger::Answer TestLedger::call(std::string_view secret, std::string_view method,
                                    std::string_view target, std::string_view body,
                                    const Headers& headers) {
  http::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.peer = "192.0.2.7";
  if (!secret.empty()) request.headers.emplace("Authorization", "Bearer " + std::string(secret));
  if (!body.empty()) request.headers.emplace("Content-Type", "application/json");
  for (const auto& [name, value] : headers) request.headers.emplace(name, value);
  Answer answer;
  answer.response = http::handle(*api, request);
  answer.status = answer.response.status;
  answer.body = nlohmann::json::parse(answer.response.body, nullptr, false);
  return answer;
}

TestLedger::Person TestLedger::add_member(std::string_view role, std::string_view name) {
  const nlohmann::json body = {{"name", name}, {"email", "ada@acme.example"}, {"role", role}};
  const Answer member = call(owner.secret, "POST", "/v1/members", body.dump());
  if (member.status != 201) throw std::runtime_error(member.response.body);
  const std::string id = member.body.at("id");
  const Answer key = call(owner.secret, "POST", "/v1/members/" + id + "/management_keys", "{}");
  if (key.status != 201) throw std::runtime_error(key.response.body);
  return {id, key.body.at("id"), key.body.at("secret")};
}

nlohmann::json TestLedger::add_key(std::string_view name, const nlohmann::json& extra) {
  nlohmann::json body = {{"type", "private"}, {"name", name}};
  if (!extra.is_null()) body.update(extra);
  const Answer answer = call(owner.secret, "POST", "/v1/keys", body.dump());
  if (answer.status != 201) throw std::runtime_error(answer.response.body);
  return answer.body;
}

TestLedger::Tenant TestLedger::add_tenant(std::string_view name) {
  const nlohmann::json body = {{"name", name},
                               {"owner", {{"name", "Sven"}, {"email", "sven@other.example"}}}};
  const Answer made = call(owner.secret, "POST", "/v1/workspaces", body.dump());
  if (made.status != 201) throw std::runtime_error(made.response.body);
  const nlohmann::json& key = made.body.at("management_key");
  return {{made.body.at("owner").at("id"), key.at("id"), key.at("secret")},
          made.body.at("workspace").at("id")};
}

}  // namespace keyledger
