#include <fmt/format.h>

#include <cstdio>

#include "http/json.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/service.h"

namespace keyledger {

int run_dump(const DumpOptions& options) {
  ServiceOptions service_options;
  service_options.data = options.data;
  service_options.housekeeping = false;
  service_options.progress = progress_line("Catching up:");
  auto service = Service::open(service_options);
  if (!service) return report_failure(service.error());
  const Projections& projections = (*service)->projections();
  const std::uint64_t size = (*service)->log().size();
  for (std::uint64_t position = 0; position < size; ++position) {
    const auto entry = projections.audit().entry(position);
    if (!entry) return report_failure(entry.error());
    const std::string line = http::dump(http::audit_entry_json(*entry)) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
      return report_failure({ErrorCode::kStorage, "standard output was closed", {}, {}});
    }
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace keyledger
