// How a host carries out what its core asks for: disk, network, snapshots, state machine, answers.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/sim/host.h"

namespace keel::sim {

namespace {

// Snapshots that are remembered on either side of a stream.
constexpr size_t kImagesKept = 4;

void Keep(std::vector<KvImagePtr>* images, KvImagePtr image) {
  if (images->size() == kImagesKept) images->erase(images->begin());
  images->push_back(std::move(image));
}

KvImagePtr FindImage(const std::vector<KvImagePtr>& images, const raft::Position& last) {
  for (auto image = images.rbegin(); image != images.rend(); ++image) {
    if ((*image)->meta.last == last) return *image;
  }
  return nullptr;
}

}  // namespace

void Host::StartWrite() {
  KvImagePtr image;
  if (out_.persist.snapshot.has_value()) {
    image = FindImage(incoming_, out_.persist.snapshot->last);
    KEEL_CHECK(image != nullptr) << "a core installs only what has arrived";
    // The state is about to jump; what was to be applied lies below.
    to_apply_.clear();
    world_->phases->Begin(Phase::kSnapshotInstalled, slot_);
  }
  const raft::PersistId id = out_.persist.id;
  disk_.Start({std::move(out_.persist), std::move(image)});
  out_.persist = raft::Persist();
  out_.persist.id = id;
  const Micros done_at = now() + disk_extra_ + world_->profile->disk_write.Pick(prng_);
  disk_busy_until_ = std::max(disk_busy_until_, done_at);
  Schedule(EventKind::kDiskDone, disk_busy_until_ - now());
}

void Host::OnDiskDone() {
  // It looks again soon: a stall may end before its time.
  if (disk_stalled_until_ > now()) return Schedule(EventKind::kDiskDone, 5 * kMillisecond);
  bool installed = false;
  persisted_ = disk_.CompleteOldest([&](const raft::Persist& done) {
    installed = done.snapshot.has_value();
    checker().OnDurable(id_, done);
  });
  if (installed) {
    world_->phases->End(Phase::kSnapshotInstalled, slot_);
    state_ = disk_.image()->state;
    // Writes that the jump has passed over: their fate is in the log, not known here.
    while (!pending_writes_.empty() && pending_writes_.front().index <= state_.applied().index) {
      world_->answers->OnWriteUnknown(pending_writes_.front().op);
      pending_writes_.pop_front();
    }
    AnswerReads();
  }
  while (!waiting_.empty() && waiting_.front().after <= persisted_) {
    raft::Message message = std::move(waiting_.front().message);
    waiting_.pop_front();
    SendOut(std::move(message));
  }
  Feed(raft::PersistDone{persisted_});
}

void Host::SendOut(raft::Message message) {
  checker().OnSend(message);
  const auto to = static_cast<Slot>(message.to.value() - 1);
  world_->trace->Mix(message.term.value() << 16 | uint64_t{to} << 8 | message.body.index());
  if (std::holds_alternative<raft::InstallSnapshot>(message.body)) {
    return StreamSnapshot(std::move(message));
  }
  world_->network->Send(now(), slot_, to, {std::move(message), nullptr});
}

void Host::StreamSnapshot(raft::Message message) {
  const NodeId peer = message.to;
  const auto to = static_cast<Slot>(peer.value() - 1);
  const auto& install = std::get<raft::InstallSnapshot>(message.body);
  KvImagePtr image = FindImage(outgoing_, install.meta.last);
  const Micros stream = world_->profile->stream.Pick(prng_);
  const uint64_t key = (uint64_t{slot_} << 16) | peer.value();
  world_->phases->Begin(Phase::kSnapshotSent, key);
  const bool breaks = image == nullptr || prng_.OneIn(8) || world_->network->IsCut(slot_, to);
  const bool leaves =
      !breaks &&
      world_->network->Send(now(), slot_, to, {std::move(message), std::move(image)}, stream);
  if (!leaves) Schedule(EventKind::kSnapshotBroke, stream, peer.value());
}

void Host::OnDeliver(uint64_t place) {
  Network::Flight flight = world_->network->Take(place);
  if (flight.image != nullptr) {
    world_->phases->End(Phase::kSnapshotSent,
                        ((flight.message.from.value() - 1) << 16) | id_.value());
    Keep(&incoming_, std::move(flight.image));
  }
  Feed(std::move(flight.message));
}

void Host::OnSnapshotWanted(const raft::SnapshotWanted& wanted) {
  Schedule(EventKind::kSnapshotMade, 1 + prng_.Below(5 * kMillisecond), wanted.peer.value());
}

// A copy of the state as it is now; null if the core cannot vouch for it at the moment.
KvImagePtr Host::TakeImage() const {
  const Index index = state_.applied().index;
  if (index.IsNone() || index > core_->applied() || index < core_->log().base().index) {
    return nullptr;
  }
  return std::make_shared<const KvImage>(KvImage{core_->MetaAt(index), state_});
}

void Host::OnSnapshotMade(NodeId peer) {
  const KvImagePtr image = TakeImage();
  if (image == nullptr) return Feed(raft::SnapshotFailed{peer});
  Keep(&outgoing_, image);
  Feed(raft::SnapshotReady{peer, image->meta});
}

void Host::OnFetched(uint64_t place) {
  const raft::EntriesWanted wanted = fetches_[place];
  if (place + 1 == fetches_.size()) fetches_.pop_back();
  raft::EntriesFetched fetched{.peer = wanted.peer, .first = wanted.first};
  size_t bytes = 0;
  for (Index i = wanted.first; i > disk_.base().last.index && i <= disk_.last(); i = i.Next()) {
    bytes += raft::CostBytes(disk_.At(i));
    if (bytes > wanted.size_bytes_max && !fetched.entries.empty()) break;
    fetched.entries.push_back(disk_.At(i));
  }
  Feed(std::move(fetched));
}

void Host::BeginFlush(Flush flush) {
  flush.image = TakeImage();
  if (flush.image == nullptr) return;
  if (flush.compacts) world_->phases->Begin(Phase::kCompaction, slot_);
  flushes_.push_back(std::move(flush));
  Schedule(EventKind::kFlushDone, 2 * kMillisecond + disk_extra_);
}

void Host::CompactNow(uint64_t keeps) {
  BeginFlush({.compacts = true, .spares_streams = false, .keeps = keeps});
}

void Host::OnFlushDue() {
  const Index base = core_->log().base().index;
  const bool is_long = state_.applied().index > base + world_->profile->compact_after;
  BeginFlush({.compacts = is_long, .keeps = world_->profile->compact_keeps});
  Schedule(EventKind::kFlush, world_->profile->flush_every.Pick(prng_));
}

void Host::OnFlushDone() {
  const Flush flush = std::move(flushes_.front());
  flushes_.pop_front();
  disk_.SaveImage(flush.image);
  if (flush.compacts) Compact(flush);
}

// The end of the oldest snapshot that is on its way to a peer; beyond the log if there is none.
Index Host::LowestStreamed() const {
  Index lowest = core_->log().last().index.Next();
  for (const raft::Progress& peer : core_->peers()) {
    const bool is_streamed =
        peer.state == raft::FlowState::kSnapshot && !peer.snapshot_index.IsNone();
    if (is_streamed) lowest = std::min(lowest, peer.snapshot_index);
  }
  return lowest;
}

void Host::Compact(const Flush& flush) {
  world_->phases->End(Phase::kCompaction, slot_);
  const Index saved = disk_.image()->meta.last.index;
  Index upto = Index(saved.value() > flush.keeps ? saved.value() - flush.keeps : 0);
  if (flush.spares_streams) upto = std::min(upto, LowestStreamed());
  if (upto <= core_->log().base().index || upto > core_->applied()) return;
  if (upto <= disk_.base().last.index || upto > disk_.last()) return;
  const raft::SnapshotMeta meta = core_->MetaAt(upto);
  disk_.Compact(meta);
  Feed(raft::Compact{upto});
}

void Host::OnApply() {
  is_applying_ = false;
  if (to_apply_.empty()) return;
  for (const raft::Entry& entry : to_apply_) ApplyOne(entry);
  const Index last = to_apply_.back().index;
  to_apply_.clear();
  AnswerReads();
  Feed(raft::Applied{last});
}

void Host::ApplyOne(const raft::Entry& entry) {
  if (entry.index != state_.applied().index.Next()) {
    checker().Report("applied-without-gap", id_,
                     "entry " + std::to_string(entry.index.value()) + " is applied to a state at " +
                         std::to_string(state_.applied().index.value()));
  }
  const KvState::Result result = state_.Apply(entry);
  world_->answers->OnApplied(id_, entry, state_);
  while (!pending_writes_.empty() && pending_writes_.front().index <= entry.index) {
    const PendingWrite write = pending_writes_.front();
    pending_writes_.pop_front();
    const bool is_it = write.index == entry.index && write.term == entry.term;
    is_it ? world_->answers->OnWritten(write.op, entry.index, result)
          : world_->answers->OnWriteRefused(write.op);
  }
}

void Host::Propose(const std::vector<Command>& commands) {
  raft::Propose propose{.batch = ++batch_};
  std::vector<OpId> ops;
  for (const Command& command : commands) {
    propose.payloads.push_back(Encode(command));
    ops.push_back(command.op);
  }
  proposed_.push_back(std::move(ops));
  Feed(std::move(propose));
}

void Host::Answer(const raft::ProposalResult& result) {
  const std::vector<OpId> ops = std::move(proposed_.front());
  proposed_.pop_front();
  for (size_t i = 0; i < ops.size(); ++i) {
    if (i >= result.accepted) {
      world_->answers->OnWriteRefused(ops[i]);
      continue;
    }
    // What stood at these indexes before was cut here; it may live on in another log.
    while (!pending_writes_.empty() && pending_writes_.back().index >= result.first + i) {
      world_->answers->OnWriteUnknown(pending_writes_.back().op);
      pending_writes_.pop_back();
    }
    pending_writes_.push_back({ops[i], result.first + i, result.term});
  }
}

void Host::Read(const std::vector<ReadAsked>& reads) {
  raft::ReadRequest request;
  for (const ReadAsked& read : reads) {
    reads_.push_back({read.op, read.key});
    request.ids.push_back({id_, raft::BootId(boot_), reads_.size()});
  }
  Feed(std::move(request));
}

void Host::OnReadReady(const raft::ReadReady& ready) {
  AskedRead& read = reads_[ready.id.sequence - 1];
  if (!read.is_open) return;
  read.is_open = false;
  ready_reads_.push_back({read, ready.index});
  AnswerReads();
}

void Host::OnReadRefused(const raft::ReadRefused& refused) {
  AskedRead& read = reads_[refused.id.sequence - 1];
  if (!read.is_open) return;
  read.is_open = false;
  world_->answers->OnReadRefused(read.op);
}

void Host::AnswerReads() {
  std::erase_if(ready_reads_, [this](const ReadyRead& ready) {
    if (ready.index > state_.applied().index) return false;
    world_->answers->OnRead(ready.read.op, state_.applied().index, state_.At(ready.read.key));
    return true;
  });
}

void Host::Change(uint64_t change, std::vector<raft::ConfigOp> ops) {
  Feed(raft::ChangeConfig{.change = change, .ops = std::move(ops), .context = {}});
}

void Host::Transfer(NodeId target) { Feed(raft::TransferLeadership{target}); }

// At a crash: whoever asked this host will not hear from it.
void Host::GiveUpEverything() {
  for (const std::vector<OpId>& ops : proposed_) {
    for (OpId op : ops) world_->answers->OnWriteRefused(op);
  }
  proposed_.clear();
  for (const PendingWrite& write : pending_writes_) world_->answers->OnWriteUnknown(write.op);
  pending_writes_.clear();
  for (const AskedRead& read : reads_) {
    if (read.is_open) world_->answers->OnReadRefused(read.op);
  }
  for (const ReadyRead& ready : ready_reads_) world_->answers->OnReadRefused(ready.read.op);
  reads_.clear();
  ready_reads_.clear();
}

}  // namespace keel::sim
