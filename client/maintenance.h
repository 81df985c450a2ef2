// What an operator asks of one member, or of the cluster as a whole.
//
// Set `ViewOptions::target` to ask one given member: {.target = Target::At("10.0.0.1:2379")}.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/client.h"
#include "client/types.h"

namespace keel::client {

struct StatusRequest {};
struct MemberStatus {
  Header header;
  std::string version;
  std::string storage_version;
  uint64_t db_size_bytes = 0;
  uint64_t db_size_in_use_bytes = 0;
  uint64_t db_quota_bytes = 0;
  NodeId leader;  // as far as this member knows
  Index raft_index;
  Index raft_applied_index;
  Term raft_term;
  std::vector<std::string> errors;
  bool learner = false;
};

struct Alarm {
  enum class Kind : uint8_t { kNone, kNoSpace, kCorrupt };
  NodeId member;
  Kind kind = Kind::kNone;
};
struct AlarmRequest {
  enum class Action : uint8_t { kGet, kActivate, kDeactivate };
  Action action = Action::kGet;
  // None: every member; kNone: every kind.
  Alarm alarm;
};
struct AlarmResult {
  Header header;
  std::vector<Alarm> alarms;
};

struct DefragmentRequest {};
struct DefragmentResult {};
struct HashRequest {};
struct HashKvRequest {
  Revision revision;  // up to here; none: all
};
struct HashResult {
  Header header;
  uint32_t hash = 0;
  // Of HashKv only.
  Revision compact_revision;
  Revision hash_revision;
};
struct MoveLeaderRequest {
  NodeId to;
};
struct MoveLeaderResult {};

struct SnapshotPiece {
  // The first one's names the snapshot's moment.
  Header header;
  uint64_t remaining_bytes = 0;
  std::string_view blob;
  std::string version;
};

class Maintenance {
 public:
  explicit Maintenance(const Client* client, ViewOptions options = {})
      : client_(client), view_(client, std::move(options)) {}

  KEEL_CLIENT_OPERATION(Result<MemberStatus>, Status, StatusRequest);
  KEEL_CLIENT_OPERATION(Result<AlarmResult>, Alarms, AlarmRequest);
  KEEL_CLIENT_OPERATION(Result<DefragmentResult>, Defragment, DefragmentRequest);
  KEEL_CLIENT_OPERATION(Result<HashResult>, Hash, HashRequest);
  KEEL_CLIENT_OPERATION(Result<HashResult>, HashKv, HashKvRequest);
  // Goes to the leader, wherever that is, unless the view names a target.
  KEEL_CLIENT_OPERATION(Result<MoveLeaderResult>, MoveLeader, MoveLeaderRequest);

  // The whole store as one member holds it, piece by piece, on this thread; the last 32 bytes are
  // the SHA-256 of what comes before. `on_piece` ends it by returning a failure.
  keel::Status Snapshot(const std::function<keel::Status(const SnapshotPiece&)>& on_piece) const;

 private:
  const Client* client_;
  View view_;
};

}  // namespace keel::client
