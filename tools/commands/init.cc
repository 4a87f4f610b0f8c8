#include <fmt/format.h>

#include "core/profiles.h"
#include "http/fields.h"
#include "http/secret.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/key_file.h"
#include "tools/service.h"

namespace keyledger {
namespace {

template <typename IdType>
IdType fresh_id(Timestamp now) {
  return IdType{make_ulid(now, random_bytes<10>())};
}

Result<void> check_options(const InitOptions& options) {
  http::FieldFaults faults;
  http::check_text(faults, "--workspace", options.workspace, http::kMaxName);
  http::check_text(faults, "--owner-name", options.owner_name, http::kMaxName);
  http::check_text(faults, "--owner-email", options.owner_email, http::kMaxName);
  if (auto refusal = faults.verdict()) return fail(std::move(*refusal));
  if (!profile_policy(options.profile)) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("there is no profile \"{}\": use one of {}",
                                                        options.profile, profile_names()));
  }
  return {};
}

}  // namespace

int run_init(const InitOptions& options) {
  if (const auto fine = check_options(options); !fine) return report_failure(fine.error());

  ServiceOptions service_options;
  service_options.data = options.data;
  service_options.create = true;
  service_options.housekeeping = false;
  auto service = Service::open(service_options);
  if (!service) return report_failure(service.error());
  if ((*service)->log().size() > 0) {
    return report_failure(
        {ErrorCode::kWrongState, fmt::format("there is a ledger in {}", options.data)});
  }

  const Timestamp now = wall_clock();
  const http::Secret secret = http::make_secret(KeyType::kManagement, Environment::kLive, "");
  // Before the ledger knows the key: a key that nobody holds would lock its owner out.
  auto key_file = KeyFile::write(options.key_file, secret);
  if (!key_file) return report_failure(key_file.error());

  FoundLedger found;
  found.log_id = fresh_id<LogId>(now);
  found.origin = "keyledger/" + to_text(found.log_id);
  found.workspace = fresh_id<WorkspaceId>(now);
  found.workspace_name = options.workspace;
  found.profile = options.profile;
  found.policy = profile_policy(options.profile).value();
  found.owner = fresh_id<MemberId>(now);
  found.owner_profile =
      commit_to(encode_blob(MemberProfile{options.owner_name, options.owner_email}));
  found.key = fresh_id<KeyId>(now);
  found.key_name = "owner";
  found.secret = {fresh_id<SecretId>(now), secret.hash(), secret.handle()};
  Submission submission;
  submission.call.workspace = found.workspace;
  submission.command = found;
  const auto done = (*service)->ledger().execute(std::move(submission));
  if (!done) return report_failure(done.error());
  (*service)->stop();
  key_file->keep();

  fmt::print("Workspace {} ({}) is ready in {}.\n", options.workspace, to_text(found.workspace),
             options.data);
  fmt::print("The management key of its owner {} is in {} (mode 0600).\n", to_text(found.owner),
             options.key_file);
  return 0;
}

}  // namespace keyledger
