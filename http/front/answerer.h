// From a framed request to the bytes of its answer, whichever way: refused, at once, or through the
// library and the handler. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "http/front/answer.h"
#include "http/front/library.h"
#include "http/front/options.h"

namespace keyledger::http {

struct Answer {
  std::string bytes;
  bool keep_open = true;
  Producer producer;  // if there is one, `bytes` is the head and the body comes from it
  bool chunked = true;
};

class Answerer {
 public:
  using Handle = std::function<Response(const Request&)>;

  Answerer(const ServerOptions& options, Handle handle);  // the options outlive it

  // The handler words the refusal.
  [[nodiscard]] Answer refuse(const RequestView& request, const Error& why,
                              const AnswerForm& form) const;
  // Appends the answer of the fast path; false if it declines.
  [[nodiscard]] bool answer_fast(const RequestView& request, const AnswerForm& form,
                                 std::string& out) const;
  [[nodiscard]] bool answers_at_once(const RequestView& request) const;
  // May block, unless answers_at_once().
  [[nodiscard]] Answer answer(const Request& request, const AnswerForm& form) const;
  // From now on answers say that the connection ends, also those of requests that are running.
  void stop() { stopping_ = true; }

 private:
  [[nodiscard]] Response handled(const Request& request) const;

  const ServerOptions& options_;
  const Handle handle_;
  const Library library_;
  std::atomic<bool> stopping_ = false;
};

// A copy that lives as long as it must.
[[nodiscard]] Request to_request(const RequestView& view);

}  // namespace keyledger::http
