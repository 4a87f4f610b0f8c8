#include "http/front/framer.h"

#include <algorithm>
#include <cstring>

#include "events/hex.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kKeptBuffer = 4096;       // of a buffer on a connection that is idle
constexpr std::size_t kCompactAfter = 16384;    // read bytes that are worth moving the rest over
constexpr std::size_t kMaxChunkSizeDigits = 8;  // more than any limit, and no overflow

constexpr const char* kHeadTooLarge = "The headers are too large.";
constexpr const char* kTargetTooLong = "The URL is too long.";

// The size at the front of a chunk's first line. What may follow is an extension, which begins with
// a semicolon and is ignored; white space before it is not needed by anybody.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  while (digits < line.size() && hex_digit(line[digits]) >= 0) {
    if (digits == kMaxChunkSizeDigits) return std::nullopt;
    size = size * 16 + static_cast<std::uint64_t>(hex_digit(line[digits]));
    ++digits;
  }
  const std::string_view extension = line.substr(digits);
  const bool valid = digits > 0 && (extension.empty() || extension.front() == ';');
  const bool clean = std::all_of(extension.begin(), extension.end(),
                                 [](char c) { return c == '\t' || (c >= ' ' && c < 0x7F); });
  if (!valid || !clean) return std::nullopt;
  return size;
}

// Assigning an empty string would keep the memory.
void free_memory(std::string& text) { std::string().swap(text); }

std::string bytes_text(std::uint64_t size) { return std::to_string(size) + " bytes"; }

}  // namespace

Framer::Framer(const FramingLimits& limits) : limits_(&limits) {}

void Framer::append(std::string_view bytes) {
  if (!keep_open_ && is_ready()) return;
  buffer_.append(bytes);
  advance();
}

void Framer::advance() {
  while (step()) continue;
}

bool Framer::step() {
  switch (state_) {
    case State::kRequestLine: return read_request_line();
    case State::kFields: return read_field();
    case State::kSized: return read_sized();
    case State::kChunkSize: return read_chunk_size();
    case State::kChunkData: return read_chunk_data();
    case State::kChunkEnd: return read_chunk_end();
    case State::kTrailers: return read_trailer();
    case State::kReady: return false;
  }
  return false;
}

bool Framer::is_idle() const {
  return state_ == State::kRequestLine && buffer_.size() == start_ && !skipped_empty_line_;
}

bool Framer::in_body() const {
  return state_ != State::kRequestLine && state_ != State::kFields && state_ != State::kReady;
}

bool Framer::takes_continue() { return std::exchange(continue_wanted_, false) && !is_ready(); }

// The next line without its end, if all of it is there. It has at most `limit` bytes, with its end.
// A line feed without a carriage return is refused: some readers end a line there and some do not.
std::optional<std::string_view> Framer::take_line(std::size_t limit, const char* too_long) {
  const std::size_t window = std::min(buffer_.size(), at_ + limit);
  scanned_ = std::max(scanned_, at_);
  const void* found =
      window > scanned_ ? std::memchr(buffer_.data() + scanned_, '\n', window - scanned_) : nullptr;
  if (found == nullptr) {
    scanned_ = std::max(scanned_, window);
    if (buffer_.size() - at_ >= limit) refuse(ErrorCode::kTooLarge, too_long);
    return std::nullopt;
  }
  const auto feed = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
  if (feed == at_ || buffer_[feed - 1] != '\r') {
    refuse(ErrorCode::kInvalidRequest, "A line ends with carriage return and line feed.");
    return std::nullopt;
  }
  const std::string_view line(buffer_.data() + at_, feed - 1 - at_);
  at_ = scanned_ = feed + 1;
  return line;
}

