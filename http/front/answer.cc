#include "http/front/answer.h"

#include <algorithm>
#include <string_view>

namespace keyledger::http {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "-";  // clients look at the number
  }
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

// A line break in a value would be a header of its own, or an answer of its own.
void append_value(std::string_view value, std::string& out) {
  const std::size_t at = out.size();
  out.append(value);
  const auto is_break = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(at), out.end(), is_break, ' ');
}

void append_header(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  append_value(value, out);
  out.append("\r\n");
}

void append_common(const Response& response, std::string& out) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_of(response.status)).append("\r\n");
  if (may_have_body(response.status)) append_header("Content-Type", response.content_type, out);
  for (const auto& [name, value] : response.headers) append_header(name, value, out);
}

}  // namespace

void write_answer(const Response& response, const AnswerForm& form, std::string& out) {
  const bool has_body = may_have_body(response.status);
  append_common(response, out);
  if (has_body) append_header("Content-Length", std::to_string(response.body.size()), out);
  if (!form.keep_open) append_header("Connection", "close", out);
  out.append("\r\n");
  if (has_body && !form.head_only) out.append(response.body);
}

void write_stream_head(const Response& response, const AnswerForm& form, std::string& out) {
  append_common(response, out);
  if (form.is_http_1_1) append_header("Transfer-Encoding", "chunked", out);
  append_header("Connection", "close", out);
  out.append("\r\n");
}

}  // namespace keyledger::http
