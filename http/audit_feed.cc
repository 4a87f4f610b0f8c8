#include "http/audit_feed.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "http/json.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kEntriesAtOnce = 100;
constexpr std::size_t kFeedPiece = 16'384;  // the client has a deadline for each
// How long a client waits before it comes again; 3 s is what browsers do by themselves.
constexpr std::string_view kRetry = "retry: 3000\n";
constexpr std::string_view kNoMore =
    ": This management key may not read the audit trail any more.\n\n";

// A client keeps the id also of a message without data (WHATWG HTML section 9.2.6).
std::string id_line(std::uint64_t position) { return "id: " + std::to_string(position) + '\n'; }

void append_message(const AuditEntry& entry, std::string& text) {
  text += id_line(entry.event.position);
  text.append("event: ").append(action_name(entry.event.event)).append("\ndata: ");
  text.append(dump(audit_entry_json(entry))).append("\n\n");  // one line: JSON escapes line ends
}

}  // namespace

AuditFeed::AuditFeed(Api& api, const StreamReader& reader, AuditFilter filter,
                     const FeedStart& start, std::shared_ptr<const Feeds::Place> place)
    : api_(api),
      reader_(reader),
      start_(start),
      place_(std::move(place)),
      filter_(std::move(filter)),
      next_(start.next),
      told_(start.next) {}

bool AuditFeed::send(AnswerStream& out) {
  std::string opening(kRetry);
  if (start_.announced && next_ > 0) opening += id_line(next_ - 1);
  bool goes_on = say(opening + '\n', out);
  while (goes_on && out.wanted()) {
    const auto looked = Clock::now();
    // Before the reader is looked at: what ended its right below this size is known by then.
    const std::uint64_t size = api_.projections.projector().size();
    forbidden_ = !may_read(api_, reader_);
    if (forbidden_) break;
    if (next_ < size) goes_on = send_entries(size, out);
    if (goes_on && Clock::now() - spoke_ >= api_.options.feeds.heartbeat) goes_on = beat(out);
    if (goes_on && next_ >= size) wait_for_more(looked);
  }
  if (forbidden_) return out.write(kNoMore);
  return goes_on;
}

bool AuditFeed::send_entries(std::uint64_t size, AnswerStream& out) {
  AuditPageRequest request;
  request.filter = filter_;
  request.descending = false;
  if (next_ > 0) request.after = next_ - 1;
  request.limit = kEntriesAtOnce;
  const auto page = api_.projections.audit().list(request);
  if (!page) return false;
  std::string text;
  for (const AuditEntry& entry : page->entries) {
    // Rows beyond `size` may be there already, but not in every index that was walked.
    if (entry.event.position >= size) break;
    append_message(entry, text);
    next_ = entry.event.position + 1;
    if (text.size() < kFeedPiece) continue;
    if (!say(text, out)) return false;
    told_ = next_;
    text.clear();
  }
  if (!text.empty()) {
    if (!say(text, out)) return false;
    told_ = next_;
  }
  next_ = page->next ? std::min(size, *page->next + 1) : size;
  return true;
}

bool AuditFeed::beat(AnswerStream& out) {
  std::string text = ": heartbeat\n";
  // Whoever comes again need not have looked through again what was not for it.
  if (told_ < next_) text += id_line(next_ - 1);
  if (!say(text + '\n', out)) return false;
  told_ = next_;
  return true;
}

bool AuditFeed::say(const std::string& text, AnswerStream& out) {
  forbidden_ = !may_read(api_, reader_);
  if (forbidden_ || !out.write(text)) return false;
  spoke_ = Clock::now();
  return true;
}

// Wakes with the projector's growth; what comes close after a look goes out together.
void AuditFeed::wait_for_more(Clock::time_point looked) const {
  const FeedOptions& options = api_.options.feeds;
  const auto look = std::min(options.look, options.heartbeat);
  if (!api_.projections.projector().wait_beyond(next_, look)) return;
  std::this_thread::sleep_until(looked + options.pace);
}

}  // namespace keyledger::http
