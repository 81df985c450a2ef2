#include "server/node/snapshot_receiver.h"

#include <utility>

#include "base/check.h"

namespace keel::node {

void SnapshotReceiver::OnChunk(NodeId from, SnapshotChunk chunk, Index applied) {
  const bool is_known = transfer_ != 0 && chunk.transfer == transfer_ && from == from_;
  if (!is_known) {
    const bool begins = chunk.number == 0 && !chunk.bytes.empty() && chunk.transfer != 0;
    if (!begins || held_ || finishing_) return Answer(from, chunk.transfer);
    Begin(from, chunk, applied);
  }
  const bool is_next = !complete_ && chunk.number == count_ + queue_.size() && !chunk.bytes.empty();
  if (!is_next || queue_.size() >= options_.chunks_queued_max) {
    return Answer(from, chunk.transfer);
  }
  queue_.push_back(std::move(chunk.bytes));
  AddNext();
}

void SnapshotReceiver::Begin(NodeId from, const SnapshotChunk& chunk, Index applied) {
  from_ = from;
  transfer_ = chunk.transfer;
  last_ = chunk.last;
  count_ = 0;
  complete_ = false;
  adding_ = false;
  queue_.clear();
  // The one before goes on the pool, where its engine was used.
  options_.roles.pool->Post([before = std::move(incoming_)]() mutable { before.reset(); });
  incoming_ = std::make_shared<Incoming>();
  incoming_->applied = applied;
}

// The front of the queue stays there until it is in the engine: what is queued is not counted.
void SnapshotReceiver::AddNext() {
  if (adding_ || queue_.empty()) return;
  adding_ = true;
  options_.roles.pool->Post(
      [this, transfer = transfer_, incoming = incoming_, bytes = queue_.front()] {
        Status status;
        if (incoming->installer == nullptr) {
          Result<std::unique_ptr<kv::Engine>> engine = options_.states->OpenIncoming();
          status = engine.status();
          if (engine.ok()) {
            kv::SnapshotInstaller::Options options;
            options.engine = std::move(*engine);
            options.applied = incoming->applied;
            options.activate = [states = options_.states] { return states->ActivateIncoming(); };
            incoming->installer = std::make_unique<kv::SnapshotInstaller>(std::move(options));
          }
        }
        if (status.ok()) status = incoming->installer->Add(bytes.view());
        const bool complete = status.ok() && incoming->installer->complete();
        options_.roles.node->Post(
            [this, transfer, status, complete] { OnAdded(transfer, status, complete); });
      });
}

void SnapshotReceiver::OnAdded(uint64_t transfer, const Status& status, bool complete) {
  if (transfer != transfer_) return;
  adding_ = false;
  if (!status.ok()) {
    // A damaged chunk, a full disk, or a state that is older than ours: the sender begins anew.
    transfer_ = 0;
    return Answer(from_, transfer, /*refused=*/true);
  }
  queue_.pop_front();
  ++count_;
  complete_ = complete;
  Answer(from_, transfer);
  AddNext();
}

void SnapshotReceiver::Answer(NodeId to, uint64_t transfer, bool refused) const {
  SnapshotAck ack{.transfer = transfer, .refused = refused};
  if (transfer == transfer_) {
    ack.chunk_count = count_;
    ack.complete = complete_;
  }
  options_.answer(to, ack);
}

void SnapshotReceiver::Finish(Once<Result<std::unique_ptr<kv::Engine>>> done) {
  KEEL_CHECK(complete_ && transfer_ != 0) << "what is installed is here, whole";
  finishing_ = true;
  held_ = false;
  transfer_ = 0;
  options_.roles.pool->Post([this, incoming = std::move(incoming_),
                             done = std::move(done)]() mutable {
    Result<std::unique_ptr<kv::Engine>> engine = incoming->installer->Finish();
    incoming.reset();
    options_.roles.node->Post([this, engine = std::move(engine), done = std::move(done)]() mutable {
      finishing_ = false;
      std::move(done)(std::move(engine));
    });
  });
}

}  // namespace keel::node
