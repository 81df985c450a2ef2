#include "tests/sim/clients.h"

#include <utility>

namespace keel::sim {

Host* Clients::PickTarget(uint32_t astray_percent) {
  const auto& hosts = *hosts_;
  const bool astray = prng_.Chance(astray_percent, 100);
  Slot slot = believed_leader_;
  if (astray || slot >= hosts.size() || !hosts[slot]->IsReachable()) {
    slot = static_cast<Slot>(prng_.Below(hosts.size()));
  }
  if (!hosts[slot]->IsReachable()) return nullptr;
  LearnLeader(*hosts[slot]);
  return hosts[slot].get();
}

// Everybody may say whom they follow; the newest term is believed.
void Clients::LearnLeader(const Host& asked) {
  const NodeId leader = asked.core().leader();
  if (leader.IsNone()) {
    if (asked.slot() == believed_leader_) {
      believed_leader_ = static_cast<Slot>(prng_.Below(hosts_->size()));
    }
    return;
  }
  believed_leader_ = static_cast<Slot>(leader.value() - 1);
}

Micros Clients::Burst(Micros now) {
  ExpireOld(now);
  const uint64_t count = 1 + prng_.Below(profile_.ops_at_once);
  std::vector<Command> commands;
  std::vector<Host::ReadAsked> reads;
  for (uint64_t i = 0; i < count; ++i) {
    Op op{.key = static_cast<uint32_t>(prng_.Below(KvState::kKeys)), .invoked_at = now};
    ++tally_.offered;
    if (prng_.Chance(profile_.reads_percent, 100)) {
      op.kind = OpKind::kRead;
      reads.push_back({history_.Add(op), op.key});
      continue;
    }
    Command command{.key = op.key};
    if (prng_.OneIn(4)) {
      op.kind = OpKind::kCompareAndPut;
      op.expected = command.expected = known_revisions_[op.key];
      command.kind = Command::Kind::kCompareAndPut;
    }
    if (prng_.OneIn(8)) command.padding = static_cast<uint32_t>(prng_.Below(400));
    command.op = history_.Add(op);
    commands.push_back(command);
  }
  Host* const writes_to = PickTarget(profile_.astray_percent);
  if (writes_to != nullptr && !commands.empty()) writes_to->Propose(commands);
  if (writes_to == nullptr) {
    for (const Command& command : commands) OnRefused(now, command.op);
  }
  Host* const reads_from = PickTarget(profile_.reads_astray_percent);
  if (reads_from != nullptr && !reads.empty()) reads_from->Read(reads);
  if (reads_from == nullptr) {
    for (const Host::ReadAsked& read : reads) OnRefused(now, read.op);
  }
  return now + profile_.clients_every.Pick(prng_);
}

void Clients::Close(OpId id, Outcome outcome, Micros now) {
  Op& op = history_.At(id);
  op.outcome = outcome;
  op.returned_at = now;
}

void Clients::OnWritten(Micros now, OpId id, Index index, const KvState::Result& result) {
  Op& op = history_.At(id);
  if (op.outcome != Outcome::kOpen) return;
  Close(id, Outcome::kOk, now);
  op.index = index;
  op.done = result.done;
  op.revision = result.revision;
  known_revisions_[op.key] = result.revision;
  ++tally_.acknowledged;
  ++tally_.acknowledged_writes;
  last_write_at_ = now;
}

void Clients::OnRead(Micros now, OpId id, Index state_index, const KvState::Cell& cell) {
  Op& op = history_.At(id);
  if (op.outcome != Outcome::kOpen) return;
  Close(id, Outcome::kOk, now);
  op.index = state_index;
  op.revision = cell.revision;
  op.value = cell.value;
  known_revisions_[op.key] = cell.revision;
  ++tally_.acknowledged;
}

void Clients::OnRefused(Micros now, OpId id) {
  if (history_.At(id).outcome != Outcome::kOpen) return;
  Close(id, Outcome::kRefused, now);
  ++tally_.refused;
}

void Clients::OnUnknown(Micros now, OpId id) {
  if (history_.At(id).outcome != Outcome::kOpen) return;
  Close(id, Outcome::kUnknown, now);
  ++tally_.unknown;
}

// Nobody waits for ever.
void Clients::ExpireOld(Micros now) {
  for (; oldest_open_ < history_.size(); ++oldest_open_) {
    const auto id = static_cast<OpId>(oldest_open_ + 1);
    const Op& op = history_.At(id);
    if (op.invoked_at + profile_.client_patience > now) return;
    OnUnknown(now, id);
  }
}

void Clients::GiveUp(Micros now) {
  for (; oldest_open_ < history_.size(); ++oldest_open_) {
    OnUnknown(now, static_cast<OpId>(oldest_open_ + 1));
  }
}

}  // namespace keel::sim
