// Who may do what: rights over ranges, over what hangs on leases, and how they go out of date.
#include <gtest/gtest.h>

#include <string>

#include "tests/kv/support/store_world.h"

namespace keel::kv {
namespace {

class AuthTest : public testing::Test {
 protected:
  AuthTest() {
    Do({.action = AuthAction::kUserAdd, .user = "root"});
    Do({.action = AuthAction::kUserGrantRole, .user = "root", .role = "root"});
    Do({.action = AuthAction::kUserAdd, .user = "ann"});
    Do({.action = AuthAction::kRoleAdd, .role = "r"});
    Do({.action = AuthAction::kUserGrantRole, .user = "ann", .role = "r"});
    Grant(PermissionKind::kReadWrite, {.begin = "b", .end = "d"});
    Grant(PermissionKind::kReadWrite, {.begin = "d", .end = "f"});
    Grant(PermissionKind::kRead, {.begin = "x", .end = {}});
    Do({.action = AuthAction::kEnable});
  }
  void Do(const AuthOp& op) {
    ASSERT_EQ(world_.Apply(op, Root()).error, KvError::kNone) << static_cast<int>(op.action);
  }
  void Grant(PermissionKind kind, const KeyRange& keys) {
    Do({.action = AuthAction::kRoleGrantPermission,
        .role = "r",
        .permission = {.kind = kind, .keys = keys}});
  }
  Origin Root() { return As("root"); }
  Origin As(const std::string& user) {
    return {.user = user, .auth_revision = world_.store().state().auth_revision};
  }

  StoreWorld world_;
};

TEST_F(AuthTest, AdjoiningRangesMergeAndHolesDoNot) {
  const AuthState& auth = world_.store().auth();
  EXPECT_TRUE(auth.Permits("ann", {.begin = "b", .end = "f"}, AuthState::Access::kWrite));
  EXPECT_FALSE(auth.Permits("ann", {.begin = "b", .end = "g"}, AuthState::Access::kRead));
  EXPECT_FALSE(auth.Permits("ann", {.begin = "a", .end = "c"}, AuthState::Access::kRead));
  EXPECT_TRUE(auth.Permits("ann", {.begin = "x", .end = {}}, AuthState::Access::kRead));
  EXPECT_FALSE(auth.Permits("ann", {.begin = "x", .end = {}}, AuthState::Access::kWrite));
  // The right to one key is no right to what follows it (GHSA-xg4h-6gfc-h4m8).
  EXPECT_FALSE(
      auth.Permits("ann", {.begin = "x", .end = std::string(1, '\0')}, AuthState::Access::kRead));
  EXPECT_TRUE(auth.Permits("root", PrefixRange(""), AuthState::Access::kWrite));
  EXPECT_FALSE(auth.Permits("nobody", {.begin = "b", .end = {}}, AuthState::Access::kRead));
}

TEST_F(AuthTest, CommandsAreHeldToTheRightsOfTheirUser) {
  EXPECT_EQ(world_.Apply(PutOp{.key = "c", .value = "1"}, As("ann")).error, KvError::kNone);
  EXPECT_EQ(world_.Apply(PutOp{.key = "x", .value = "1"}, As("ann")).error,
            KvError::kPermissionDenied);
  EXPECT_EQ(world_.Apply(PutOp{.key = "c", .value = "1"}).error, KvError::kUserEmpty);
  TxnOp txn;
  txn.failure.emplace_back(PutOp{.key = "z", .value = "1"});
  EXPECT_EQ(world_.Apply(txn, As("ann")).error, KvError::kPermissionDenied);
  EXPECT_EQ(world_.Apply(AuthOp{.action = AuthAction::kRoleAdd, .role = "q"}, As("ann")).error,
            KvError::kPermissionDenied);
}

TEST_F(AuthTest, RevokingALeaseNeedsTheRightToItsKeys) {
  world_.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60}, Root());
  world_.Apply(PutOp{.key = "x", .value = "1", .lease = LeaseId(1)}, Root());
  EXPECT_EQ(world_.Apply(LeaseRevokeOp{.ids = {LeaseId(1)}}, As("ann")).error,
            KvError::kPermissionDenied);
  EXPECT_EQ(world_.Apply(LeaseRevokeOp{.ids = {LeaseId(1)}, .leader_term = Term(1)}).error,
            KvError::kNone)
      << "a leader acts on its own account";
}

