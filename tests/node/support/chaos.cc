#include "tests/node/support/chaos.h"

#include "base/check.h"

namespace keel::node_test {

size_t Chaos::DownCount() {
  size_t down = 0;
  for (size_t i = 0; i < cluster_->size(); ++i) down += cluster_->at(i).IsUp() ? 0 : 1;
  return down;
}

void Chaos::Strike() {
  switch (prng_.Below(8)) {
    case 0:
    case 1:
      return KillOne();
    case 2:
      return StartOne();
    case 3:
      return CutOne();
    case 4:
      return Isolate();
    case 5:
      return StallOne();
    case 6:
      return Transfer();
    default:
      cluster_->network().MendAll();
  }
}

void Chaos::KillOne() {
  if (2 * (DownCount() + 1) >= cluster_->size()) return StartOne();
  SimMember& member = Any();
  if (!member.IsUp()) return;
  ++kills_;
  member.Kill();
  workload_->OnKill(member.id());
}

void Chaos::StartOne() {
  for (size_t i = 0; i < cluster_->size(); ++i) {
    SimMember& member = cluster_->at(i);
    if (member.IsUp()) continue;
    const Status started = member.Start();
    KEEL_CHECK(started.ok()) << started;
    return;
  }
}

void Chaos::CutOne() {
  SimMember& a = Any();
  SimMember& b = Any();
  if (&a == &b) return;
  if (prng_.OneIn(2)) {
    cluster_->network().Reset(a.id(), b.id());
  } else {
    cluster_->network().Cut(a.id(), b.id());
  }
}

void Chaos::Isolate() {
  SimMember& lone = Any();
  for (size_t i = 0; i < cluster_->size(); ++i) {
    if (&cluster_->at(i) != &lone) cluster_->network().Cut(lone.id(), cluster_->at(i).id());
  }
}

void Chaos::StallOne() {
  SimMember& member = Any();
  if (member.IsUp()) member.SetDiskStalled(prng_.OneIn(2));
}

void Chaos::Transfer() {
  SimMember* leader = cluster_->Leader();
  if (leader == nullptr) return;
  leader->node().TransferLeadership(NodeId(), [](raft::TransferOutcome) {});
}

void Chaos::Heal() {
  cluster_->network().MendAll();
  for (size_t i = 0; i < cluster_->size(); ++i) {
    if (cluster_->at(i).IsUp()) cluster_->at(i).SetDiskStalled(false);
  }
  cluster_->StartAll();
}

}  // namespace keel::node_test
