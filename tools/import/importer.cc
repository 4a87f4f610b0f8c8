#include "tools/import/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "http/json.h"

namespace keyledger {
namespace {

using http::ClientAnswer;
using http::Json;
using Milliseconds = std::chrono::milliseconds;

constexpr int kMaxTries = 17;  // of one call: about a minute of waiting
constexpr Milliseconds kFirstWait{100};
constexpr Milliseconds kLongestWait{5000};
constexpr std::uint64_t kMostRetryAfter = 60;  // seconds that a server may ask for

Milliseconds wait_before(int repeat, const ClientAnswer* answer) {
  const Milliseconds own = std::min(kLongestWait, kFirstWait * (1 << std::min(repeat, 10)));
  if (answer == nullptr || !answer->retry_after) return own;
  const auto seconds = std::min(*answer->retry_after, kMostRetryAfter);
  return std::max(own, Milliseconds(static_cast<std::int64_t>(seconds) * 1000));
}

// Whether the same call may be answered otherwise later.
bool is_passing(int status) { return status == 429 || status >= 500; }

// The problem document of a refusal (RFC 9457), as far as it is one.
struct Problem {
  std::string detail;
  std::vector<Refusal> refusals;
};
Problem problem_in(const ClientAnswer& answer) {
  Problem problem{fmt::format("the server answered {}", answer.status), {}};
  const auto json = http::parse_body(answer.body);
  if (!json) return problem;
  const auto text = [](const Json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (auto detail = text(*json, "detail"); !detail.empty()) problem.detail = std::move(detail);
  if (!json->contains("errors")) return problem;
  for (const Json& one : (*json)["errors"]) {
    if (!one.is_object()) continue;
    problem.refusals.push_back({text(one, "field"), text(one, "code"), text(one, "message")});
  }
  return problem;
}

// How many of the keys were there already, as the answer says; nothing if it is none of ours.
std::optional<std::uint64_t> known_in(const ClientAnswer& answer) {
  const auto json = http::parse_body(answer.body);
  if (!json) return std::nullopt;
  const auto there = json->find("already_there");
  if (there == json->end() || !there->is_number_unsigned()) return std::nullopt;
  return there->get<std::uint64_t>();
}

// Only ours say at which position they stand; any web server may answer 200.
bool is_done(const ClientAnswer& answer) { return answer.status < 300 && answer.position; }

constexpr std::string_view kPlace = "keys[";

// "keys[3].name": 3, and "name" stays in `field`. Nothing for a field of the call as a whole.
std::optional<std::size_t> take_index(std::string& field) {
  if (!field.starts_with(kPlace)) return std::nullopt;
  std::size_t index = 0;
  const char* const end = field.data() + field.size();
  const auto parsed = std::from_chars(field.data() + kPlace.size(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != ']') return std::nullopt;
  const auto rest = static_cast<std::size_t>(parsed.ptr + 1 - field.data());
  field.erase(0, rest < field.size() ? rest + 1 : rest);  // the dot, too
  return index;
}

// "keys[3] has the same name.": "line 17 has the same name."
std::string with_line(const std::string& message, const ImportBatch& batch) {
  std::string rest = message;
  const auto index = take_index(rest);
  if (!index || *index >= batch.records.size()) return message;
  return fmt::format("line {} {}", batch.records[*index].line, rest);
}

// What all workers share.
class Run {
 public:
  Run(BatchReader batches, const ImporterOptions& options)
      : batches_(std::move(batches)), options_(options) {}

  // Sees to one batch after the other. On several threads.
  void work() {
    const ImporterOptions::Post post = options_.connect();
    while (auto batch = next()) {
      const std::uint64_t bytes = batch->bytes;
      see_to(std::move(*batch), post);
      const std::lock_guard lock(mutex_);
      if (!ended_) options_.on_progress(report_.counts, bytes);
    }
  }

  [[nodiscard]] ImportReport report() { return std::move(report_); }

 private:
  using Indexed = std::map<std::size_t, std::vector<Refusal>>;  // by place in the batch

  std::optional<ImportBatch> next() {
    const std::lock_guard lock(mutex_);
    if (ended_) return std::nullopt;
    auto batch = batches_.next();
    if (!batch) {
      end(batch.error());
      return std::nullopt;
    }
    return std::move(*batch);
  }

  // Under the lock.
  void end(const Error& error) {
    if (!report_.failure) report_.failure = error;
    ended_ = true;
  }
  void fail_with(const std::string& why) {
    const std::lock_guard lock(mutex_);
    end({ErrorCode::kUnavailable, why});
  }
  [[nodiscard]] bool ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  void count_done(const ClientAnswer& answer, std::uint64_t sent) {
    const auto known = answer.replayed ? std::optional(sent) : known_in(answer);
    if (!known || *known > sent) return fail_with("the server does not say what it has imported");
    const std::lock_guard lock(mutex_);
    report_.counts.known += *known;
    report_.counts.imported += sent - *known;
  }

  // The answer that settles the call; nothing if there was none in time, or the import ended.
  std::optional<ClientAnswer> call(const ImporterOptions::Post& post, const std::string& body,
                                   const std::string& key) {
    for (int tries = 1;; ++tries) {
      auto answer = post(body, key);
      if (answer && !is_passing(answer->status)) return std::move(*answer);
      const std::string why = answer ? problem_in(*answer).detail : answer.error().detail;
      const bool may_pass = answer || answer.error().code == ErrorCode::kUnavailable;
      if (tries == kMaxTries || !may_pass) {
        fail_with(why);
        return std::nullopt;
      }
      {
        const std::lock_guard lock(mutex_);
        if (ended_) return std::nullopt;
        options_.on_repeat(why);
      }
      options_.wait(wait_before(tries - 1, answer ? &*answer : nullptr));
    }
  }

  // Sends the batch until every record of it is imported or refused. What is sent without the
  // refused records is another call, with a key of its own: who mends them and repeats the command
  // sends the whole once more, and the ledger takes what it does not have.
  void see_to(ImportBatch batch, const ImporterOptions::Post& post) {
    Indexed broken;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const auto& fault = batch.records[i].fault;
      if (fault) broken[i].push_back({"", "invalid", *fault});
    }
    if (!broken.empty() && !take_out(batch, broken)) return;
    while (!batch.records.empty() && !ended()) {
      const std::string body = batch.body();
      const auto answer = call(post, body, idempotency_key_of(body));
      if (!answer) return;
      if (is_done(*answer)) return count_done(*answer, batch.records.size());
      if (answer->status == 413) return see_to_halves(std::move(batch), post);
      if (!take_refused(batch, problem_in(*answer))) return;
    }
  }

  // The events of the batch are too large for one frame.
  void see_to_halves(ImportBatch batch, const ImporterOptions::Post& post) {
    if (batch.records.size() == 1) {
      const Indexed alone = {{0, {{"", "too_long", "makes too large an event"}}}};
      static_cast<void>(take_out(batch, alone));
      return;
    }
    const auto middle =
        batch.records.begin() + static_cast<std::ptrdiff_t>(batch.records.size() / 2);
    ImportBatch rest;
    rest.records.assign(std::make_move_iterator(middle),
                        std::make_move_iterator(batch.records.end()));
    batch.records.erase(middle, batch.records.end());
    see_to(std::move(batch), post);
    if (!ended()) see_to(std::move(rest), post);
  }

  // Takes out what the refusal names. False: that ends the import.
  bool take_refused(ImportBatch& batch, const Problem& problem) {
    Indexed refused;
    for (Refusal refusal : problem.refusals) {
      const auto index = take_index(refusal.field);
      if (!index || *index >= batch.records.size()) {
        const bool is_told = !index && !refusal.message.empty();
        fail_with(is_told ? refusal.field + ": " + refusal.message : problem.detail);
        return false;
      }
      refusal.message = with_line(refusal.message, batch);
      refused[*index].push_back(std::move(refusal));
    }
    if (refused.empty()) fail_with(problem.detail);
    return !refused.empty() && take_out(batch, refused);
  }

  bool take_out(ImportBatch& batch, const Indexed& refused) {
    const std::lock_guard lock(mutex_);
    std::vector<RefusedRecord> taken;
    for (const auto& [index, refusals] : refused) {
      taken.push_back({batch.records[index], refusals});
    }
    if (!options_.on_refused) {
      const bool is_first = report_.refused.empty() ||
                            taken.front().record.line < report_.refused.front().record.line;
      if (is_first) report_.refused = std::move(taken);
      ended_ = true;
      return false;
    }
    for (const RefusedRecord& one : taken) {
      if (options_.on_refused(one)) continue;
      end({ErrorCode::kStorage, "the refused lines cannot be written"});
      return false;
    }
    for (auto one = refused.rbegin(); one != refused.rend(); ++one) {
      batch.records.erase(batch.records.begin() + static_cast<std::ptrdiff_t>(one->first));
    }
    report_.counts.refused += taken.size();
    return true;
  }

  std::mutex mutex_;
  BatchReader batches_;
  const ImporterOptions& options_;
  ImportReport report_;
  bool ended_ = false;
};

}  // namespace

ImportReport run_importer(BatchReader batches, const ImporterOptions& options) {
  Run run(std::move(batches), options);
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < options.in_flight; ++i) {
    workers.emplace_back([&run] { run.work(); });
  }
  for (std::thread& worker : workers) worker.join();
  return run.report();
}

}  // namespace keyledger
