#include "jepsen/nemesis/fault.h"

#include <algorithm>
#include <array>

#include "api/etcdserverpb/maintenance.pb.h"
#include "jepsen/nemesis/majority.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kStatusTimeoutUs = 500'000;

using enum FaultGroup;

constexpr std::array kFaults = {
    FaultEntry{"kill", kProcess, "SIGKILL of a minority, and a start later", &MakeKill},
    FaultEntry{"kill-all", kProcess, "SIGKILL of every node", &MakeKillAll},
    FaultEntry{"pause", kProcess, "SIGSTOP of a minority", &MakePause},
    FaultEntry{"restart", kProcess, "a rolling restart: SIGTERM, one by one", &MakeRollingRestart},
    FaultEntry{"partition-halves", kNetwork, "two random halves", &MakeHalves},
    FaultEntry{"partition-minority", kNetwork, "a random minority is cut off", &MakeMinority},
    FaultEntry{"partition-leader", kNetwork, "the leader is cut off", &MakeLeaderAlone},
    FaultEntry{"partition-bridge", kNetwork, "two halves that share one node", &MakeBridge},
    FaultEntry{"partition-one-way", kNetwork, "a node is heard and does not hear, or the reverse",
               &MakeOneWay},
    FaultEntry{"partition-ring", kNetwork, "every node hears a majority, no two the same",
               &MakeRing},
    FaultEntry{"partition-clients", kNetwork, "clients do not reach a node", &MakeClientsCut, false,
               FaultNeeds::kNothing, true},
    FaultEntry{"delay", kNetwork, "all links between nodes are slow to deliver", &MakeDelay, false,
               FaultNeeds::kNetem},
    FaultEntry{"loss", kNetwork, "stalls as of lost packets, and lost connections", &MakeLoss},
    FaultEntry{"slow-links", kNetwork, "little bandwidth between nodes", &MakeSlowLinks},
    FaultEntry{"reorder", kNetwork, "packets between nodes overtake each other", &MakeReorder,
               false, FaultNeeds::kPackets},
    FaultEntry{"duplicate", kNetwork, "packets between nodes come twice", &MakeDuplicate, false,
               FaultNeeds::kPackets},
    FaultEntry{"transfer", kControl, "another node is made the leader", &MakeTransfer, false,
               FaultNeeds::kNothing, true},
    FaultEntry{"member-replace", kControl,
               "a member is removed for good, and a new one takes its place", &MakeReplace, true},
    FaultEntry{"snapshot-restore", kControl,
               "a snapshot is saved, restored elsewhere, and compared with the past",
               &MakeSnapshotRestore, true},
    FaultEntry{"lost-writes", kDisk, "a loss of power: killed, and what was not synced is gone",
               &MakeLostWrites, true},
    FaultEntry{"sync-error", kDisk, "fdatasync fails with EIO", &MakeSyncError, true},
    FaultEntry{"disk-full", kDisk, "writes fail with ENOSPC", &MakeDiskFull, true},
    FaultEntry{"slow-disk", kDisk, "every sync takes long", &MakeSlowDisk, true},
    FaultEntry{"bit-flip", kDisk, "a bit of a killed node's files is flipped", &MakeBitFlip, true},
    FaultEntry{"clock-jump", kDisk, "the time of day jumps, by up to an hour", &MakeClockJump,
               true},
    FaultEntry{"clock-drift", kDisk, "the time of day runs too fast or too slow, by up to a fifth",
               &MakeClockDrift, true},
};

}  // namespace

std::span<const FaultEntry> Faults() { return kFaults; }

const FaultEntry* FindFault(std::string_view name) {
  const auto* found = std::find_if(kFaults.begin(), kFaults.end(),
                                   [&](const FaultEntry& entry) { return entry.name == name; });
  return found == kFaults.end() ? nullptr : found;
}

uint64_t Arena::MemberId(size_t node) {
  const auto answer = Ask<etcdserverpb::StatusResponse>({.node = node,
                                                         .path = "/etcdserverpb.Maintenance/Status",
                                                         .timeout_us = kStatusTimeoutUs,
                                                         .metadata = {}},
                                                        etcdserverpb::StatusRequest());
  return answer.ok() ? answer->header().member_id() : 0;
}

std::optional<size_t> Arena::Leader() {
  std::optional<size_t> leader;
  uint64_t term = 0;
  const std::vector<size_t> running = cluster_->RunningNodes();
  const auto answers =
      AskEach<etcdserverpb::StatusResponse>(running,
                                            {.node = 0,
                                             .path = "/etcdserverpb.Maintenance/Status",
                                             .timeout_us = kStatusTimeoutUs,
                                             .metadata = {}},
                                            etcdserverpb::StatusRequest());
  for (size_t i = 0; i < running.size(); i++) {
    const auto& answer = answers[i];
    if (!answer.ok() || answer->leader() == 0) continue;
    // An old leader that is cut off may still believe in itself.
    if (answer->leader() != answer->header().member_id() || answer->raftterm() < term) continue;
    term = answer->raftterm();
    leader = running[i];
  }
  return leader;
}

bool Arena::KeepsMajority(const Loss& loss) {
  std::vector<bool> is_up(cluster_->size(), false);
  for (const size_t node : cluster_->RunningNodes()) is_up[node] = true;
  for (const size_t node : loss.down) is_up[node] = false;
  Links links = links_;
  for (const Links::Way& way : loss.cut) links.At(way).is_cut = true;
  return HasMajority(links, is_up);
}

std::vector<size_t> Arena::Victims(size_t count, Prng* dice) {
  const std::optional<size_t> leader = dice->OneIn(2) ? Leader() : std::nullopt;
  return Spare(dice, [&] {
    const std::vector<size_t> victims = DrawVictims(count, leader, dice);
    return std::pair(victims, Loss{.down = victims, .cut = {}});
  });
}

std::vector<size_t> Arena::DrawVictims(size_t count, std::optional<size_t> leader, Prng* dice) {
  std::vector<size_t> running = cluster_->RunningNodes();
  const size_t down = cluster_->size() - running.size();
  if (down >= MinorityMax()) return {};
  count = std::min(count, MinorityMax() - down);
  for (size_t i = running.size(); i > 1; i--) std::swap(running[i - 1], running[dice->Below(i)]);
  if (leader) {
    const auto at = std::find(running.begin(), running.end(), *leader);
    if (at != running.end()) std::iter_swap(running.begin(), at);
  }
  running.resize(count);
  return running;
}

Status Arena::DoChores() {
  for (size_t i = 0; i < chores_.size();) {
    auto done = chores_[i].work();
    if (!done.ok()) return done.status().WithContext(chores_[i].what);
    if (*done) {
      chores_.erase(chores_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      i++;
    }
  }
  return {};
}

Status Arena::AddChange(const std::string& name, Change change) {
  changes_[name] = std::move(change);
  return Apply();
}

Status Arena::RemoveChange(const std::string& name) {
  changes_.erase(name);
  return Apply();
}

Status Arena::Apply() {
  links_ = Links(cluster_->size());
  for (const auto& [name, change] : changes_) change(&links_);
  return network()->Change([&](Links* links) { *links = links_; });
}

}  // namespace keel::jepsen
