// Every failure that a client of etcd knows, with etcd's code and etcd's words.
//
// Clients compare the words as well as the code, so both are kept here, in one table, and nowhere
// else. Outcomes of the node and refusals of the store are translated into it. Pure; any thread.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "kv/mvcc/error.h"
#include "raft/config.h"
#include "raft/io.h"
#include "server/node/outcome.h"

namespace keel::api {

// X(name, code, words behind "etcdserver: ")
#define KEEL_API_ERROR_LIST(X)                                                                  \
  X(kEmptyKey, kInvalidArgument, "key is not provided")                                         \
  X(kKeyNotFound, kInvalidArgument, "key not found")                                            \
  X(kValueProvided, kInvalidArgument, "value is provided")                                      \
  X(kLeaseProvided, kInvalidArgument, "lease is provided")                                      \
  X(kTooManyOps, kInvalidArgument, "too many operations in txn request")                        \
  X(kDuplicateKey, kInvalidArgument, "duplicate key given in txn request")                      \
  X(kInvalidSortOption, kInvalidArgument, "invalid sort option")                                \
  X(kCompacted, kOutOfRange, "mvcc: required revision has been compacted")                      \
  X(kFutureRevision, kOutOfRange, "mvcc: required revision is a future revision")               \
  X(kNoSpace, kResourceExhausted, "mvcc: database space exceeded")                              \
  X(kAnswerTooLarge, kResourceExhausted, "the answer is too large: ask with a limit")           \
  X(kLeaseNotFound, kNotFound, "requested lease not found")                                     \
  X(kLeaseExists, kFailedPrecondition, "lease already exists")                                  \
  X(kLeaseTtlTooLarge, kOutOfRange, "too large lease TTL")                                      \
  X(kMemberExists, kFailedPrecondition, "member ID already exist")                              \
  X(kPeerUrlExists, kFailedPrecondition, "Peer URLs already exists")                            \
  X(kMemberNotEnoughStarted, kUnknown,                                                          \
    "re-configuration failed due to not enough started members")                                \
  X(kMemberBadUrls, kInvalidArgument, "given member URLs are invalid")                          \
  X(kMemberNotFound, kNotFound, "member not found")                                             \
  X(kMemberNotLearner, kFailedPrecondition, "can only promote a learner member")                \
  X(kLearnerNotReady, kFailedPrecondition,                                                      \
    "can only promote a learner member which is in sync with leader")                           \
  X(kTooManyLearners, kFailedPrecondition, "too many learner members in cluster")               \
  X(kUnhealthy, kUnavailable, "unhealthy cluster")                                              \
  X(kRequestTooLarge, kInvalidArgument, "request is too large")                                 \
  X(kTooManyRequests, kResourceExhausted, "too many requests")                                  \
  X(kRootUserNotExist, kFailedPrecondition, "root user does not exist")                         \
  X(kRootRoleNotExist, kFailedPrecondition, "root user does not have root role")                \
  X(kUserExists, kFailedPrecondition, "user name already exists")                               \
  X(kUserEmpty, kInvalidArgument, "user name is empty")                                         \
  X(kUserNotFound, kFailedPrecondition, "user name not found")                                  \
  X(kRoleExists, kFailedPrecondition, "role name already exists")                               \
  X(kRoleNotFound, kFailedPrecondition, "role name not found")                                  \
  X(kRoleEmpty, kInvalidArgument, "role name is empty")                                         \
  X(kAuthFailed, kInvalidArgument, "authentication failed, invalid user ID or password")        \
  X(kPermissionNotGiven, kInvalidArgument, "permission not given")                              \
  X(kPermissionDenied, kPermissionDenied, "permission denied")                                  \
  X(kRoleNotGranted, kFailedPrecondition, "role is not granted to the user")                    \
  X(kPermissionNotGranted, kFailedPrecondition, "permission is not granted to the role")        \
  X(kAuthNotEnabled, kFailedPrecondition, "authentication is not enabled")                      \
  X(kInvalidAuthToken, kUnauthenticated, "invalid auth token")                                  \
  X(kInvalidAuthManagement, kInvalidArgument, "invalid auth management")                        \
  X(kAuthOldRevision, kInvalidArgument, "revision of auth store is old")                        \
  X(kNoLeader, kUnavailable, "no leader")                                                       \
  X(kNotLeader, kFailedPrecondition, "not leader")                                              \
  X(kLeaderChanged, kUnavailable, "leader changed")                                             \
  X(kStopped, kUnavailable, "server stopped")                                                   \
  X(kTimeout, kUnavailable, "request timed out")                                                \
  X(kTimeoutLeaderFail, kUnavailable,                                                           \
    "request timed out, possibly due to previous leader failure")                               \
  X(kTimeoutConnectionLost, kUnavailable, "request timed out, possibly due to connection lost") \
  X(kTimeoutTransfer, kUnavailable, "request timed out, leader transfer took too long")         \
  X(kCorrupt, kDataLoss, "corrupt cluster")                                                     \
  X(kNotSupportedForLearner, kFailedPrecondition, "rpc not supported for learner")              \
  X(kBadLeaderTransferee, kFailedPrecondition, "bad leader transferee")                         \
  X(kWrongDowngradeVersion, kInvalidArgument, "wrong downgrade target version format")          \
  X(kInvalidDowngradeTarget, kInvalidArgument, "invalid downgrade target version")              \
  X(kNoInflightDowngrade, kFailedPrecondition, "no inflight downgrade job")                     \
  X(kSessionUnknown, kFailedPrecondition, "session not found")                                  \
  X(kSessionWrongUser, kPermissionDenied, "the session belongs to another user")                \
  X(kSessionAcknowledged, kFailedPrecondition, "the answer was acknowledged and is gone")       \
  X(kSessionFull, kResourceExhausted, "too many unacknowledged answers in the session")         \
  X(kTooManySessions, kResourceExhausted, "too many sessions")                                  \
  X(kSessionAnswerDropped, kFailedPrecondition, "carried out before; the answer is not kept")   \
  X(kTooManyPrefixRules, kResourceExhausted, "too many prefix rules")                           \
  X(kBadSession, kInvalidArgument, "invalid session metadata")                                  \
  X(kBadRequest, kInvalidArgument, "malformed request")

// X(name, code, words): those of etcd's locks and elections, whose words stand alone
#define KEEL_API_BARE_ERROR_LIST(X)                                    \
  X(kLeaderKeyMissing, kUnknown, "\"leader\" field must be provided")  \
  X(kElectionNoLeader, kUnknown, "election: no leader")                \
  X(kElectionNotLeader, kUnknown, "election: not leader")              \
  X(kElectionSessionExpired, kUnknown, "election: session is expired") \
  X(kLockSessionExpired, kUnknown, "mutex: session is expired")

enum class ApiError : uint8_t {
#define KEEL_API_ERROR_NAME(name, code, text) name,
  KEEL_API_ERROR_LIST(KEEL_API_ERROR_NAME) KEEL_API_BARE_ERROR_LIST(KEEL_API_ERROR_NAME)
#undef KEEL_API_ERROR_NAME
};

[[nodiscard]] Status StatusOf(ApiError error);
// OK for kNone.
[[nodiscard]] Status StatusOf(kv::KvError error);
[[nodiscard]] Status StatusOf(const node::Dropped& dropped);
[[nodiscard]] Status StatusOf(const node::Unknown& unknown);
[[nodiscard]] Status StatusOf(raft::ConfigRefusal refusal);
[[nodiscard]] Status StatusOf(raft::ReadRefusal refusal);

// A failure that no client of etcd knows, such as a disk's: Unknown, and its own words. etcd's do
// the same; INTERNAL would make some clients ask for ever.
[[nodiscard]] Status Unmapped(const Status& failure);
// etcd's locks and elections ask through a client of their own, by which a refusal keeps its words
// and loses its code: Unknown. UNAVAILABLE stays what it is, as it sends callers to other members.
[[nodiscard]] Status ThroughAClient(const Status& failure);

}  // namespace keel::api
