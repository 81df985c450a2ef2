// The rules of the store that the model leaves out: sessions, alarms, quotas, restarts.
#include "kv/mvcc/store.h"

#include <gtest/gtest.h>

#include <string>

#include "kv/mvcc/compactor.h"
#include "kv/mvcc/hash_keys.h"
#include "tests/kv/support/store_world.h"

namespace keel::kv {
namespace {

Origin InSession(uint64_t sequence, uint64_t lowest = 0) {
  return {.session = SessionId(7), .sequence = sequence, .lowest_unacknowledged = lowest};
}

TEST(Store, AFreshStoreIsAtRevisionOneAndDeletingNothingKeepsIt) {
  StoreWorld world;
  EXPECT_EQ(world.store().state().revision, Revision(1));
  const Outcome outcome = world.Apply(DeleteRangeOp{.keys = PrefixRange("")});
  EXPECT_EQ(outcome.revision, Revision(1));
  EXPECT_EQ(world.Put("a", "1").revision, Revision(2));
  EXPECT_EQ(world.Put("a", "1").revision, Revision(3));
}

TEST(Store, EntriesThatAreNoCommandsMoveTheAppliedIndexAlone) {
  StoreWorld world;
  std::vector<Outcome> outcomes;
  const LogEntry entries[] = {
      {.kind = LogEntry::Kind::kNothing, .index = Index(1), .term = Term(3)},
      {.kind = LogEntry::Kind::kMembership, .index = Index(2), .term = Term(3), .payload = "abc"}};
  ASSERT_TRUE(world.store().Apply(entries, &outcomes).ok());
  world.Restart();
  EXPECT_EQ(world.store().state().applied, Index(2));
  EXPECT_EQ(world.store().state().applied_term, Term(3));
  EXPECT_EQ(world.store().membership(), "abc");
}

TEST(Store, BytesThatAreNoCommandAreRefusedAndCounted) {
  StoreWorld world;
  EXPECT_EQ(world.ApplyBytes("").error, KvError::kBadCommand);
  EXPECT_EQ(world.ApplyBytes("\x07rubbish").error, KvError::kBadCommand);
  EXPECT_EQ(world.store().state().applied, Index(2));
}

// Without it a search in an empty family walks what compaction has removed behind it.
TEST(Store, AFenceStandsBeforeTheRevisionsOfEveryStore) {
  StoreWorld world;
  const std::string fence = world.store().layout().Prefix(Family::kFence);
  const std::string revisions = world.store().layout().Prefix(Family::kRevisions);
  EXPECT_LT(fence, revisions);
  for (const Family family :
       {Family::kLeases, Family::kSessions, Family::kOutcomes, Family::kPrefixes}) {
    EXPECT_LT(world.store().layout().Prefix(family), fence);
  }
  world.Put("a", "1");
  const auto next = [&] {
    const auto iterator = world.engine().Iterate({});
    iterator->Seek(world.store().layout().Prefix(Family::kPrefixes));
    return iterator->Valid() ? std::string(iterator->key()) : std::string();
  };
  EXPECT_EQ(next(), fence);
  // A store that was written without it.
  WriteBatch batch;
  batch.Delete(fence);
  ASSERT_TRUE(world.engine().Write(batch, world.store().state().applied).ok());
  world.Restart();
  world.Put("a", "2");
  EXPECT_EQ(next(), fence);
}

TEST(Store, LogTimeNeverGoesBack) {
  StoreWorld world;
  world.now_ms = 5'000;
  world.Put("a", "1");
  world.now_ms = 3'000;
  world.Put("a", "2");
  EXPECT_EQ(world.store().state().log_time_ms, 5'000u);
}

TEST(Store, ARestartFindsEverything) {
  StoreWorld world;
  world.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
  world.Put("a", "1", LeaseId(1));
  world.Apply(SessionOpenOp{.id = SessionId(7)});
  world.Apply(PutOp{.key = "b", .value = "2"}, InSession(1));
  world.Apply(AuthOp{.action = AuthAction::kUserAdd, .user = "root", .password_hash = "x"});
  world.Apply(PrefixRuleOp{.prefix = "a", .quota_bytes = 100});
  world.Apply(ArchiveMarkOp{Index(3)});
  world.Apply(AlarmOp{.raise = true, .kind = AlarmKind::kCorrupt, .member = NodeId(9)});
  const StoreState before = world.store().state();
  world.Restart();
  EXPECT_EQ(world.store().state(), before);
  EXPECT_TRUE(world.store().leases().Contains(LeaseId(1)));
  EXPECT_TRUE(world.store().sessions().Contains(SessionId(7)));
  EXPECT_TRUE(world.store().auth().users().contains("root"));
  EXPECT_EQ(world.store().rules().rules().at("a").live_bytes, 2u);
  EXPECT_TRUE(world.store().alarms().IsRaised(AlarmKind::kCorrupt));
  EXPECT_EQ(world.store().archived(), Index(3));
}

TEST(Store, WhatIsArchivedStaysSo) {
  StoreWorld world;
  EXPECT_EQ(world.store().archived(), Index(0));
  const Revision before = world.store().state().revision;
  EXPECT_EQ(world.Apply(ArchiveMarkOp{Index(9)}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(ArchiveMarkOp{Index(4)}).error, KvError::kNone);
  EXPECT_EQ(world.store().archived(), Index(9));
  EXPECT_EQ(world.store().state().revision, before);
}

TEST(Store, TheChainHashTellsDifferentLogsApartAndIsKeptAtMultiples) {
  StoreWorld one;
  StoreWorld two;
  StoreWorld other;
  for (uint64_t i = 1; i <= kChainEvery; ++i) {
    one.Put("k", std::to_string(i));
    two.Put("k", std::to_string(i));
    other.Put("k", std::to_string(i == 500 ? 0 : i));
  }
  const Index at(kChainEvery);
  EXPECT_EQ(one.store().ChainHashAt(at).value(), two.store().ChainHashAt(at).value());
  EXPECT_NE(one.store().ChainHashAt(at).value(), other.store().ChainHashAt(at).value());
  EXPECT_EQ(one.store().ChainHashAt(Index(5)).status().code(), Code::kNotFound);
}

// etcd counts compactions from -1.
TEST(Store, AFreshStoreTakesOneCompactionAtRevisionZero) {
  StoreWorld world;
  EXPECT_EQ(world.Apply(CompactOp{.revision = Revision(2)}).error, KvError::kFutureRevision);
  EXPECT_EQ(world.Apply(CompactOp{}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(CompactOp{}).error, KvError::kCompacted);
  const StoreState before = world.store().state();
  world.Restart();
  EXPECT_EQ(world.store().state(), before);
  EXPECT_EQ(world.Apply(CompactOp{}).error, KvError::kCompacted);
  EXPECT_EQ(world.Apply(CompactOp{.revision = Revision(1)}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(CompactOp{.revision = Revision(1)}).error, KvError::kCompacted);
  EXPECT_EQ(world.Apply(CompactOp{}).error, KvError::kCompacted);
}

// ---- the same key twice in one transaction ----
TxnOp Branches(std::vector<RequestOp> success, std::vector<RequestOp> failure = {}) {
  TxnOp txn;
  txn.success = std::move(success);
  txn.failure = std::move(failure);
  return txn;
}

RequestOp Nested(TxnOp txn) {
  NestedTxn nested;
  nested.txn.push_back(std::move(txn));
  return nested;
}

RequestOp PutOf(const std::string& key) { return PutOp{.key = key, .value = "v"}; }
RequestOp DeleteOf(const KeyRange& keys) { return DeleteRangeOp{.keys = keys}; }

TEST(Txn, ARangeDeleteClashesWithAPutInABranchOfItsSibling) {
  const RequestOp remove = DeleteOf({.begin = "a", .end = "c"});
  for (const bool in_success : {true, false}) {
    const RequestOp put = Nested(in_success ? Branches({PutOf("b")}) : Branches({}, {PutOf("b")}));
    for (const auto& ops : {std::vector{remove, put}, std::vector{put, remove}}) {
      StoreWorld world;
      EXPECT_EQ(world.Apply(Branches(ops)).error, KvError::kDuplicateKey);
      EXPECT_EQ(world.Apply(Branches({}, ops)).error, KvError::kDuplicateKey);
      EXPECT_EQ(world.Apply(Branches({Nested(Branches(ops))})).error, KvError::kDuplicateKey);
      EXPECT_EQ(world.store().state().revision, Revision(1));
    }
    const std::vector<RequestOp> both_nested = {Nested(Branches({remove})), put};
    EXPECT_EQ(StoreWorld().Apply(Branches(both_nested)).error, KvError::kDuplicateKey);
  }
  const std::vector<RequestOp> beside = {remove, Nested(Branches({PutOf("c")}))};
  EXPECT_EQ(StoreWorld().Apply(Branches(beside)).error, KvError::kNone);
}

TEST(Txn, BranchesThatExcludeOneAnotherMayRepeatKeys) {
  const RequestOp remove = DeleteOf(PrefixRange("a"));
  EXPECT_EQ(StoreWorld().Apply(Branches({PutOf("a")}, {PutOf("a"), PutOf("b")})).error,
            KvError::kNone);
  EXPECT_EQ(StoreWorld().Apply(Branches({Nested(Branches({PutOf("a")}, {remove}))})).error,
            KvError::kNone);
  EXPECT_EQ(StoreWorld()
                .Apply(Branches({Nested(Branches({PutOf("a")}, {PutOf("a")})), PutOf("a")}))
                .error,
            KvError::kDuplicateKey);
  const std::vector<RequestOp> siblings = {Nested(Branches({PutOf("a")}, {PutOf("b")})),
                                           Nested(Branches({PutOf("c")}, {PutOf("b")}))};
  EXPECT_EQ(StoreWorld().Apply(Branches(siblings)).error, KvError::kDuplicateKey);
}

TEST(HashKeys, DoesNotDependOnHowFarCompactionHasCome) {
  StoreWorld world;
  for (int i = 0; i < 60; ++i) {
    world.Put("k" + std::to_string(i % 7), std::to_string(i));
    if (i % 5 == 0) world.Apply(DeleteRangeOp{.keys = {.begin = "k3", .end = {}}});
  }
  const Revision middle(40);
  const KeysHash whole = HashKeys(*world.store().view(), middle).value();
  world.Apply(CompactOp{.revision = Revision(30)});
  const KeysHash before = HashKeys(*world.store().view(), middle).value();
  Compactor compactor(&world.engine(), 0);
  while (!compactor.Step(Revision(30), 3).value()) {
    ASSERT_EQ(HashKeys(*world.store().view(), middle).value(), before);
  }
  world.Put("k1", "later");
  EXPECT_EQ(HashKeys(*world.store().view(), middle).value(), before);
  EXPECT_NE(whole.hash, before.hash);
  EXPECT_NE(HashKeys(*world.store().view(), {}).value().hash, before.hash);
  EXPECT_EQ(HashKeys(*world.store().view(), Revision(29)).value().error, KvError::kCompacted);
  EXPECT_EQ(HashKeys(*world.store().view(), Revision(900)).value().error, KvError::kFutureRevision);
}

// ---- sessions ----
TEST(Sessions, ARetryGetsTheFirstAnswerAndChangesNothing) {
  StoreWorld world;
  world.Apply(SessionOpenOp{.id = SessionId(7)});
  world.Put("k", "old");
  const PutOp put{.key = "k", .value = "new", .prev_kv = true};
  const Outcome first = world.Apply(put, InSession(1));
  world.Put("k", "later");
  world.Restart();
  const Outcome again = world.Apply(put, InSession(1));
  EXPECT_EQ(again, first);
  EXPECT_EQ(std::get<PutResult>(again.answer).previous->value, "old");
  EXPECT_EQ(world.Get("k"), "later");
}

TEST(Sessions, UnknownClosedAndExpiredOnesAreRefusedAndNeverCarriedOut) {
  StoreWorld world(SessionLimits{.idle_max_ms = 100});
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "v"}, InSession(1)).error,
            KvError::kSessionUnknown);
  world.Apply(SessionOpenOp{.id = SessionId(7)});
  world.now_ms += 100;
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "v"}, InSession(1)).error, KvError::kNone);
  world.now_ms += 101;
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "w"}, InSession(1)).error,
            KvError::kSessionUnknown);
  EXPECT_EQ(world.Get("k"), "v");
  EXPECT_EQ(world.store().sessions().answers_bytes(), 0u);
}

