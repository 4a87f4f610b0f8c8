#include <fmt/format.h>

#include "http/secret.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/key_file.h"
#include "tools/service.h"

namespace keyledger {

int run_recover(const RecoverOptions& options) {
  const auto member_id = parse_id<MemberId>(options.member);
  if (!member_id) {
    return report_failure({ErrorCode::kInvalidRequest,
                           fmt::format("{} is not a member's id", options.member),
                           {},
                           {}});
  }
  ServiceOptions service_options;
  service_options.data = options.data;
  service_options.housekeeping = false;
  auto service = Service::open(service_options);
  if (!service) return report_failure(service.error());
  const auto member = (*service)->projections().directory().member(*member_id);
  if (!member) {
    return report_failure(
        {ErrorCode::kNotFound, fmt::format("there is no member {}", options.member), {}, {}});
  }

  const Timestamp now = wall_clock();
  const http::Secret secret = http::make_secret(KeyType::kManagement, Environment::kLive, "");
  auto key_file = KeyFile::write(options.key_file, secret);
  if (!key_file) return report_failure(key_file.error());

  IssueManagementKey issue;
  issue.id = KeyId{make_ulid(now, random_bytes<10>())};
  issue.member = *member_id;
  issue.name = "recovered";
  issue.secret = {SecretId{make_ulid(now, random_bytes<10>())}, secret.hash(), secret.handle()};
  Submission submission;
  submission.call.workspace = member->member.workspace;
  submission.call.reason = "keyledger recover";
  submission.command = issue;
  const auto done = (*service)->ledger().execute(std::move(submission));
  if (!done) return report_failure(done.error());
  (*service)->stop();
  key_file->keep();
  fmt::print("A new management key of {} is in {} (mode 0600).\n", options.member,
             options.key_file);
  return 0;
}

}  // namespace keyledger
