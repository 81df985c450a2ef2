#include "tests/node/support/sim_cluster.h"

#include "base/check.h"

namespace keel::node_test {

SimCluster::SimCluster(const Options& options)
    : options_(options), world_(options.seed), network_(&world_, options.latency) {
  std::vector<NodeId> ids;
  std::vector<node::MemberInfo> infos;
  for (size_t i = 0; i < options.members; ++i) {
    auto files = Add().OpenFiles();
    KEEL_CHECK(files.ok()) << files.status();
    ids.push_back((*files)->record().member);
    infos.push_back({.id = ids.back(), .name = "m" + std::to_string(i + 1)});
  }
  const raft::Config config = raft::Config::OfVoters(ids);
  for (auto& member : members_) {
    const Status installed = member->Install(config, node::Membership(infos));
    KEEL_CHECK(installed.ok()) << installed;
  }
  if (options.starts) StartAll();
}

node::NodeOptions SimCluster::SmallOptions() {
  node::NodeOptions options;
  options.raft.heartbeat_ms = 20;
  options.raft.election_timeout_ms = 150;
  options.raft.cache_bytes_max = 16 << 10;
  options.segment_bytes = 64 << 10;
  options.leader_patience_ms = 2'000;
  options.settle_ms = 300;
  options.proposal_patience_ms = 3'000;
  options.log_kept_bytes_min = 8 << 10;
  options.log_kept_bytes_max = 64 << 10;
  options.retention_every_ms = 100;
  options.snapshot_chunk_bytes = 4 << 10;
  options.snapshot_resume_ms = 100;
  options.snapshot_give_up_ms = 2'000;
  options.lease_tick_ms = 50;
  options.hand_off_ms = 1'000;
  return options;
}

SimMember& SimCluster::Add() {
  SimMember::Options options{.world = &world_, .network = &network_, .number = members_.size() + 1};
  // Wall clocks disagree by up to a minute; nothing may depend on them.
  options.wall_ahead_us = world_.prng().Below(60'000'000);
  options.node = options_.node;
  options.level_engine = options_.level_engine;
  options.on_seams = options_.on_seams;
  options.on_opened = options_.on_opened;
  members_.push_back(std::make_unique<SimMember>(std::move(options)));
  return *members_.back();
}

void SimCluster::StartAll() {
  for (auto& member : members_) {
    if (member->IsUp()) continue;
    const Status started = member->Start();
    KEEL_CHECK(started.ok()) << started;
  }
}

SimMember* SimCluster::Leader() {
  SimMember* leader = nullptr;
  for (auto& member : members_) {
    if (!member->IsUp() || member->node().core().role() != raft::Role::kLeader) continue;
    if (leader == nullptr || member->node().core().term() > leader->node().core().term()) {
      leader = member.get();
    }
  }
  return leader;
}

bool SimCluster::HasSettled() {
  SimMember* leader = Leader();
  if (leader == nullptr) return false;
  const raft::Raft& core = leader->node().core();
  if (core.log().TermAt(core.commit()) != core.term()) return false;
  for (auto& member : members_) {
    if (!member->IsUp() || member.get() == leader) continue;
    if (member->node().core().leader() != leader->id()) return false;
  }
  return true;
}

bool SimCluster::RunUntilSettled(uint64_t patience_us) {
  return world_.RunUntil([this] { return HasSettled(); }, patience_us);
}

bool SimCluster::RunUntilEqual(uint64_t patience_us) {
  return world_.RunUntil(
      [this] {
        if (!HasSettled()) return false;
        const Index last = Leader()->node().core().log().last().index;
        for (auto& member : members_) {
          if (!member->IsUp() || member->node().core().applied() != last) return false;
        }
        return true;
      },
      patience_us);
}

}  // namespace keel::node_test
