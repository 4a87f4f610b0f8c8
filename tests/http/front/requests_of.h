// What a stream of bytes comes to, as text: for the tests of the framer and its fuzzer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/front/framer.h"

namespace keyledger::http {

// "POST /a {Host: x} body" or "400 POST /a detail", with " (close)" if that was the last one.
inline std::string described(const Framer& framer) {
  const RequestView& view = framer.request();
  std::string out;
  if (framer.refusal()) {
    out = framer.refusal()->code == ErrorCode::kTooLarge ? "413 " : "400 ";
  }
  out += std::string(view.method) + ' ' + std::string(view.target) + ' ';
  if (framer.refusal()) {
    out += framer.refusal()->detail;
  } else {
    for (const auto& [name, value] : view.headers) {
      out += '{' + std::string(name) + ": " + std::string(value) + "} ";
    }
    out += view.body;
  }
  return out + (framer.keeps_open() ? "" : " (close)");
}

// All that a connection comes to on which these pieces arrive. What is left at the end is "…".
inline std::vector<std::string> requests_of(const FramingLimits& limits,
                                            const std::vector<std::string_view>& pieces) {
  Framer framer(limits);
  std::vector<std::string> out;
  for (const std::string_view piece : pieces) {
    framer.append(piece);
    while (framer.is_ready()) {
      out.push_back(described(framer));
      if (!framer.next()) return out;
    }
  }
  if (!framer.is_idle()) out.emplace_back("…");
  return out;
}

}  // namespace keyledger::http
