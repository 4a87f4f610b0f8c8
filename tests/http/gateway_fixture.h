// A ledger whose workspace has a policy, and a gateway in front of an API that asks it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {

// One open endpoint with a scope, one without, one that is not for public keys.
inline Policy gateway_policy() {
  Policy policy;
  policy.unique_names = false;
  policy.scopes = {{"BLOG_READ", "", true}, {"BLOG_WRITE", "", false}};
  policy.endpoints = {{"GET", "/v1/blog/*", "BLOG_READ", true},
                      {"POST", "/v1/blog/:id", "BLOG_WRITE", false},
                      {"GET", "/v1/open", "", true}};
  return policy;
}

class GatewayTest : public ::testing::Test {
 protected:
  using Headers = TestLedger::Headers;

  explicit GatewayTest(const Policy& policy = gateway_policy()) : it(policy) {}

  struct Question {
    std::string_view secret = {};  // empty: no Authorization
    std::string method = "GET";    // of the client's request
    std::string path = "/v1/open";
    Headers headers = {};
    std::string client = "203.0.113.9";  // empty: the gateway does not say
    std::string peer = "127.0.0.1";
    std::string target = {};  // empty: that of the workspace's live keys
  };

  // As nginx asks.
  TestLedger::Answer ask(const Question& question) {
    Headers headers = question.headers;
    if (!question.method.empty()) headers.emplace_back("X-Original-Method", question.method);
    if (!question.path.empty()) headers.emplace_back("X-Original-URI", question.path);
    if (!question.client.empty()) headers.emplace_back("X-Forwarded-For", question.client);
    return send("GET", question.target, question.secret, headers, question.peer);
  }

  TestLedger::Answer send(std::string_view method, std::string_view target, std::string_view secret,
                          const Headers& headers, std::string_view peer = "127.0.0.1") {
    http::Request request;
    request.method = method;
    request.target = target.empty() ? authorize_path("live") : std::string(target);
    request.peer = peer;
    if (!secret.empty()) request.headers.emplace("Authorization", secret);
    for (const auto& [name, value] : headers) request.headers.emplace(name, value);
    TestLedger::Answer answer;
    answer.response = http::handle(*it.api, request);
    answer.status = answer.response.status;
    answer.body = nlohmann::json::parse(answer.response.body, nullptr, false);
    return answer;
  }

  [[nodiscard]] std::string authorize_path(std::string_view environment) const {
    return "/v1/authorize/" + to_text(it.workspace) + '/' + std::string(environment);
  }

  // The secret of a new key.
  std::string make(std::string_view name, const nlohmann::json& extra = {}) {
    return it.add_key(name, extra)["secret"];
  }

  TestLedger it;
};

}  // namespace keyledger
