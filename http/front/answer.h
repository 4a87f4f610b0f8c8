// An answer as the bytes of HTTP/1.1, for what does not go through the library: refusals, the fast
// path, streams.
#pragma once

#include <string>

#include "http/message.h"

namespace keyledger::http {

// How the client asked, as far as it decides the form of the answer.
struct AnswerForm {
  bool head_only = false;  // to HEAD
  bool keep_open = true;   // else the answer says that the connection ends with it
  bool is_http_1_1 = true;
};

// Appends the whole answer.
void write_answer(const Response& response, const AnswerForm& form, std::string& out);

// Appends the head of one that is streamed: in chunks, or to a client of HTTP/1.0 until the end of
// the connection, which ends after the stream in any case.
void write_stream_head(const Response& response, const AnswerForm& form, std::string& out);

}  // namespace keyledger::http
