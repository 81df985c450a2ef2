// Snapshots of a node: sent where the log no longer reaches, and taken in.
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "server/node/node.h"

namespace keel::node {

SnapshotSender::Options Node::SenderOptions() {
  return {.roles = seams_.roles,
          .clock = seams_.clock,
          .seed = options_.raft.seed,
          .chunk_bytes = options_.snapshot_chunk_bytes,
          .chunks_in_flight_max = options_.snapshot_chunks_in_flight_max,
          .bytes_per_s = options_.snapshot_bytes_per_s,
          .resume_ms = options_.snapshot_resume_ms,
          .give_up_ms = options_.snapshot_give_up_ms,
          .send =
              [this](NodeId to, SnapshotChunk chunk) {
                seams_.transport->Send(to, Lane::kBulk, std::move(chunk));
              },
          .on_arrived =
              [this](NodeId peer, const raft::SnapshotMeta& meta) {
                Feed(raft::SnapshotReady{.peer = peer, .meta = meta});
              },
          .on_failed = [this](NodeId peer) { Feed(raft::SnapshotFailed{peer}); }};
}

SnapshotReceiver::Options Node::ReceiverOptions() {
  return {.roles = seams_.roles,
          .states = seams_.states,
          .answer = [this](NodeId to, const SnapshotAck& ack) {
            seams_.transport->Send(to, Lane::kBulk, ack);
          }};
}

// The state may be ahead of what the core knows to be applied; then its view waits for the core.
void Node::WantSnapshot(const raft::SnapshotWanted& wanted) {
  if (sender_.IsSendingTo(wanted.peer) || snapshots_wanted_.contains(wanted.peer)) return;
  auto view = this->view();
  if (view->applied().IsNone() || view->applied() < wanted.at_least) {
    return Feed(raft::SnapshotFailed{wanted.peer});
  }
  snapshots_wanted_.emplace(wanted.peer, std::move(view));
}

void Node::BeginSnapshots() {
  for (auto it = snapshots_wanted_.begin(); it != snapshots_wanted_.end();) {
    const Index at = it->second->applied();
    if (at > core_->applied()) {
      ++it;
      continue;
    }
    if (at < core_->log().base().index) {
      Feed(raft::SnapshotFailed{it->first});
    } else {
      sender_.Begin(it->first, core_->MetaAt(at), std::move(it->second));
    }
    it = snapshots_wanted_.erase(it);
  }
}

// A core's word that a snapshot has arrived counts only where its data has.
// Until the core has said whether it takes it, that data must stay.
bool Node::MayTake(const raft::Message& message) {
  const auto* install = std::get_if<raft::InstallSnapshot>(&message.body);
  if (install == nullptr) return true;
  if (!receiver_.Has(install->meta.last)) return false;
  receiver_.Hold();
  return true;
}

// The vote first, for the state may be of its term; then the state, durably; then the record of the
// config; then the log begins anew behind it. What the core wants to persist meanwhile waits.
void Node::BeginInstall() {
  installing_ = true;
  writer_->WriteVote(held_persists_.front().vote, [this] { Install(); });
}

void Node::Install() {
  --installs_due_;
  receiver_.Finish([this](Result<std::unique_ptr<kv::Engine>> engine) {
    if (!engine.ok()) return OnFailed(engine.status());
    apply_.Install(std::move(*engine),
                   [this](const std::string& membership) { FinishInstall(membership); });
  });
}

void Node::FinishInstall(const std::string& membership) {
  if (stopped_) return;
  const raft::SnapshotMeta& meta = *held_persists_.front().snapshot;
  NoteMembership(membership, meta.last.index);
  compaction_.Reset();
  chain_watch_.ForgetOwn();
  SaveConfig(meta.last, meta.config->Encode(membership_->Encode()), [this] { EndInstall(); });
}

void Node::EndInstall() {
  if (stopped_) return;
  pending_.OnOvertaken();
  reads_.OnApplied(view(), NowMs());
  installing_ = false;
  do {
    writer_->Write(std::move(held_persists_.front()));
    held_persists_.pop_front();
  } while (!held_persists_.empty() && !held_persists_.front().snapshot.has_value());
  if (!held_persists_.empty()) BeginInstall();
}

// The record goes before what it makes room for: `then` comes when it is durable. A full disk holds
// it up, and is tried again; of several that wait, the newest is saved.
void Node::SaveConfig(const raft::Position& base, std::string config, Once<> then) {
  if (KEEL_MUTANT(kMembersForgotten)) return std::move(then)();
  const bool is_saved = config == config_saved_;
  if (is_saved && !saving_config_ && !config_wanted_.has_value()) return std::move(then)();
  config_saved_ = config;
  if (!config_wanted_.has_value()) config_wanted_.emplace();
  config_wanted_->base = base;
  config_wanted_->config = std::move(config);
  config_wanted_->then.push_back(std::move(then));
  if (!saving_config_) BeginSave();
}

void Node::BeginSave() {
  saving_config_ = true;
  auto save = std::make_shared<ConfigSave>(std::move(*config_wanted_));
  config_wanted_.reset();
  writer_->Run([this, save = std::move(save)]() mutable { TrySave(std::move(save)); });
}

// On the WAL role.
void Node::TrySave(std::shared_ptr<ConfigSave> save) {
  MemberRecord record = files_->record();
  record.base = save->base;
  record.config = save->config;
  const Status status = files_->Save(record);
  if (status.code() == Code::kResourceExhausted) {
    seams_.roles.wal->PostAfter(
        options_.full_disk_retry_us,
        [this, save = std::move(save)]() mutable { TrySave(std::move(save)); });
    return;
  }
  seams_.roles.node->Post([this, save = std::move(save), status] { OnSaved(save.get(), status); });
}

void Node::OnSaved(ConfigSave* save, const Status& status) {
  saving_config_ = false;
  if (stopped_) return;
  if (!status.ok()) return OnFailed(status);
  for (Once<>& then : save->then) std::move(then)();
  if (config_wanted_.has_value() && !saving_config_) BeginSave();
}

}  // namespace keel::node
