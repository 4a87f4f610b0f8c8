// http/openapi.json against the route table, both ways: what is served is described, and what is
// described is served. tests/e2e/openapi_requests_test.py holds it against real answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using Names = std::set<std::string>;

// "/v1/keys/:id" as the document writes it.
std::string path_of(std::string_view pattern) {
  std::string out;
  std::size_t at = 0;
  while (at < pattern.size()) {
    const std::size_t end = std::min(pattern.find('/', at + 1), pattern.size());
    const std::string_view segment = pattern.substr(at, end - at);
    const bool parameter = segment.starts_with("/:");
    out += parameter ? "/{" + std::string(segment.substr(2)) + "}" : std::string(segment);
    at = end;
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// A path for every method is described once.
std::string method_of(const http::Route& route) {
  return route.method == http::kAnyMethod ? "get" : lower(route.method);
}

class OpenApi : public ::testing::Test {
 protected:
  OpenApi() : document(json::parse(it.call("", "GET", "/openapi.json").response.body)) {}

  // Follows "$ref" once.
  [[nodiscard]] const json& resolve(const json& value) const {
    if (!value.contains("$ref")) return value;
    const std::string ref = value.at("$ref");
    EXPECT_TRUE(ref.starts_with("#/")) << ref;
    return document.at(json::json_pointer(ref.substr(1)));
  }
  [[nodiscard]] json operation_of(const http::Route& route) const {
    const json& item = document["paths"].value(path_of(route.pattern), json::object());
    return item.value(method_of(route), json::object());
  }
  [[nodiscard]] Names parameters_of(const json& operation, std::string_view where) const {
    Names names;
    for (const json& entry : operation.value("parameters", json::array())) {
      const json& parameter = resolve(entry);
      if (parameter["in"] == where) names.insert(parameter["name"].get<std::string>());
    }
    return names;
  }

  TestLedger it;
  const json document;
};

TEST_F(OpenApi, DescribesEveryRouteAndNoOther) {
  EXPECT_EQ(document["openapi"], "3.1.0");
  Names served;
  for (const http::Route& route : http::routes()) {
    served.insert(method_of(route) + ' ' + path_of(route.pattern));
  }
  Names described;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) described.insert(method + ' ' + path);
  }
  EXPECT_EQ(described, served);
}

TEST_F(OpenApi, DescribesTheParametersOfEachRoute) {
  for (const http::Route& route : http::routes()) {
    const json operation = operation_of(route);
    SCOPED_TRACE(std::string(route.method) + ' ' + std::string(route.pattern));
    Names query;
    std::istringstream known{std::string(route.query)};
    for (std::string name; known >> name;) {
      while (!name.empty() && std::string_view("*[]").find(name.back()) != std::string::npos) {
        name.pop_back();
      }
      query.insert(name);
    }
    const bool members = route.permission.kind == http::Permission::Kind::kMembers;
    if (members && route.method == "GET") query.insert("min_position");
    EXPECT_EQ(parameters_of(operation, "query"), query);

    Names in_path;
    std::istringstream segments{std::string(route.pattern)};
    for (std::string segment; std::getline(segments, segment, '/');) {
      if (segment.starts_with(':')) in_path.insert(segment.substr(1));
    }
    EXPECT_EQ(parameters_of(operation, "path"), in_path);
  }
}

TEST_F(OpenApi, NamesWhoMayCallEachRoute) {
  using Kind = http::Permission::Kind;
  for (const http::Route& route : http::routes()) {
    json may = json::array();
    const http::Permission& permission = route.permission;
    if (permission.kind == Kind::kAnybody) may = {"anybody"};
    if (permission.kind == Kind::kAnyKey) may = {"any key"};
    if (permission.kind == Kind::kSigned) may = {"signed"};
    if (permission.kind == Kind::kMembers) {
      for (const Role role : {Role::kOwner, Role::kAdmin, Role::kAuditor, Role::kVerifier}) {
        if (!permission.roles.has(role)) continue;
        may.push_back((permission.operator_only ? "operator's " : "") +
                      std::string(role_name(role)));
      }
    }
    const json operation = operation_of(route);
    SCOPED_TRACE(std::string(route.method) + ' ' + std::string(route.pattern));
    EXPECT_EQ(operation.value("x-permission", json()), may);
    const bool open = operation.value("security", json()) == json::array();
    const bool roles = permission.kind == Kind::kMembers || permission.kind == Kind::kAnyKey;
    EXPECT_EQ(open, !roles);
    EXPECT_EQ(operation["responses"].contains("401"), permission.kind != Kind::kAnybody);
    EXPECT_EQ(operation["responses"].contains("403"), roles);
  }
}

TEST_F(OpenApi, HasWhatAReaderOfEachOperationNeeds) {
  Names ids;
  for (const http::Route& route : http::routes()) {
    const json operation = operation_of(route);
    SCOPED_TRACE(std::string(route.method) + ' ' + std::string(route.pattern));
    EXPECT_TRUE(ids.insert(operation.value("operationId", "")).second) << "stands twice";
    EXPECT_NE(operation.value("summary", ""), "");
    for (const auto& [status, answer] : operation["responses"].items()) {
      EXPECT_NE(resolve(answer).value("description", ""), "") << status;
      EXPECT_TRUE(resolve(answer)["headers"].contains("X-Request-Id")) << status;
    }
    if (operation.contains("requestBody")) {
      EXPECT_GT(operation["requestBody"]["content"]["application/json"]["examples"].size(), 0U);
    }
  }
}

// Every reference leads somewhere, and nothing lies about that nobody refers to.
TEST_F(OpenApi, RefersOnlyToWhatIsThere) {
  Names referred;
  const std::function<void(const json&)> walk = [&](const json& value) {
    if (value.is_object() && value.contains("$ref")) {
      const std::string ref = value["$ref"];
      ASSERT_TRUE(document.contains(json::json_pointer(ref.substr(1)))) << ref;
      referred.insert(ref);
    }
    if (value.is_structured()) {
      for (const json& inner : value) walk(inner);
    }
  };
  walk(document);
  for (const auto& [kind, components] : document["components"].items()) {
    if (kind == "securitySchemes") continue;
    for (const auto& [name, component] : components.items()) {
      const std::string ref = "#/components/" + kind + '/' + name;
      EXPECT_TRUE(referred.contains(ref)) << ref;
    }
  }
}

TEST_F(OpenApi, TheIndexLeadsToIt) {
  const auto index = it.call("", "GET", "/");
  ASSERT_EQ(index.status, 200);
  EXPECT_EQ(index.body["name"], "keyledger");
  EXPECT_EQ(index.body["version"], "test");
  for (const auto& [name, link] : index.body["links"].items()) {
    EXPECT_NE(it.call(it.owner.secret, "GET", link.get<std::string>()).status, 404) << name;
  }
}

}  // namespace
}  // namespace keyledger
