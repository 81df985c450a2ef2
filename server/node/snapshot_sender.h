// Streams states to members that the log no longer reaches, while writes go on.
//
// One stream for each such peer: chunks are read on the pool, sent a few ahead of their
// acknowledgements and no faster than the bound. When no answer comes the sender asks how far the
// receiver has come and goes on there; a stream without any progress is given up, and the core asks
// again later. Belongs to the node role.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/clock.h"
#include "kv/snapshot/snapshot_reader.h"
#include "raft/io.h"
#include "server/node/peer_message.h"
#include "server/node/roles.h"

namespace keel::node {

class SnapshotSender {
 public:
  struct Options {
    Roles roles;
    const Clock* clock = nullptr;
    uint64_t seed = 0;  // of this start: names of streams are never used twice
    size_t chunk_bytes = size_t{256} << 10;
    size_t chunks_in_flight_max = 4;
    uint64_t bytes_per_s = uint64_t{64} << 20;
    uint64_t resume_ms = 1'000;
    uint64_t give_up_ms = 30'000;
    std::function<void(NodeId, SnapshotChunk)> send;
    std::function<void(NodeId, const raft::SnapshotMeta&)> on_arrived;
    std::function<void(NodeId)> on_failed;
  };
  explicit SnapshotSender(Options options)
      : options_(std::move(options)), next_transfer_(options_.seed) {}

  [[nodiscard]] bool IsSendingTo(NodeId peer) const { return streams_.contains(peer); }
  // The view is at exactly meta.last.
  void Begin(NodeId peer, const raft::SnapshotMeta& meta, std::shared_ptr<const kv::ReadView> view);
  void OnAck(NodeId peer, const SnapshotAck& ack);
  // Now and then: asks again, or gives up.
  void Housekeep();
  // This node leads no more: somebody else sends what is needed.
  void Clear() { streams_.clear(); }

  struct Counts {
    uint64_t arrived = 0;
    uint64_t failed = 0;  // given up, or refused
    bool is_under_way = false;
  };
  // Of each peer that one was begun for.
  [[nodiscard]] std::map<NodeId, Counts> counts() const;

  // The log is needed from behind here on by what is being sent; none: nothing is.
  [[nodiscard]] Index Pinned() const;

 private:
  struct Stream {
    uint64_t transfer = 0;
    raft::SnapshotMeta meta;
    std::shared_ptr<kv::SnapshotReader> reader;  // the pool's, while `reading`
    uint64_t next = 0;                           // the chunk to read next
    uint64_t acknowledged = 0;
    uint64_t rewind_to = UINT64_MAX;
    bool reading = false;
    bool ended = false;  // all has been read
    bool asked = false;
    uint64_t heard_ms = 0;
    uint64_t progress_ms = 0;
    uint64_t not_before_us = 0;
  };

  void Pump(NodeId peer);
  void ReadNext(NodeId peer, const Stream& stream);
  void OnChunk(NodeId peer, uint64_t transfer, uint64_t number, Result<std::string> chunk);
  void Fail(NodeId peer);

  const Options options_;
  uint64_t next_transfer_;
  std::map<NodeId, Stream> streams_;
  std::map<NodeId, Counts> counts_;
};

}  // namespace keel::node