bool Framer::read_request_line() {
  // Said at once: a client that speaks TLS here sends no line and would wait for its deadline.
  if (buffer_.size() > at_ && buffer_[at_] != '\r' && (buffer_[at_] < 'A' || buffer_[at_] > 'Z')) {
    refuse(ErrorCode::kInvalidRequest, "This is not HTTP. Plain HTTP/1.1 is spoken here.");
    return false;
  }
  const auto line = take_line(start_ + limits_->head - at_, kHeadTooLarge);
  if (!line) return false;
  if (line->empty() && !skipped_empty_line_) {  // RFC 9112 section 2.2: one is forgiven
    skipped_empty_line_ = true;
    return true;
  }
  const auto parsed = parse_request_line(*line);
  if (!parsed) {
    refuse(parsed.error().code, parsed.error().detail);
    return false;
  }
  if (parsed->target.size() > limits_->target) {
    refuse(ErrorCode::kTooLarge, kTargetTooLong);
    return false;
  }
  method_ = slice_of(parsed->method);
  target_ = slice_of(parsed->target);
  is_http_1_1_ = parsed->is_http_1_1;
  state_ = State::kFields;
  return true;
}

bool Framer::read_field() {
  const auto line = take_line(start_ + limits_->head - at_, kHeadTooLarge);
  if (!line) return false;
  if (line->empty()) {
    finish_head();
    return true;
  }
  const auto parsed = parse_field(*line);
  if (!parsed) {
    refuse(parsed.error().code, parsed.error().detail);
    return false;
  }
  if (fields_.size() == limits_->headers) {
    refuse(ErrorCode::kTooLarge, "There are too many headers.");
    return false;
  }
  fields_.push_back({slice_of(parsed->name), slice_of(parsed->value)});
  return true;
}

void Framer::finish_head() {
  show_head();
  const RequestLine line{view_.method, text_of(target_), is_http_1_1_};
  const auto framing = parse_framing(line, shown_);
  if (!framing) return refuse(framing.error().code, framing.error().detail);
  framing_ = *framing;
  keep_open_ = framing_.keep_open;
  body_at_ = at_;
  if (!framing_.has_body()) return become_ready();

  body_limit_ = limits_->body ? limits_->body(view_.method, view_.target) : 0;
  keeps_body_ = takes_body(view_.method);
  continue_wanted_ = framing_.expects_continue;
  remaining_ = framing_.length;
  state_ = framing_.chunked ? State::kChunkSize : State::kSized;
  if (!framing_.chunked && remaining_ > body_limit_) refuse_too_large();
  if (!framing_.chunked && remaining_ > limits_->drained) keep_open_ = false;
  // Who asked first is told no, and whether the body then comes is not known.
  if (refusal_ && framing_.expects_continue) keep_open_ = false;
  if (!keep_open_ && refusal_) become_ready();
}

bool Framer::read_sized() {
  const std::size_t there = buffer_.size() - at_;
  if (there < remaining_ && keeps_body_) return false;
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(there, remaining_));
  at_ += taken;
  remaining_ -= taken;
  if (!keeps_body_) drop_read_body();
  if (remaining_ > 0) return false;
  become_ready();
  return true;
}

bool Framer::read_chunk_size() {
  const std::size_t before = at_;
  const auto line = take_line(limits_->chunk_line, "The first line of a chunk is too long.");
  if (!line) return false;
  const auto size = parse_chunk_size(*line);
  if (!size) {
    refuse(ErrorCode::kInvalidRequest, "A chunk begins with its size, a hexadecimal number.");
    return false;
  }
  raw_ += at_ - before + *size + 2;
  body_size_ += *size;
  if (body_size_ > body_limit_) refuse_too_large();
  if (raw_ > limits_->drained) {
    refuse(ErrorCode::kTooLarge, "The body is too large.");
    return false;
  }
  remaining_ = *size;
  state_ = *size == 0 ? State::kTrailers : State::kChunkData;
  return true;
}

