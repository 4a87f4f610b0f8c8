// The program: which options each command takes. What the commands do is in tools/commands/.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>

#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/config_file.h"
#include "tools/logging.h"
#include "tools/version.h"

namespace keyledger {
namespace {

// Options come from flags, then from KEYLEDGER_* variables, then from the file given with --config.
CLI::Option* add(CLI::App& command, const std::string& name, std::string& value,
                 const std::string& help) {
  std::string variable = "KEYLEDGER_" + name;
  for (char& c : variable) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return command.add_option("--" + name, value, help)->envname(variable);
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& help,
                      const std::string& example) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->footer("\nExample:\n  " + example);
  // Read before the options are (tools/config_file.h); here it is known and explained.
  command->add_option("--config", "TOML file with the long names of options as keys")
      ->envname("KEYLEDGER_CONFIG");
  return command;
}

struct Options {
  InitOptions init;
  ServeOptions serve;
  RecoverOptions recover;
  DumpOptions dump;
  VerifyOptions verify;
  ImportOptions import;
};

void add_init(CLI::App& app, InitOptions& init, int& exit_code) {
  CLI::App* const command =
      add_command(app, "init", "make a ledger, its first workspace and the owner's management key",
                  "keyledger init --data ./data --workspace acme --owner-name Ada "
                  "--owner-email ada@example.com --key-file ./owner.key");
  add(*command, "data", init.data, "directory of the ledger, made if missing")->required();
  add(*command, "workspace", init.workspace, "name of the workspace")->required();
  add(*command, "owner-name", init.owner_name, "name of its first owner")->required();
  add(*command, "owner-email", init.owner_email, "e-mail of its first owner")->required();
  add(*command, "profile", init.profile, "policy to begin with")->capture_default_str();
  add(*command, "key-file", init.key_file,
      "where the owner's management key is written (0600); must not exist")
      ->required();
  command->callback([&init, &exit_code] { exit_code = run_init(init); });
}

void add_serve(CLI::App& app, ServeOptions& serve, int& exit_code) {
  CLI::App* const command = add_command(app, "serve", "serve the ledger over HTTP until SIGTERM",
                                        "keyledger serve --data ./data --listen 127.0.0.1:8080");
  add(*command, "data", serve.data, "directory of the ledger")->required();
  add(*command, "listen", serve.listen, "HOST:PORT, loopback unless --behind-tls-proxy")
      ->capture_default_str();
  add(*command, "metrics-listen", serve.metrics_listen,
      "HOST:PORT of GET /metrics (Prometheus); not given: no metrics");
  command
      ->add_flag("--behind-tls-proxy", serve.behind_tls_proxy,
                 "allow addresses other than loopback: a TLS proxy on a trusted network is before")
      ->envname("KEYLEDGER_BEHIND_TLS_PROXY");
  command
      ->add_option("--host", serve.hosts,
                   "a name under which clients reach it, repeatable; other Hosts are answered 421")
      ->envname("KEYLEDGER_HOST");
  command
      ->add_option("--trusted-proxies", serve.trusted_proxies,
                   "networks of the gateways and proxies that say whom they speak for, with commas "
                   "between, or none; not given: loopback")
      ->delimiter(',')
      ->envname("KEYLEDGER_TRUSTED_PROXIES");
  add(*command, "leak-keys", serve.leak_keys,
      "file with the public keys that sign reports of leaks, in GitHub's JSON; not given: none are "
      "taken");
  add(*command, "log-level", serve.log_level, "debug, info, warn, error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  add(*command, "log-format", serve.log_format, "text, json or auto (text on a terminal)")
      ->check(CLI::IsMember({"text", "json", "auto"}))
      ->capture_default_str();
  command->add_option("--access-log", serve.access_log, "true or false: a line for each request")
      ->envname("KEYLEDGER_ACCESS_LOG")
      ->capture_default_str();
  const auto number = [&](const char* name, std::uint32_t& value, const char* variable,
                          const char* help, int least = 1) {
    command->add_option(name, value, help)
        ->envname(variable)
        ->check(CLI::Range(least, 1'000'000))
        ->capture_default_str();
  };
  number("--threads", serve.threads, "KEYLEDGER_THREADS",
         "requests that may wait for the disk at a time");
  number("--connections", serve.connections, "KEYLEDGER_CONNECTIONS", "open at a time");
  number(
      "--connections-per-address", serve.connections_per_address,
      "KEYLEDGER_CONNECTIONS_PER_ADDRESS",
      "of one IPv4 address or IPv6 /64, loopback excepted; raise it for a proxy on another host");
  number(
      "--refusals-per-minute", serve.refusals_per_minute, "KEYLEDGER_REFUSALS_PER_MINUTE",
      "of wrong keys of one client address, before it is told 429 instead of 401, and of secrets "
      "that it gives up; 0: any",
      0);
  command->add_flag("--accept-rollback", serve.accept_rollback,
                    "go on with a ledger that lost its end, under a new origin; recorded");
  command->callback([&serve, &exit_code] { exit_code = run_serve(serve); });
}

void add_offline(CLI::App& app, Options& options, int& exit_code) {
  CLI::App* command =
      add_command(app, "recover", "issue a management key to a member, offline",
                  "keyledger recover --data ./data --member mem_01J… --key-file ./new.key");
  add(*command, "data", options.recover.data, "directory of the ledger")->required();
  add(*command, "member", options.recover.member, "id of the member")->required();
  add(*command, "key-file", options.recover.key_file,
      "where the key is written (0600); must not exist")
      ->required();
  command->callback([&options, &exit_code] { exit_code = run_recover(options.recover); });

  command = add_command(app, "dump", "print every event, one JSON audit entry a line",
                        "keyledger dump --data ./data | jq -r '[.time, .action] | @tsv'");
  add(*command, "data", options.dump.data, "directory of the ledger")->required();
  command->callback([&options, &exit_code] { exit_code = run_dump(options.dump); });

  command = add_command(
      app, "verify", "check every byte of the record: exit 0 intact, 1 damaged, 2 could not look",
      "keyledger verify --data ./data --json");
  add(*command, "data", options.verify.data, "directory of the ledger; no server may hold it")
      ->required();
  command->add_flag("--json", options.verify.json, "one JSON object on standard output");
  command->callback([&options, &exit_code] { exit_code = run_verify(options.verify); });
}

void add_import(CLI::App& app, ImportOptions& import, int& exit_code) {
  CLI::App* const command = add_command(
      app, "import",
      "bring keys that were made elsewhere, by the SHA-256 of their secrets, into a running "
      "service.\nMay be repeated, also after lines were mended or added: it passes over what is "
      "there.\n"
      "Exit 0: every line is in the ledger; 1: lines were refused; 2: it could not go on",
      "KEYLEDGER_TOKEN=$(cat owner.key) keyledger import --url http://127.0.0.1:8080 --file "
      "keys.csv --dry-run\n"
      "  keyledger import --url https://keys.example.com --token-file owner.key --file keys.ndjson "
      "--skip-errors refused.ndjson");
  add(*command, "url", import.url, "of the service: https, or http on this machine")->required();
  command->add_option("--file", import.file, "CSV with a header row, or NDJSON")->required();
  command->add_option("--format", import.format, "csv or ndjson; not given: as the file is named")
      ->check(CLI::IsMember({"csv", "ndjson"}));
  command->add_option("--batch", import.batch, "keys in one call, at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add(*command, "token-file", import.token_file,
      "file with the management key of an owner or admin; not given: it is in KEYLEDGER_TOKEN");
  command->add_option("--skip-errors", import.skip_errors,
                      "add refused lines with their reasons to this file and go on; not given: the "
                      "first one ends the import");
  command->add_option("--reason", import.reason, "why; recorded with every key for ever");
  command->add_flag("--dry-run", import.dry_run,
                    "check every line against the workspace as it is, and import nothing");
  command->add_flag("--json", import.json, "the counts as one JSON object on standard output");
  command->callback([&import, &exit_code] { exit_code = run_import(import); });
}

}  // namespace
}  // namespace keyledger

int main(int argc, char** argv) {
  CLI::App app{"keyledger: a ledger of API keys that can prove its history"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("keyledger ") + keyledger::kVersion);
  app.footer(
      "\nExit codes: 0 done; 1 refused, failed or damaged; 2 verify could not look or\n"
      "import could not go on; above 100 the options were wrong. `keyledger COMMAND --help` has "
      "examples.");
  // To standard error in every command: standard output is for what was asked.
  keyledger::start_logging(keyledger::default_log_format(), "info");
  int exit_code = 0;
  keyledger::Options options;
  keyledger::add_init(app, options.init, exit_code);
  keyledger::add_serve(app, options.serve, exit_code);
  keyledger::add_offline(app, options, exit_code);
  keyledger::add_import(app, options.import, exit_code);

  auto arguments = keyledger::with_config_file(app, {argv + 1, argv + argc});
  if (!arguments) return keyledger::report_failure(arguments.error());
  std::reverse(arguments->begin(), arguments->end());  // CLI11 takes them from the end
  try {
    app.parse(std::move(*arguments));
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return exit_code;
}