TEST(Sessions, AnswersBelowTheLowestUnacknowledgedAreGone) {
  StoreWorld world;
  world.Apply(SessionOpenOp{.id = SessionId(7)});
  for (uint64_t i = 1; i <= 3; ++i) world.Apply(PutOp{.key = "k", .value = "v"}, InSession(i));
  world.Apply(PutOp{.key = "k", .value = "v"}, InSession(4, 3));
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "w"}, InSession(2, 3)).error,
            KvError::kSessionAcknowledged);
  EXPECT_EQ(world.Get("k"), "v");
}

TEST(Sessions, AreBoundedInNumberAndInAnswers) {
  StoreWorld world(SessionLimits{.sessions_max = 1, .answers_max = 2, .answer_bytes_max = 64});
  world.Apply(SessionOpenOp{.id = SessionId(7)});
  EXPECT_EQ(world.Apply(SessionOpenOp{.id = SessionId(8)}).error, KvError::kTooManySessions);
  world.Put("big", std::string(1000, 'x'));
  const DeleteRangeOp remove{.keys = {.begin = "big", .end = {}}, .prev_kv = true};
  EXPECT_EQ(std::get<DeleteRangeResult>(world.Apply(remove, InSession(1)).answer).deleted, 1u);
  EXPECT_EQ(world.Apply(remove, InSession(1)).error, KvError::kSessionAnswerDropped);
  world.Apply(PutOp{.key = "k", .value = "v"}, InSession(2));
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "w"}, InSession(3)).error,
            KvError::kSessionFull);
}