bool Framer::read_chunk_data() {
  const std::size_t there = buffer_.size() - at_;
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(there, remaining_));
  if (keeps_body_) body_.append(buffer_, at_, taken);
  at_ += taken;
  remaining_ -= taken;
  if (at_ - body_at_ > kCompactAfter) drop_read_body();
  if (remaining_ > 0) return false;
  state_ = State::kChunkEnd;
  return true;
}

bool Framer::read_chunk_end() {
  const std::string_view there = std::string_view(buffer_).substr(at_, 2);
  if (there.empty() || there == "\r") return false;
  if (there != "\r\n") {
    refuse(ErrorCode::kInvalidRequest, "A chunk is not as long as it says.");
    return false;
  }
  at_ += 2;
  state_ = State::kChunkSize;
  return true;
}

// Trailers are held to the rules of headers and then ignored: nothing that decides may come late.
bool Framer::read_trailer() {
  const std::size_t before = at_;
  const auto line = take_line(limits_->trailers - trailers_at_, "The trailers are too large.");
  if (!line) return false;
  trailers_at_ += at_ - before;
  if (line->empty()) {
    become_ready();
    return true;
  }
  if (const auto parsed = parse_field(*line); !parsed) {
    refuse(parsed.error().code, parsed.error().detail);
    return false;
  }
  return true;
}

void Framer::refuse_too_large() {
  if (!refusal_) {
    refusal_ = Error{ErrorCode::kTooLarge,
                     "The body has more than " + bytes_text(body_limit_) + ".",
                     {},
                     std::nullopt};
  }
  keeps_body_ = false;
  free_memory(body_);
}

// Keeps the head, which the answer still needs.
void Framer::drop_read_body() {
  buffer_.erase(body_at_, at_ - body_at_);
  at_ = scanned_ = body_at_;
}

void Framer::refuse(ErrorCode code, std::string detail) {
  if (!refusal_) refusal_ = Error{code, std::move(detail), {}, std::nullopt};
  keep_open_ = false;
  become_ready();
}

void Framer::become_ready() {
  state_ = State::kReady;
  show_head();
  if (refusal_ || !keeps_body_) {
    view_.body = {};
  } else {
    view_.body = framing_.chunked ? std::string_view(body_)
                                  : std::string_view(buffer_).substr(body_at_, framing_.length);
  }
}

bool Framer::next() {
  if (!keep_open_) return false;
  start_ = at_;
  if (start_ == buffer_.size() || start_ > kCompactAfter) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  if (buffer_.empty() && buffer_.capacity() > kKeptBuffer) free_memory(buffer_);
  at_ = scanned_ = start_;
  state_ = State::kRequestLine;
  skipped_empty_line_ = false;
  method_ = target_ = {};
  is_http_1_1_ = true;
  fields_.clear();
  framing_ = {};
  continue_wanted_ = false;
  body_size_ = raw_ = 0;
  trailers_at_ = 0;
  keeps_body_ = true;
  if (body_.capacity() > kKeptBuffer) free_memory(body_);
  body_.clear();
  refusal_.reset();
  view_ = {};
  advance();
  return true;
}

void Framer::release() {
  view_ = {};
  free_memory(buffer_);
  free_memory(body_);
}

Framer::Slice Framer::slice_of(std::string_view text) const {
  return {static_cast<std::size_t>(text.data() - buffer_.data()) - start_, text.size()};
}

std::string_view Framer::text_of(const Slice& slice) const {
  return std::string_view(buffer_).substr(start_ + slice.at, slice.size);
}

// The views again, since the buffer may have moved.
void Framer::show_head() {
  shown_.clear();
  for (const Field& field : fields_) shown_.push_back({text_of(field.name), text_of(field.value)});
  view_.method = text_of(method_);
  view_.target = text_of(target_);
  if (!view_.target.empty() && view_.target.front() != '/') {
    rewritten_target_ = origin_form(view_.target);
    view_.target = rewritten_target_;
  }
  view_.headers = shown_;
}

}  // namespace keyledger::http
