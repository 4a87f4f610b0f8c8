#include "projections/verify_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "projections/all.h"
#include "projections/verify_index_table.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

// Field by field, since grants are shared behind pointers.
void expect_same(const Credential& is, const Credential& wanted) {
  EXPECT_EQ(is.key, wanted.key);
  EXPECT_EQ(is.workspace, wanted.workspace);
  EXPECT_EQ(is.not_before_ms, wanted.not_before_ms);
  EXPECT_EQ(is.expires_at_ms, wanted.expires_at_ms);
  EXPECT_EQ(is.retires_at_ms, wanted.retires_at_ms);
  ASSERT_NE(is.grants, nullptr);
  EXPECT_EQ(*is.grants, *wanted.grants);
  EXPECT_EQ(is.created, wanted.created);
  EXPECT_EQ(is.newest, wanted.newest);
  EXPECT_EQ(is.scopes, wanted.scopes);
  EXPECT_EQ(is.origins, wanted.origins);
  EXPECT_EQ(is.addresses, wanted.addresses);
  EXPECT_EQ(is.start, wanted.start);
  EXPECT_EQ(is.expiry, wanted.expiry);
  EXPECT_EQ(is.rate_limit, wanted.rate_limit);
  EXPECT_EQ(is.suspension, wanted.suspension);
  EXPECT_EQ(is.retirement, wanted.retirement);
  EXPECT_EQ(is.end, wanted.end);
  EXPECT_EQ(is.type, wanted.type);
  EXPECT_EQ(is.environment, wanted.environment);
  EXPECT_EQ(is.suspended, wanted.suspended);
  EXPECT_EQ(is.ended, wanted.ended);
}

class VerifyIndexTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  std::unique_ptr<Projections> open() {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    EXPECT_TRUE(opened) << opened.error().detail;
    return opened ? std::move(*opened) : nullptr;
  }

  // Every secret that ever was gives exactly core's view of it, and core's verdict.
  void expect_right(VerifyIndex& index) {
    std::size_t secrets = 0;
    for (const Key& key : history_.state().keys()) {
      for (const KeySecret& secret : key.secrets) {
        ++secrets;
        expect_right(index, key, secret);
      }
    }
    EXPECT_GT(secrets, 50U);
  }

  void expect_right(VerifyIndex& index, const Key& key, const KeySecret& secret) {
    const auto grants = std::make_shared<const Grants>(grants_of(key));
    const Credential wanted = credential_of(key, secret, grants);
    const std::vector<std::string> scopes(history_.random().below(3), history_.scope());
    VerifyRequest request{key.workspace, std::nullopt, scopes};
    request.from = history_.source();
    const Timestamp now =
        history_.now() + (static_cast<std::int64_t>(history_.random().below(30'000)) - 15'000);
    const VerifyAnswer answer = index.verify(secret.facts.hash.bytes, policy_, request, now);
    ASSERT_TRUE(answer.credential);
    expect_same(*answer.credential, wanted);
    EXPECT_EQ(answer.secret, secret.facts.id);
    const Judgement verdict = judge(&wanted, policy_, request, now);
    EXPECT_EQ(answer.judgement.verdict, verdict.verdict);
    EXPECT_EQ(answer.judgement.decided_by, verdict.decided_by);
    const KeyDetails& details = history_.details().at(key.id);
    EXPECT_EQ(answer.label.unpack(), (KeyLabel{key.name, details.metadata, details.external_id}));
    expect_caller(index, key, secret, request.from, now);
  }

  void expect_caller(const VerifyIndex& index, const Key& key, const KeySecret& secret,
                     const RequestSource& from, Timestamp now) {
    const auto caller = index.caller(secret.facts.hash.bytes, from, now);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->key, key.id);
    EXPECT_EQ(caller->workspace, key.workspace);
    EXPECT_EQ(caller->type, key.type);
    EXPECT_EQ(caller->member, key.member.value_or(MemberId()));
    const bool retired = secret.retires_at && *secret.retires_at <= now;
    if (status_of(key, now) != KeyStatus::kActive || retired) {
      EXPECT_NE(caller->judgement.verdict, Verdict::kValid);
      return;
    }
    const bool inside =
        key.allowed_ips.empty() || (from.ip && contains(key.allowed_ips.front(), *from.ip));
    if (!inside) {
      EXPECT_EQ(caller->judgement.verdict, Verdict::kIpNotAllowed);
    } else if (key.type != KeyType::kPublic) {
      EXPECT_EQ(caller->judgement.verdict, Verdict::kValid) << "no other type has origins";
    }
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  const Policy policy_;
};

TEST_P(VerifyIndexTest, KnowsOfEverySecretWhatCoreKnows) {
  const auto projections = open();
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(projections->projector().apply(history_.grow(8)));
  expect_right(projections->verify_index());
}

TEST_P(VerifyIndexTest, LoadsWhatItKnewBefore) {
  {
    const auto projections = open();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(projections->projector().apply(history_.grow(8)));
  }
  history_.grow_by_frames(50);
  const auto projections = open();
  expect_right(projections->verify_index());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(projections->projector().apply(history_.grow(8)));
  expect_right(projections->verify_index());
}

TEST_P(VerifyIndexTest, DoesNotKnowWhatNeverWas) {
  history_.grow_by_frames(50);
  const auto projections = open();
  VerifyIndex& index = projections->verify_index();
  for (const Key& key : history_.state().keys()) {
    Digest hash = key.current_secret().facts.hash.bytes;
    hash[history_.random().below(32)] ^=
        static_cast<std::uint8_t>(1 + history_.random().below(255));
    const auto answer =
        index.verify(hash, policy_, {key.workspace, std::nullopt, {}}, history_.now());
    EXPECT_EQ(answer.judgement.verdict, Verdict::kNotFound);
    EXPECT_FALSE(answer.credential);
    EXPECT_FALSE(index.caller(hash, {}, history_.now()));
  }
}

TEST_P(VerifyIndexTest, CountsUsesThatWereValidAndNoOthers) {
  history_.grow_by_frames(50);
  const auto projections = open();
  VerifyIndex& index = projections->verify_index();
  for (const Key& key : history_.state().keys()) {
    EXPECT_EQ(index.use_of(key.id).count, 0U);
    EXPECT_FALSE(index.use_of(key.id).last_used_at);
    std::uint64_t valid = 0;
    Timestamp last;
    for (const std::int64_t later : {3'000, 1'000, 2'000}) {  // clocks of callers may disagree
      const Timestamp now = history_.now() + later;
      const auto answer = index.verify(key.current_secret().facts.hash.bytes, policy_,
                                       {key.workspace, std::nullopt, {}}, now);
      if (answer.judgement.verdict != Verdict::kValid) continue;
      ++valid;
      last = std::max(last, now);
    }
    EXPECT_EQ(index.use_of(key.id).count, valid);
    if (valid != 0) {
      EXPECT_EQ(index.use_of(key.id).last_used_at, last);
    }
    index.count({key.id, {}}, std::nullopt, last + 1);
    EXPECT_EQ(index.use_of(key.id).count, valid + 1);
    EXPECT_EQ(index.use_of(key.id).last_used_at, last + 1);
  }
  index.count({}, std::nullopt, history_.now());
  EXPECT_EQ(index.use_of(KeyId{}).count, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, VerifyIndexTest, ::testing::Range<std::uint64_t>(1, 9));

// One private key with one secret, as a frame of one event would make it.
CommittedFrame frame_with(std::uint64_t position, const KeyId& id, Event event) {
  CommittedFrame frame;
  frame.frame.first_position = position;
  frame.frame.leaves.emplace_back();
  frame.side.events.emplace_back();
  RecordedEvent recorded;
  recorded.position = position;
  recorded.stream = stream_of(id);
  recorded.version = 1;
  recorded.event = std::move(event);
  frame.events.push_back(std::move(recorded));
  return frame;
}

KeyId id_of(std::uint64_t number) {
  KeyId id;
  std::memcpy(id.bytes.data() + 8, &number, sizeof(number));
  return id;
}

KeyCreated key_with(const Digest& hash) {
  KeyCreated created;
  created.scopes = {kAllScopes};
  created.secret.hash.bytes = hash;
  return created;
}

Digest hash_of(std::uint64_t number) {
  return sha256({reinterpret_cast<const char*>(&number), sizeof(number)});
}

// The last rule of all, and by whom it was set.
TEST(VerifyIndexRate, PrefersTheKeysOwnLimitAndNamesTheEventThatSetIt) {
  const MemoryLog log;
  VerifyIndex index(log);
  Policy policy;
  policy.rate_limit = RateLimit{2, 60};
  VerifyRequest request{WorkspaceId{}, std::nullopt, {}};
  request.policy = {77, tag_of(PolicySet{})};
  index.apply_to_memory(frame_with(0, id_of(1), key_with(hash_of(1))));
  const auto valid_uses = [&] {
    std::uint32_t uses = 0;
    VerifyAnswer answer;
    do {
      answer = index.verify(hash_of(1), policy, request, Timestamp{1});
      if (answer.judgement.verdict == Verdict::kValid) ++uses;
    } while (answer.judgement.verdict == Verdict::kValid && uses < 10);
    return std::make_tuple(uses, answer.judgement);
  };
  const auto limited_by = [](const Cause& cause) {
    return Judgement{Verdict::kRateLimited, cause};
  };
  const auto expect = [&](std::uint32_t uses, const Judgement& last) {
    const auto [counted, judgement] = valid_uses();
    EXPECT_EQ(counted, uses);
    EXPECT_EQ(judgement.verdict, last.verdict);
    EXPECT_EQ(judgement.decided_by, last.decided_by);
  };
  const auto change = [&](std::uint64_t position, std::optional<RateLimit> to) {
    index.apply_to_memory(frame_with(position, id_of(1), KeyRateLimitChanged{{{}, to}}));
    Cause cause;
    cause.position = position & 0xFFU;
    cause.type = tag_of(KeyRateLimitChanged{});
    return cause;
  };
  expect(2, limited_by(request.policy));
  EXPECT_EQ(index.use_of(id_of(1)).count, 2U) << "what was refused is no use";
  const Cause changed = change(1, RateLimit{3, 60});
  expect(3, limited_by(changed));
  const Cause freed = change(2, kNoRateLimit);
  expect(10, {Verdict::kValid, freed});
  static_cast<void>(change(3, std::nullopt));
  expect(2, limited_by(request.policy));
}

// The promise of product.md section 7: whoever starts to verify after apply_to_memory() of the
// revocation gets no VALID, while the table grows under many readers.
TEST(VerifyIndexRace, NoSecretIsValidAfterItsKeyWasRevoked) {
  constexpr std::uint64_t kKeys = 1'000;  // the table grows on the way
  const MemoryLog log;
  VerifyIndex index(log);
  std::atomic<std::uint64_t> made{0};
  std::atomic<std::uint64_t> revoked{0};
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> valid{0};
  for (std::uint64_t reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&, reader] {
      std::mt19937_64 random(reader);
      const Policy policy;
      while (revoked.load() < kKeys) {
        const std::uint64_t ended = revoked.load();
        const std::uint64_t there = made.load();
        const std::uint64_t number = random() % (kKeys + 100);
        const auto answer =
            index.verify(hash_of(number), policy, {WorkspaceId{}, std::nullopt, {}}, Timestamp{1});
        const Verdict verdict = answer.judgement.verdict;
        if (number < ended) {
          ASSERT_EQ(verdict, Verdict::kRevoked);
        }
        if (number < there) {
          ASSERT_NE(verdict, Verdict::kNotFound);
        }
        if (number >= kKeys) {
          ASSERT_EQ(verdict, Verdict::kNotFound);
        }
        if (verdict == Verdict::kValid) ++valid;
        static_cast<void>(index.use_of(id_of(number)));
      }
    });
  }
  std::uint64_t position = 0;
  for (std::uint64_t number = 0; number < kKeys; ++number) {
    index.apply_to_memory(frame_with(position++, id_of(number), key_with(hash_of(number))));
    made = number + 1;
    if (number < 100) continue;
    index.apply_to_memory(frame_with(position++, id_of(number - 100), KeyRevoked{}));
    revoked = number - 99;
  }
  for (std::uint64_t number = kKeys - 100; number < kKeys; ++number) {
    index.apply_to_memory(frame_with(position++, id_of(number), KeyRevoked{}));
    revoked = number + 1;
  }
  for (std::thread& reader : readers) reader.join();
  std::uint64_t uses = 0;
  for (std::uint64_t number = 0; number < kKeys; ++number)
    uses += index.use_of(id_of(number)).count;
  EXPECT_EQ(uses, valid.load()) << "no use is lost among threads";
}

// An importer brings hashes of its choosing. Equal ends must neither meet in one chain of probes
// nor be taken for each other.
TEST(VerifyIndexTable, TellsHashesThatDifferInOneByteApart) {
  VerifyTable table;
  std::vector<Digest> hashes;
  for (std::size_t byte = 0; byte < 32; ++byte) {
    for (int value = 0; value < 64; ++value) {
      Digest hash{};
      hash[byte] = static_cast<std::uint8_t>(value);
      if (value != 0 || byte == 0) hashes.push_back(hash);
    }
  }
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    Key key;
    key.id = id_of(i);
    key.version = 1;
    key.secrets.emplace_back().facts.hash.bytes = hashes[i];
    PackedLabel label(KeyLabel{std::to_string(i), std::nullopt, std::nullopt});
    table.make_room(key);
    table.put(key, label);
    table.drop_old();
  }
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto found = table.find(hashes[i]);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key->id, id_of(i));
    EXPECT_EQ(found->key->label.unpack().name, std::to_string(i));
  }
}