TEST(Sessions, BelongToTheirUser) {
  StoreWorld world;
  world.Apply(SessionOpenOp{.id = SessionId(7)}, {.user = "ann"});
  Origin bob = InSession(1);
  bob.user = "bob";
  EXPECT_EQ(world.Apply(PutOp{.key = "k", .value = "v"}, bob).error, KvError::kSessionWrongUser);
}

// ---- alarms and quotas ----
TEST(Alarms, NoSpaceStopsGrowthButNotDeletesCompactionAndRevokes) {
  StoreWorld world;
  world.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
  world.Put("a", "1");
  world.Apply(AlarmOp{.raise = true, .kind = AlarmKind::kNoSpace, .member = NodeId(1)});
  EXPECT_EQ(world.Put("a", "2").error, KvError::kNoSpace);
  EXPECT_EQ(world.Apply(LeaseGrantOp{.id = LeaseId(2), .ttl_s = 60}).error, KvError::kNoSpace);
  TxnOp txn;
  txn.success.emplace_back(PutOp{.key = "b", .value = "1"});
  EXPECT_EQ(world.Apply(txn).error, KvError::kNoSpace);
  EXPECT_EQ(world.Apply(DeleteRangeOp{.keys = PrefixRange("a")}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(CompactOp{.revision = Revision(2)}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(LeaseRevokeOp{.ids = {LeaseId(1)}}).error, KvError::kNone);
  world.Apply(AlarmOp{.raise = false, .kind = AlarmKind::kNoSpace});
  EXPECT_EQ(world.Put("a", "2").error, KvError::kNone);
}

TEST(Alarms, NoSpaceStopsWhatMayCostWhicheverBranchIsTaken) {
  StoreWorld world;
  world.Put("a", "1");
  TxnOp guarded;  // deletes, and would put
  guarded.success.emplace_back(DeleteRangeOp{.keys = PrefixRange("a")});
  NestedTxn nested;
  nested.txn.emplace_back();
  nested.txn.front().failure.emplace_back(PutOp{.key = "b", .value = "1"});
  TxnOp deep;
  deep.success.emplace_back(std::move(nested));
  TxnOp frees;
  frees.success.emplace_back(DeleteRangeOp{.keys = PrefixRange("a")});
  guarded.failure.emplace_back(PutOp{.key = "b", .value = "1"});
  world.Apply(AlarmOp{.raise = true, .kind = AlarmKind::kNoSpace, .member = NodeId(1)});
  EXPECT_EQ(world.Apply(guarded).error, KvError::kNoSpace);
  EXPECT_EQ(world.Apply(deep).error, KvError::kNoSpace);
  // Before all else that there is to say of it.
  EXPECT_EQ(world.Put("b", "1", LeaseId(9)).error, KvError::kNoSpace);
  EXPECT_EQ(world.Get("a"), "1");
  EXPECT_EQ(world.Apply(frees).error, KvError::kNone);
  world.Apply(AlarmOp{.raise = false, .kind = AlarmKind::kNoSpace});
  EXPECT_EQ(world.Apply(guarded).error, KvError::kNone);
}

TEST(Alarms, AFullQuotaOfTheWholeStopsTheSame) {
  StoreWorld world;
  world.Put("a", std::string(97, 'x'));
  world.Apply(PrefixRuleOp{.prefix = "", .quota_bytes = 100});
  EXPECT_EQ(world.Put("b", "1234").error, KvError::kNoSpace);
  TxnOp guarded;
  guarded.success.emplace_back(DeleteRangeOp{.keys = PrefixRange("a")});
  guarded.failure.emplace_back(PutOp{.key = "b", .value = "1"});
  EXPECT_EQ(world.Apply(guarded).error, KvError::kNoSpace);
  EXPECT_EQ(world.Apply(LeaseGrantOp{.id = LeaseId(2), .ttl_s = 60}).error, KvError::kNoSpace);
  EXPECT_EQ(world.Apply(DeleteRangeOp{.keys = PrefixRange("a")}).error, KvError::kNone);
  EXPECT_EQ(world.Apply(guarded).error, KvError::kNone);
  EXPECT_EQ(world.Apply(LeaseGrantOp{.id = LeaseId(2), .ttl_s = 60}).error, KvError::kNone);
}

TEST(Alarms, CorruptStopsEverythingThatWrites) {
  StoreWorld world;
  world.Apply(AlarmOp{.raise = true, .kind = AlarmKind::kCorrupt, .member = NodeId(1)});
  EXPECT_EQ(world.Put("a", "2").error, KvError::kCorrupt);
  EXPECT_EQ(world.Apply(DeleteRangeOp{.keys = PrefixRange("a")}).error, KvError::kCorrupt);
}

TEST(PrefixRules, AQuotaRefusesWhatDoesNotFitAndItsAlarmClearsItself) {
  StoreWorld world;
  world.Put("t/0", std::string(97, 'x'));
  world.Apply(PrefixRuleOp{.prefix = "t/", .quota_bytes = 1000});
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(world.Put("t/" + std::to_string(i), std::string(97, 'x')).error, KvError::kNone);
  }
  EXPECT_EQ(world.Put("t/x", "y").error, KvError::kNoSpace);
  EXPECT_TRUE(world.store().rules().rules().at("t/").full);
  EXPECT_EQ(world.Put("u/x", "y").error, KvError::kNone) << "others are free";
  EXPECT_EQ(world.Apply(DeleteRangeOp{.keys = PrefixRange("t/0")}).error, KvError::kNone);
  EXPECT_FALSE(world.store().rules().rules().at("t/").full);
  EXPECT_EQ(world.Put("t/x", "y").error, KvError::kNone);
  EXPECT_EQ(world.store().rules().rules().at("t/").live_keys, 10u);
}

TEST(PrefixRules, TheEmptyPrefixIsTheTotal) {
  StoreWorld world;
  world.Apply(PrefixRuleOp{.prefix = "", .quota_bytes = 10});
  EXPECT_EQ(world.Put("k", std::string(20, 'x')).error, KvError::kNoSpace);
  EXPECT_EQ(world.Put("k", "x").error, KvError::kNone);
}

// ---- leases ----
TEST(Leases, ARevokeOfADeposedLeaderDoesNothing) {
  StoreWorld world;
  world.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
  world.Put("a", "1", LeaseId(1));
  world.term = Term(2);
  const LeaseRevokeOp stale{.ids = {LeaseId(1)}, .leader_term = Term(1)};
  EXPECT_EQ(world.Apply(stale).error, KvError::kStaleLeader);
  EXPECT_EQ(world.Get("a"), "1");
  const LeaseRevokeOp fresh{.ids = {LeaseId(1)}, .leader_term = Term(2)};
  EXPECT_EQ(world.Apply(fresh).error, KvError::kNone);
  EXPECT_EQ(world.Get("a"), "(none)");
}

TEST(Leases, ARevokeSeesWhatItsOwnBatchAttached) {
  StoreWorld world;
  world.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60});
  const std::string put = EncodeCommand({{}, PutOp{.key = "a", .value = "1", .lease = LeaseId(1)}});
  const std::string revoke = EncodeCommand({{}, LeaseRevokeOp{.ids = {LeaseId(1)}}});
  const LogEntry entries[] = {{.index = Index(2), .term = Term(1), .payload = put},
                              {.index = Index(3), .term = Term(1), .payload = revoke}};
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(world.store().Apply(entries, &outcomes).ok());
  EXPECT_EQ(world.Get("a"), "(none)");
}

