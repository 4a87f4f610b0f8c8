// Each report against a list that is filtered and sorted the plain way.
#include "projections/key_reports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "events/origin.h"
#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

constexpr std::int64_t kDay = 86'400'000;

class KeyReportsTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  // By part, time, and the position at which the key was made.
  using Order = std::tuple<int, std::int64_t, std::uint64_t, KeyId>;

  void SetUp() override {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    ASSERT_TRUE(opened) << opened.error().detail;
    projections_ = std::move(*opened);
    grow(150);
    const std::string usage = (dir_.path() / "usage").string();
    known_since_ = history_.now() + -static_cast<std::int64_t>(below(3)) * kDay;
    ASSERT_TRUE(projections_->usage().open(usage, {}, known_since_));
    for (const Key& key : history_.state().keys()) {
      if (!chance(50)) continue;
      const auto later = static_cast<std::int64_t>(below(4)) * kDay;
      projections_->verify_index().count({key.id, {}}, std::nullopt, history_.now() + later);
    }
  }
  void grow(std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      ASSERT_TRUE(projections_->projector().apply(history_.grow(8)));
    }
  }
  std::uint64_t below(std::uint64_t limit) { return history_.random().below(limit); }
  bool chance(unsigned percent) { return history_.random().chance(percent); }

  KeyReportRequest random_request() {
    KeyReportRequest request;
    request.report = static_cast<KeyReport>(below(6));
    request.workspace = history_.workspaces()[below(2)];
    request.management_keys = chance(50);
    request.days = static_cast<std::uint32_t>(below(4));
    request.now = history_.now();
    if (chance(70)) request.now = request.now + static_cast<std::int64_t>(below(5)) * kDay;
    return request;
  }

  [[nodiscard]] bool has_left(const KeyReportRequest& request, const IdBytes& id) const {
    const auto member = history_.state().member(MemberId{id});
    return member && *member && (*member)->removed && (*member)->workspace == request.workspace;
  }
  static int reach(const Key& key) {  // 0 any origin, 1 whole domains, 2 neither
    int reach = 2;
    for (const OriginRule& rule : key.allowed_origins) {
      if (to_text(rule) == "*") return 0;
      if (rule.subdomains) reach = 1;
    }
    return reach;
  }

  [[nodiscard]] std::optional<Order> order_of(const KeyReportRequest& request,
                                              const Key& key) const {
    if (key.workspace != request.workspace) return std::nullopt;
    if (key.type == KeyType::kManagement && !request.management_keys) return std::nullopt;
    if (key.end || (key.expires_at && *key.expires_at <= request.now)) return std::nullopt;
    const auto in = [&](int part, std::int64_t at) {
      return std::optional(Order(part, at, key.created_cause.position, key.id));
    };
    const std::int64_t days = request.days * kDay;
    switch (request.report) {
      case KeyReport::kUnused: {
        const OptionalTime used = projections_->verify_index().use_of(key.id).last_used_at;
        const Timestamp since = std::max(used.value_or(key.created_at), known_since_);
        if (request.now.ms - since.ms < days) return std::nullopt;
        return used ? in(1, used->ms) : in(0, 0);
      }
      case KeyReport::kExpiring:
        if (!key.expires_at || key.expires_at->ms - request.now.ms > days) return std::nullopt;
        return Order(0, key.expires_at->ms, 0, key.id);
      case KeyReport::kOverdueRotation:
        if (request.now.ms - key.secrets.back().created_at.ms < days) return std::nullopt;
        return in(0, key.secrets.back().created_at.ms);
      case KeyReport::kWildcardOrigins: {
        if (key.type != KeyType::kPublic || reach(key) == 2) return std::nullopt;
        return in(reach(key) + (key.environment == Environment::kLive ? 0 : 2), 0);
      }
      case KeyReport::kFullScope:
        if (key.type == KeyType::kManagement || key.scopes != ScopeSet{"ALL"}) return std::nullopt;
        return in(0, 0);
      case KeyReport::kDepartedCreator: {
        const bool by_one =
            key.created_by.kind == ActorKind::kMember && has_left(request, key.created_by.id);
        return by_one || has_left(request, key.owner.bytes) ? in(0, 0) : std::nullopt;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::vector<Order> plainly(const KeyReportRequest& request) const {
    std::vector<Order> order;
    for (const Key& key : history_.state().keys()) {
      if (const auto one = order_of(request, key)) order.push_back(*one);
    }
    std::sort(order.begin(), order.end());
    return order;
  }
  static std::vector<KeyId> ids_of(const std::vector<Order>& order) {
    std::vector<KeyId> ids;
    for (const Order& one : order) ids.push_back(std::get<KeyId>(one));
    return ids;
  }

  // Follows the pages to the end; grows the history between them if asked to.
  std::vector<KeyId> by_pages(const KeyReportRequest& request, std::size_t limit,
                              std::size_t frames_between = 0) {
    std::vector<KeyId> ids;
    std::string after;
    for (;;) {
      const auto page = ReportedKeys(*projections_, request).page(after, limit);
      EXPECT_TRUE(page) << page.error().detail;
      if (!page) return ids;
      EXPECT_LE(page->keys.size(), limit);
      EXPECT_TRUE(!page->next || page->keys.size() == limit);
      ids.insert(ids.end(), page->keys.begin(), page->keys.end());
      if (!page->next || ids.size() > 5'000) return ids;
      after = *page->next;
      grow(frames_between);
    }
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  Timestamp known_since_;
  std::unique_ptr<Projections> projections_;
};

TEST_P(KeyReportsTest, GiveWhatAPlainListGives) {
  std::map<KeyReport, std::size_t> found;
  for (int i = 0; i < 100; ++i) {
    const KeyReportRequest request = random_request();
    const auto wanted = ids_of(plainly(request));
    EXPECT_EQ(by_pages(request, 1 + below(12)), wanted)
        << "report " << static_cast<int>(request.report) << ", request " << i << " of seed "
        << GetParam();
    found[request.report] += wanted.size();
  }
  EXPECT_EQ(found.size(), 6U);
  for (const auto& [report, count] : found) EXPECT_GT(count, 0U) << static_cast<int>(report);
}

// A key whose place is the same before the first page and after the last was there all the time.
TEST_P(KeyReportsTest, NeitherSkipNorRepeatWhileKeysChange) {
  for (int report = 0; report < 6; ++report) {
    KeyReportRequest request;
    request.report = static_cast<KeyReport>(report);
    request.workspace = history_.workspaces()[0];
    request.management_keys = true;
    request.days = request.report == KeyReport::kExpiring ? 3 : 0;
    request.now = history_.now();
    const auto before = plainly(request);
    const auto seen = by_pages(request, 2, 2);
    const auto after = plainly(request);
    for (const Order& one : before) {
      if (!std::binary_search(after.begin(), after.end(), one)) continue;
      EXPECT_EQ(std::count(seen.begin(), seen.end(), std::get<KeyId>(one)), 1)
          << "report " << report << " of seed " << GetParam();
    }
  }
}

TEST_P(KeyReportsTest, RefuseAPlaceThatIsNotOfThisReport) {
  for (int report = 0; report < 6; ++report) {
    KeyReportRequest request;
    request.report = static_cast<KeyReport>(report);
    request.workspace = history_.workspaces()[0];
    for (const char* after : {"x", "01234567890123456789012345"}) {
      const auto refused = ReportedKeys(*projections_, request).page(after, 1);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, KeyReportsTest, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace keyledger
