// The commands of the program, apart from how their options are given (tools/keyledger.cc). Each
// answers the exit code: 0 done; 1 refused, failed, or (verify) damaged; 2 (verify) could not look,
// (import) could not go on.
// What people read goes to standard output, what went wrong to standard error. No option is ever a
// secret.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace keyledger {

struct InitOptions {
  std::string data;
  std::string workspace;
  std::string owner_name;
  std::string owner_email;
  std::string profile = "default";
  std::string key_file;
};
[[nodiscard]] int run_init(const InitOptions& options);

struct ServeOptions {
  std::string data;
  std::string listen = "127.0.0.1:8080";  // loopback, unless behind_tls_proxy
  std::string metrics_listen;             // likewise; empty: no metrics
  bool behind_tls_proxy = false;          // somebody else speaks TLS with the clients
  // Names under which clients reach it, besides the loopback ones and the listen address.
  std::vector<std::string> hosts;
  // Networks of proxies whose word about their clients counts; "none": nobody's. Empty: loopback.
  std::vector<std::string> trusted_proxies;
  std::string leak_keys;  // file of the public keys that reports of leaks are signed with; or empty
  std::string log_level = "info";
  std::string log_format = "auto";              // text, json, auto: text on a terminal
  bool access_log = true;                       // one line a request
  std::uint32_t threads = 128;                  // requests that may wait for the disk at a time
  std::uint32_t connections = 4096;             // at a time
  std::uint32_t connections_per_address = 256;  // likewise; not counted for this machine's own
  std::uint32_t refusals_per_minute = 60;       // of wrong keys, of one client address; 0: any
  bool accept_rollback = false;
};
[[nodiscard]] int run_serve(const ServeOptions& options);

struct RecoverOptions {
  std::string data;
  std::string member;
  std::string key_file;
};
[[nodiscard]] int run_recover(const RecoverOptions& options);

struct DumpOptions {
  std::string data;
};
[[nodiscard]] int run_dump(const DumpOptions& options);

struct VerifyOptions {
  std::string data;
  bool json = false;
};
[[nodiscard]] int run_verify(const VerifyOptions& options);

struct ImportOptions {
  std::string url;  // of the service
  std::string file;
  std::string format;          // csv, ndjson; empty: by the file's name
  std::uint32_t batch = 1000;  // keys in one call, at most
  std::string token_file;      // with the management key; empty: KEYLEDGER_TOKEN has it
  std::string skip_errors;     // where refused lines go; empty: the first one ends the import
  std::string reason;
  bool dry_run = false;
  bool json = false;
};
// 0: every line is in the ledger; 1: lines were refused; 2: it could not go on.
[[nodiscard]] int run_import(const ImportOptions& options);

}  // namespace keyledger