TEST(Store, CountsWhatItCarriesOut) {
  StoreWorld world;
  world.Put("a", "12345");
  world.Put("b", "1", LeaseId(9));  // refused: there is no such lease
  world.Apply(DeleteRangeOp{.keys = PrefixRange("a")});
  world.Apply(DeleteRangeOp{.keys = PrefixRange("a")});
  TxnOp nested;
  nested.success = {PutOp{.key = "c", .value = "1"}, RangeRequest{.keys = PrefixRange("c")}};
  TxnOp txn;
  txn.success = {NestedTxn{{nested}}};
  world.Apply(txn);
  TxnOp single;
  single.success = {PutOp{.key = "d", .value = "1"}};
  world.Apply(single);
  EXPECT_EQ(world.counts.puts.value(), 3u);
  EXPECT_EQ(world.counts.put_bytes.value(), 6u + 2u + 2u);
  EXPECT_EQ(world.counts.deletes.value(), 2u);
  EXPECT_EQ(world.counts.ranges.value(), 1u);
  EXPECT_EQ(world.counts.txns.value(), 1u);
  world.Apply(LeaseGrantOp{.id = LeaseId(7), .ttl_s = 10});
  world.Apply(LeaseGrantOp{.id = LeaseId(7), .ttl_s = 10});
  world.Apply(LeaseRevokeOp{.ids = {LeaseId(7)}});
  EXPECT_EQ(world.counts.leases_granted.value(), 1u);
  EXPECT_EQ(world.counts.leases_revoked.value(), 1u);
}

}  // namespace
}  // namespace keel::kv