Grants with_scope(std::string scope) {
  Grants grants;
  grants.scopes.push_back(std::move(scope));
  return grants;
}

TEST(VerifyIndexTable, SharesScopesAmongKeysAndLetsGoOfThoseNobodyHas) {
  GrantsPool pool;
  const auto one = pool.take(with_scope("a"));
  const auto same = pool.take(with_scope("a"));
  const auto other = pool.take(with_scope("b"));
  EXPECT_EQ(one, same);
  EXPECT_NE(one, other);
  const std::weak_ptr<const Grants> watched = pool[one];
  pool.give_back(one);
  EXPECT_FALSE(watched.expired());
  pool.give_back(same);
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(pool[pool.take(with_scope("c"))]->scopes, ScopeSet{"c"});
  EXPECT_EQ(pool[other]->scopes, ScopeSet{"b"});
}

// Labels at both sides of what lies in the entry itself, and copies of them.
TEST(PackedLabel, KeepsALabelWhole) {
  EXPECT_EQ(PackedLabel().unpack(), KeyLabel());
  for (std::size_t size = 0; size <= 128; ++size) {
    const KeyLabel plain{std::string(size, 'x'), std::nullopt, std::nullopt};
    const KeyLabel full{std::string(size, 'y'), Metadata{{"team", "a"}, {"", ""}}, "customer-1"};
    const KeyLabel empty{std::string(size, 'z'), Metadata{}, ""};
    PackedLabel last(plain);
    for (const KeyLabel& label : {plain, full, empty}) {
      const PackedLabel packed(label);
      const PackedLabel copy(packed);  // NOLINT(performance-unnecessary-copy-initialization)
      EXPECT_EQ(packed.unpack(), label);
      EXPECT_EQ(copy.unpack(), label);
      last = copy;
      EXPECT_EQ(last.unpack(), label);
      const PackedLabel moved = std::move(last);
      EXPECT_EQ(moved.unpack(), label);
      last = PackedLabel(empty);
    }
  }
}

TEST(Pages, AreZeroAndLieOnHugePagesWhereTheyFit) {
  for (const std::size_t bytes : {std::size_t{8192}, Pages::kHuge, 3 * Pages::kHuge}) {
    Pages pages(bytes);
    const auto* const data = static_cast<const unsigned char*>(pages.data());
    EXPECT_TRUE(std::all_of(data, data + bytes, [](unsigned char byte) { return byte == 0; }));
    const std::size_t aligned = bytes % Pages::kHuge == 0 ? Pages::kHuge : 4096;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % aligned, 0U);
    Pages moved = std::move(pages);
    EXPECT_EQ(moved.data(), data);
    pages = Pages();
  }
}

TEST(VerifyIndexTable, KeepsItsEntriesSmall) {
  EXPECT_EQ(sizeof(KeyEntry), 4 * 64U);
  EXPECT_LE(sizeof(OldSecret), 80U);
}

}  // namespace
}  // namespace keyledger