TEST_F(AuthTest, AttachingToALeaseNeedsTheRightToWhatHangsOnIt) {
  world_.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60}, Root());
  const PutOp mine{.key = "c", .value = "1", .lease = LeaseId(1)};
  TxnOp inner;
  inner.failure.emplace_back(mine);
  TxnOp txn;
  NestedTxn nested;
  nested.txn.push_back(inner);
  txn.success.emplace_back(nested);
  EXPECT_EQ(world_.Apply(mine, As("ann")).error, KvError::kNone) << "nothing of others hangs on it";
  EXPECT_EQ(world_.Apply(txn, As("ann")).error, KvError::kNone);
  world_.Apply(PutOp{.key = "x", .value = "1", .lease = LeaseId(1)}, Root());
  EXPECT_EQ(world_.Apply(mine, As("ann")).error, KvError::kPermissionDenied);
  EXPECT_EQ(world_.Apply(txn, As("ann")).error, KvError::kPermissionDenied);
  EXPECT_EQ(world_.Apply(mine, Root()).error, KvError::kNone);
  world_.Apply(DeleteRangeOp{.keys = {.begin = "x", .end = {}}}, Root());
  EXPECT_EQ(world_.Apply(mine, As("ann")).error, KvError::kNone);
}

// However the log is cut into batches, the answer is the same.
TEST_F(AuthTest, AttachingSeesWhatItsOwnBatchAttached) {
  world_.Apply(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 60}, Root());
  const auto put = [](const Origin& origin, const char* key) {
    return EncodeCommand(
        {.origin = origin, .operation = PutOp{.key = key, .value = "1", .lease = LeaseId(1)}});
  };
  const std::string theirs = put(Root(), "x");
  const std::string mine = put(As("ann"), "c");
  const Index applied = world_.store().state().applied;
  const LogEntry entries[] = {{.index = applied + 1, .term = Term(1), .payload = theirs},
                              {.index = applied + 2, .term = Term(1), .payload = mine}};
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(world_.store().Apply(entries, &outcomes).ok());
  EXPECT_EQ(outcomes[0].error, KvError::kNone);
  EXPECT_EQ(outcomes[1].error, KvError::kPermissionDenied);
}

TEST_F(AuthTest, EveryChangeOutdatesWhatWasAuthorisedBefore) {
  const Origin before = As("ann");
  Do({.action = AuthAction::kRoleRevokePermission,
      .role = "r",
      .permission = {.keys = {.begin = "x", .end = {}}}});
  EXPECT_EQ(world_.Apply(PutOp{.key = "c", .value = "1"}, before).error, KvError::kAuthOldRevision);
}

TEST_F(AuthTest, RootCannotBeTakenAwayWhileAuthIsOn) {
  const AuthOp remove{.action = AuthAction::kUserDelete, .user = "root"};
  EXPECT_EQ(world_.Apply(remove, Root()).error, KvError::kInvalidAuthManagement);
  Do({.action = AuthAction::kDisable});
  Do(remove);
  EXPECT_EQ(world_.Apply(AuthOp{.action = AuthAction::kEnable}, Root()).error,
            KvError::kRootUserNotExist);
}

TEST_F(AuthTest, DeletingARoleTakesItFromItsUsersForGood) {
  Do({.action = AuthAction::kRoleDelete, .role = "r"});
  world_.Restart();
  EXPECT_TRUE(world_.store().auth().users().at("ann").roles.empty());
  EXPECT_EQ(world_.Apply(PutOp{.key = "c", .value = "1"}, As("ann")).error,
            KvError::kPermissionDenied);
}

}  // namespace
}  // namespace keel::kv
