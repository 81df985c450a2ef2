#include "server/api/errors.h"

#include <string>

namespace keel::api {

namespace {

struct Row {
  Code code;
  const char* words;
};

constexpr Row kRows[] = {
#define KEEL_API_ERROR_ROW(name, code, text) {Code::code, "etcdserver: " text},
    KEEL_API_ERROR_LIST(KEEL_API_ERROR_ROW)
#undef KEEL_API_ERROR_ROW
#define KEEL_API_BARE_ERROR_ROW(name, code, text) {Code::code, text},
        KEEL_API_BARE_ERROR_LIST(KEEL_API_BARE_ERROR_ROW)
#undef KEEL_API_BARE_ERROR_ROW
};

ApiError ErrorOf(kv::KvError error) {
  switch (error) {
#define KEEL_SAME(name)   \
  case kv::KvError::name: \
    return ApiError::name;
    KEEL_SAME(kEmptyKey)
    KEEL_SAME(kKeyNotFound)
    KEEL_SAME(kValueProvided)
    KEEL_SAME(kLeaseProvided)
    KEEL_SAME(kTooManyOps)
    KEEL_SAME(kDuplicateKey)
    KEEL_SAME(kInvalidSortOption)
    KEEL_SAME(kCompacted)
    KEEL_SAME(kFutureRevision)
    KEEL_SAME(kNoSpace)
    KEEL_SAME(kCorrupt)
    KEEL_SAME(kAnswerTooLarge)
    KEEL_SAME(kLeaseNotFound)
    KEEL_SAME(kLeaseExists)
    KEEL_SAME(kLeaseTtlTooLarge)
    KEEL_SAME(kSessionUnknown)
    KEEL_SAME(kSessionWrongUser)
    KEEL_SAME(kSessionAcknowledged)
    KEEL_SAME(kSessionFull)
    KEEL_SAME(kTooManySessions)
    KEEL_SAME(kSessionAnswerDropped)
    KEEL_SAME(kRootUserNotExist)
    KEEL_SAME(kRootRoleNotExist)
    KEEL_SAME(kUserEmpty)
    KEEL_SAME(kUserExists)
    KEEL_SAME(kUserNotFound)
    KEEL_SAME(kRoleEmpty)
    KEEL_SAME(kRoleExists)
    KEEL_SAME(kRoleNotFound)
    KEEL_SAME(kRoleNotGranted)
    KEEL_SAME(kPermissionNotGranted)
    KEEL_SAME(kPermissionNotGiven)
    KEEL_SAME(kPermissionDenied)
    KEEL_SAME(kAuthOldRevision)
    KEEL_SAME(kInvalidAuthManagement)
    KEEL_SAME(kTooManyPrefixRules)
#undef KEEL_SAME
    case kv::KvError::kStaleLeader:
      return ApiError::kNotLeader;
    case kv::KvError::kNoPasswordUser:
      return ApiError::kAuthFailed;
    case kv::KvError::kNone:
    case kv::KvError::kBadCommand:
      break;
  }
  return ApiError::kBadRequest;
}

ApiError ErrorOf(node::DropReason reason) {
  switch (reason) {
    case node::DropReason::kNoLeader:
      return ApiError::kNoLeader;
    case node::DropReason::kOverloaded:
      return ApiError::kTooManyRequests;
    case node::DropReason::kTooLarge:
      return ApiError::kRequestTooLarge;
    case node::DropReason::kSuperseded:
      return ApiError::kLeaderChanged;
    case node::DropReason::kShuttingDown:
      return ApiError::kStopped;
    case node::DropReason::kConfigRefused:
      break;
  }
  return ApiError::kUnhealthy;
}

ApiError ErrorOf(node::UnknownReason reason) {
  switch (reason) {
    case node::UnknownReason::kLeaderChanged:
      return ApiError::kTimeoutLeaderFail;
    case node::UnknownReason::kLinkLost:
      return ApiError::kTimeoutConnectionLost;
    case node::UnknownReason::kTimedOut:
    case node::UnknownReason::kOvertaken:
      break;
    case node::UnknownReason::kShuttingDown:
      return ApiError::kStopped;
  }
  return ApiError::kTimeout;
}

ApiError ErrorOf(raft::ConfigRefusal refusal) {
  using raft::ConfigRefusal;
  switch (refusal) {
    case ConfigRefusal::kNotLeader:
      return ApiError::kNoLeader;
    case ConfigRefusal::kTransferring:
      return ApiError::kLeaderChanged;
    case ConfigRefusal::kBadId:
    case ConfigRefusal::kUnknownMember:
      return ApiError::kMemberNotFound;
    case ConfigRefusal::kAlreadyMember:
    case ConfigRefusal::kIdUsedBefore:
      return ApiError::kMemberExists;
    case ConfigRefusal::kNotLearner:
      return ApiError::kMemberNotLearner;
    case ConfigRefusal::kLearnerBehind:
      return ApiError::kLearnerNotReady;
    case ConfigRefusal::kNoVoterLeft:
    case ConfigRefusal::kNobodyMayLead:
      return ApiError::kMemberNotEnoughStarted;
    case ConfigRefusal::kTooManyMembers:
    case ConfigRefusal::kTooManyTombstones:
    case ConfigRefusal::kTooManyLearners:
      return ApiError::kTooManyLearners;
    case ConfigRefusal::kAddressUsed:
      return ApiError::kPeerUrlExists;
    case ConfigRefusal::kContextTooLarge:
      return ApiError::kRequestTooLarge;
    case ConfigRefusal::kNone:
    case ConfigRefusal::kNotReady:
    case ConfigRefusal::kChangePending:
    case ConfigRefusal::kEmptyChange:
    case ConfigRefusal::kWiped:
    case ConfigRefusal::kUnhealthy:
      break;
  }
  return ApiError::kUnhealthy;
}

}  // namespace

Status StatusOf(ApiError error) {
  const Row& row = kRows[static_cast<size_t>(error)];
  return {row.code, row.words};
}

Status StatusOf(kv::KvError error) {
  return error == kv::KvError::kNone ? Status() : StatusOf(ErrorOf(error));
}

Status StatusOf(const node::Dropped& dropped) {
  if (dropped.reason == node::DropReason::kConfigRefused) return StatusOf(dropped.config);
  return StatusOf(ErrorOf(dropped.reason));
}

Status StatusOf(const node::Unknown& unknown) { return StatusOf(ErrorOf(unknown.reason)); }

Status StatusOf(raft::ConfigRefusal refusal) { return StatusOf(ErrorOf(refusal)); }

Status StatusOf(raft::ReadRefusal refusal) {
  switch (refusal) {
    case raft::ReadRefusal::kNoLeader:
      return StatusOf(ApiError::kNoLeader);
    case raft::ReadRefusal::kLeaderChanged:
      return StatusOf(ApiError::kLeaderChanged);
    case raft::ReadRefusal::kTooMany:
      return StatusOf(ApiError::kTooManyRequests);
    case raft::ReadRefusal::kTimedOut:
      break;
  }
  return StatusOf(ApiError::kTimeout);
}

Status Unmapped(const Status& failure) { return Unknown(std::string(failure.message())); }

Status ThroughAClient(const Status& failure) {
  const bool stays = failure.ok() || failure.code() == Code::kUnavailable;
  return stays ? failure : Unmapped(failure);
}

}  // namespace keel::api
