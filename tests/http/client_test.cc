// What the caller's side sends over a real socket, and what it makes of the answers.
#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/front/running_server.h"

namespace keyledger::http {
namespace {

class ClientTest : public ::testing::Test {
 protected:
  Response answer(const Request& request) {
    request_ = request;
    Response response = plain_answer(request, "{\"a\":1}");
    response.status = status_;
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    return response;
  }

  Request request_;  // the newest; of the server's thread, read after an answer
  int status_ = 201;
  std::vector<std::pair<std::string, std::string>> headers_;
  RunningServer server_{any_port(), [this](const Request& request) { return answer(request); }};
  const Secret key_{"mk_live_x"};
  Client client_{{false, "127.0.0.1", server_.port()}, key_};
};

TEST_F(ClientTest, SendsTheKeyTheBodyAndTheHeaders) {
  headers_ = {{"Ledger-Position", "7"}, {"Idempotent-Replay", "true"}};
  for (int i = 0; i < 3; ++i) {
    const auto answer = client_.post("/v1/a?b=c", "{\"é\":2}", {{"Idempotency-Key", "k 1"}});
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "{\"a\":1}");
    EXPECT_TRUE(answer->replayed);
    EXPECT_EQ(answer->position, 7U);
    EXPECT_EQ(answer->retry_after, std::nullopt);
  }
  EXPECT_EQ(request_.target, "/v1/a?b=c");
  EXPECT_EQ(request_.body, "{\"é\":2}");
  EXPECT_EQ(request_.header("Authorization"), "Bearer mk_live_x");
  EXPECT_EQ(request_.header("Idempotency-Key"), "k 1");
  EXPECT_EQ(request_.header("Content-Type"), "application/json");
}

TEST_F(ClientTest, AnswersRefusalsAsTheyAre) {
  status_ = 429;
  headers_ = {{"Retry-After", "12"}, {"Ledger-Position", "-1"}};
  const auto answer = client_.post("/", "{}", {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->retry_after, 12U);
  EXPECT_EQ(answer->position, std::nullopt);
  EXPECT_FALSE(answer->replayed);
}

TEST_F(ClientTest, SaysThatNobodyIsThereWithoutSayingTheKey) {
  server_.stop();
  const auto answer = client_.post("/", "{}", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(answer.error().detail, ::testing::HasSubstr(std::to_string(server_.port())));
  EXPECT_THAT(answer.error().detail, ::testing::Not(::testing::HasSubstr("mk_live_x")));
}

}  // namespace
}  // namespace keyledger::http
