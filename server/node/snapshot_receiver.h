// Takes a state in, chunk by chunk, into an engine beside the one that goes on serving.
//
// One stream at a time: the beginning of another takes its place. What has arrived whole waits for
// the core to say that it wants it; nothing of it counts before Finish has made it durable and
// active (pitfall 39). Belongs to the node role; the engine and its writes are the pool's.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "kv/snapshot/snapshot_installer.h"
#include "server/node/once.h"
#include "server/node/peer_message.h"
#include "server/node/roles.h"
#include "server/node/states.h"

namespace keel::node {

class SnapshotReceiver {
 public:
  struct Options {
    Roles roles;
    States* states = nullptr;
    size_t chunks_queued_max = 64;  // beyond it they are dropped, and sent again
    std::function<void(NodeId, const SnapshotAck&)> answer;
  };
  explicit SnapshotReceiver(Options options) : options_(std::move(options)) {}

  // `applied` is where this member's own state is.
  void OnChunk(NodeId from, SnapshotChunk chunk, Index applied);
  // Whether the state at `last` is here, whole.
  [[nodiscard]] bool Has(const raft::Position& last) const {
    return transfer_ != 0 && complete_ && last_ == last;
  }
  // The core has been given the word that this state is here, and may take it: until Finish, or
  // until Release says that it did not, no other stream takes its place.
  void Hold() { held_ = true; }
  void Release() { held_ = false; }
  // Makes what has arrived the state that counts, durably, and hands over its engine. Until the
  // callback, no other stream begins.
  void Finish(Once<Result<std::unique_ptr<kv::Engine>>> done);

 private:
  void Begin(NodeId from, const SnapshotChunk& chunk, Index applied);
  void AddNext();
  void OnAdded(uint64_t transfer, const Status& status, bool complete);
  void Answer(NodeId to, uint64_t transfer, bool refused = false) const;

  // The pool's: made and written to by its tasks alone.
  struct Incoming {
    std::unique_ptr<kv::SnapshotInstaller> installer;
    Index applied;
  };

  const Options options_;
  NodeId from_;
  uint64_t transfer_ = 0;  // 0: none
  raft::Position last_;
  uint64_t count_ = 0;  // chunks that are in the engine
  bool complete_ = false;
  bool held_ = false;
  bool finishing_ = false;
  bool adding_ = false;
  std::deque<Payload> queue_;
  std::shared_ptr<Incoming> incoming_;
};

}  // namespace keel::node
