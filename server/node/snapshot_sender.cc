#include "server/node/snapshot_sender.h"

#include <algorithm>
#include <utility>

namespace keel::node {

void SnapshotSender::Begin(NodeId peer, const raft::SnapshotMeta& meta,
                           std::shared_ptr<const kv::ReadView> view) {
  Stream stream;
  stream.transfer = ++next_transfer_;
  stream.meta = meta;
  stream.reader = std::make_shared<kv::SnapshotReader>(
      std::move(view), kv::SnapshotReader::Options{.chunk_bytes = options_.chunk_bytes});
  stream.heard_ms = stream.progress_ms = options_.clock->MonotonicMs();
  streams_[peer] = std::move(stream);
  Pump(peer);
}

void SnapshotSender::Pump(NodeId peer) {
  const auto found = streams_.find(peer);
  if (found == streams_.end()) return;
  Stream& stream = found->second;
  if (stream.reading) return;
  if (stream.rewind_to != UINT64_MAX) {
    stream.next = std::exchange(stream.rewind_to, UINT64_MAX);
    stream.ended = false;
  } else if (stream.ended || stream.next >= stream.acknowledged + options_.chunks_in_flight_max) {
    return;
  }
  stream.reading = true;
  const uint64_t now_us = options_.clock->MonotonicUs();
  const uint64_t wait_us = stream.not_before_us > now_us ? stream.not_before_us - now_us : 0;
  options_.roles.node->PostAfter(wait_us, [this, peer, transfer = stream.transfer] {
    const auto still = streams_.find(peer);
    if (still != streams_.end() && still->second.transfer == transfer)
      ReadNext(peer, still->second);
  });
}

void SnapshotSender::ReadNext(NodeId peer, const Stream& stream) {
  options_.roles.pool->Post([this, peer, transfer = stream.transfer, number = stream.next,
                             reader = stream.reader] {
    Status status;
    if (reader->next_chunk() != number) status = reader->ResumeAt(number);
    Result<std::string> chunk = status.ok() ? reader->Next() : Result<std::string>(status);
    options_.roles.node->Post([this, peer, transfer, number, chunk = std::move(chunk)]() mutable {
      OnChunk(peer, transfer, number, std::move(chunk));
    });
  });
}

void SnapshotSender::OnChunk(NodeId peer, uint64_t transfer, uint64_t number,
                             Result<std::string> chunk) {
  const auto found = streams_.find(peer);
  if (found == streams_.end() || found->second.transfer != transfer) return;
  Stream& stream = found->second;
  stream.reading = false;
  if (!chunk.ok()) return Fail(peer);
  if (chunk->empty()) {
    stream.ended = true;
    return Pump(peer);
  }
  const uint64_t pace_us = chunk->size() * 1'000'000 / std::max<uint64_t>(1, options_.bytes_per_s);
  stream.not_before_us = std::max(stream.not_before_us, options_.clock->MonotonicUs()) + pace_us;
  stream.next = number + 1;
  options_.send(peer, {.transfer = transfer,
                       .last = stream.meta.last,
                       .number = number,
                       .bytes = Payload::Of(std::move(*chunk))});
  Pump(peer);
}

void SnapshotSender::OnAck(NodeId peer, const SnapshotAck& ack) {
  const auto found = streams_.find(peer);
  if (found == streams_.end() || found->second.transfer != ack.transfer) return;
  Stream& stream = found->second;
  stream.heard_ms = options_.clock->MonotonicMs();
  if (ack.refused) return Fail(peer);
  if (ack.complete) {
    const raft::SnapshotMeta meta = stream.meta;
    streams_.erase(found);
    ++counts_[peer].arrived;
    return options_.on_arrived(peer, meta);
  }
  if (ack.chunk_count > stream.acknowledged) stream.progress_ms = stream.heard_ms;
  // An answer to a question says what is missing; the others only that something came.
  if (std::exchange(stream.asked, false)) stream.rewind_to = std::min(ack.chunk_count, stream.next);
  stream.acknowledged = ack.chunk_count;
  Pump(peer);
}

void SnapshotSender::Housekeep() {
  const uint64_t now_ms = options_.clock->MonotonicMs();
  std::vector<NodeId> hopeless;
  for (auto& [peer, stream] : streams_) {
    if (now_ms >= stream.progress_ms + options_.give_up_ms) {
      hopeless.push_back(peer);
    } else if (now_ms >= stream.heard_ms + options_.resume_ms) {
      stream.heard_ms = now_ms;
      stream.asked = true;
      options_.send(peer, {.transfer = stream.transfer, .last = stream.meta.last});
    }
  }
  for (const NodeId peer : hopeless) Fail(peer);
}

void SnapshotSender::Fail(NodeId peer) {
  streams_.erase(peer);
  ++counts_[peer].failed;
  options_.on_failed(peer);
}

std::map<NodeId, SnapshotSender::Counts> SnapshotSender::counts() const {
  std::map<NodeId, Counts> counts = counts_;
  for (const auto& [peer, stream] : streams_) counts[peer].is_under_way = true;
  return counts;
}

Index SnapshotSender::Pinned() const {
  Index lowest;
  for (const auto& [peer, stream] : streams_) {
    const Index index = stream.meta.last.index;
    if (lowest.IsNone() || index < lowest) lowest = index;
  }
  return lowest;
}

}  // namespace keel::node
