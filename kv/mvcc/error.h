// What a command or a read may be refused for: outcomes that the protocol foresees.
//
// A refusal is decided from the log and the replicated state alone, so that every member refuses
// alike. server/api maps each to etcd's code and text; the environment's failures are a Status and
// never one of these. The numbers are stored with the answers of sessions and never change.
#pragma once

#include <cstdint>
#include <string_view>

namespace keel::kv {

// X(name, number, words for a log or a failing test)
#define KEEL_KV_ERROR_LIST(X)                                                  \
  X(kNone, 0, "no error")                                                      \
  X(kEmptyKey, 1, "key is not provided")                                       \
  X(kKeyNotFound, 2, "key not found")                                          \
  X(kValueProvided, 3, "value is provided")                                    \
  X(kLeaseProvided, 4, "lease is provided")                                    \
  X(kTooManyOps, 5, "too many operations in txn request")                      \
  X(kDuplicateKey, 6, "duplicate key given in txn request")                    \
  X(kInvalidSortOption, 7, "invalid sort option")                              \
  X(kCompacted, 8, "required revision has been compacted")                     \
  X(kFutureRevision, 9, "required revision is a future revision")              \
  X(kNoSpace, 10, "database space exceeded")                                   \
  X(kCorrupt, 11, "corrupt cluster")                                           \
  X(kAnswerTooLarge, 12, "the answer is larger than its budget")               \
  X(kBadCommand, 13, "the command does not decode")                            \
  X(kLeaseNotFound, 20, "requested lease not found")                           \
  X(kLeaseExists, 21, "lease already exists")                                  \
  X(kLeaseTtlTooLarge, 22, "too large lease TTL")                              \
  X(kStaleLeader, 23, "the leader that asked for it leads no more")            \
  X(kSessionUnknown, 30, "no such session, or it has expired")                 \
  X(kSessionWrongUser, 31, "the session belongs to another user")              \
  X(kSessionAcknowledged, 32, "the answer was acknowledged and is gone")       \
  X(kSessionFull, 33, "too many unacknowledged answers in the session")        \
  X(kTooManySessions, 34, "too many sessions")                                 \
  X(kSessionAnswerDropped, 35, "it was carried out; its answer was too large") \
  X(kRootUserNotExist, 40, "root user does not exist")                         \
  X(kRootRoleNotExist, 41, "root user does not have root role")                \
  X(kUserEmpty, 42, "user name is empty")                                      \
  X(kUserExists, 43, "user name already exists")                               \
  X(kUserNotFound, 44, "user name not found")                                  \
  X(kRoleEmpty, 45, "role name is empty")                                      \
  X(kRoleExists, 46, "role name already exists")                               \
  X(kRoleNotFound, 47, "role name not found")                                  \
  X(kRoleNotGranted, 48, "role is not granted to the user")                    \
  X(kPermissionNotGranted, 49, "permission is not granted to the role")        \
  X(kPermissionNotGiven, 50, "permission not given")                           \
  X(kPermissionDenied, 51, "permission denied")                                \
  X(kAuthOldRevision, 52, "revision in header is old")                         \
  X(kInvalidAuthManagement, 53, "invalid auth management")                     \
  X(kNoPasswordUser, 54, "the user has no password")                           \
  X(kTooManyPrefixRules, 60, "too many prefix rules")

enum class KvError : uint8_t {
#define KEEL_KV_ERROR_NAME(name, number, text) name = number,
  KEEL_KV_ERROR_LIST(KEEL_KV_ERROR_NAME)
#undef KEEL_KV_ERROR_NAME
};

[[nodiscard]] std::string_view KvErrorText(KvError error);

}  // namespace keel::kv
