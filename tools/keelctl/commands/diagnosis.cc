#include "tools/keelctl/commands/diagnosis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

using Gravity = Finding::Gravity;

struct Case {
  const Survey& before;
  const Survey& after;
  const Thresholds& thresholds;
  std::vector<Finding>* findings;

  void Find(Finding finding) const { findings->push_back(std::move(finding)); }
  // The same member in the survey before; null if it is not there.
  [[nodiscard]] const SurveyedMember* Earlier(const SurveyedMember& member) const {
    for (const SurveyedMember& each : before.members) {
      if (each.member.id() == member.member.id() && each.endpoint == member.endpoint) return &each;
    }
    return nullptr;
  }
};

std::string Number(double number) { return Fixed(number, 0); }

void CheckMembers(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    if (each.answers) continue;
    const bool unstarted = each.endpoint.empty();
    if (unstarted) {
      c.Find(
          {.gravity = Gravity::kWarning,
           .name = "member-unstarted",
           .what = "member " + each.name() + " was added and has not started yet",
           .meaning = "it counts in majorities without helping, unless it is a learner",
           .advice = "start it with --initial-cluster-state=existing, or `keelctl member remove " +
                     Hex(each.member.id()) + "`"});
      continue;
    }
    c.Find({.name = "member-down",
            .what = "member " + each.name() + " at " + each.endpoint +
                    " does not answer: " + each.reason,
            .meaning =
                "the cluster can lose " +
                Number(std::max(
                    0.0, std::floor((static_cast<double>(c.after.voters()) - 1) / 2) -
                             static_cast<double>(c.after.voters() - c.after.answering_voters()))) +
                " more before writes stop",
            .advice = "look at its process, its log and the network to it; one whose disk is lost "
                      "comes back by `keelctl member replace " +
                      Hex(each.member.id()) + " NEW-PEER-URL`"});
  }
}

void CheckQuorum(const Case& c) {
  if (c.after.answering_voters() * 2 <= c.after.voters()) {
    c.Find({.name = "no-quorum",
            .what = Number(static_cast<double>(c.after.answering_voters())) + " of " +
                    Number(static_cast<double>(c.after.voters())) + " voters answer",
            .meaning = "nothing can be written, and reads that must be current fail",
            .advice =
                "bring members back until more than half run; do not remove members to get there"});
  } else if (c.after.leader() == nullptr) {
    c.Find({.name = "no-leader",
            .what = "no member leads",
            .meaning = "writes wait until one is elected",
            .advice = "wait some seconds; if it lasts, look at the network between the members and "
                      "at slow disks"});
  } else if (!c.after.read_ms) {
    c.Find({.name = "reads-fail",
            .what = "a read through consensus failed: " + c.after.read_reason,
            .meaning = "the leader does not hear from a majority in time",
            .advice = "look at the network between the members, and at the load on them"});
  }
}

void CheckAlarms(const Case& c) {
  std::set<std::pair<int, uint64_t>> seen;
  for (const auto& alarm : c.after.alarms) {
    if (!seen.insert({alarm.alarm(), alarm.memberid()}).second) continue;
    if (alarm.alarm() == etcdserverpb::CORRUPT) {
      c.Find({.name = "alarm-corrupt",
              .what = "member " + Hex(alarm.memberid()) + " has raised CORRUPT",
              .meaning = "members hold different data; writes are refused",
              .advice =
                  "compare `keelctl endpoint hashkv --cluster`, replace the member that differs, "
                  "then `keelctl alarm disarm`"});
    } else {
      c.Find({.name = "alarm-nospace",
              .what = "member " + Hex(alarm.memberid()) + " has raised NOSPACE",
              .meaning = "writes that need room are refused; deletes still work",
              .advice =
                  "delete keys (`keelctl tree` shows which are large), compact, defragment or "
                  "raise --quota-backend-bytes; then `keelctl alarm disarm`"});
    }
  }
}

void CheckQuota(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    const double quota = QuotaBytes(each);
    const double used = UsedBytes(each);
    if (!each.answers || quota <= 0 || used < quota * c.thresholds.quota_part) continue;
    c.Find({.gravity = Gravity::kWarning,
            .name = "near-quota",
            .what = "member " + each.name() + " uses " + HumanBytes(static_cast<uint64_t>(used)) +
                    ", " + Number(100 * used / quota) + "% of its quota of " +
                    HumanBytes(static_cast<uint64_t>(quota)),
            .meaning = "at 100% writes are refused",
            .advice = "`keelctl tree` shows what takes the room; delete, or raise "
                      "--quota-backend-bytes; `keelctl plan` says when it will be full"});
    return;  // all members hold the same
  }
}

void CheckLag(const Case& c) {
  const SurveyedMember* leader = c.after.leader();
  if (leader == nullptr) return;
  const auto head = static_cast<double>(leader->status.raftappliedindex());
  for (const SurveyedMember& each : c.after.members) {
    if (!each.answers || &each == leader) continue;
    const double behind = head - static_cast<double>(each.status.raftappliedindex());
    const SurveyedMember* earlier = c.Earlier(each);
    // Standing still although the leader goes on is worse than any distance.
    const SurveyedMember* leader_earlier = c.Earlier(*leader);
    const bool stuck = earlier != nullptr && leader_earlier != nullptr && earlier->answers &&
                       behind > 0 &&
                       each.status.raftappliedindex() == earlier->status.raftappliedindex() &&
                       static_cast<double>(leader_earlier->status.raftappliedindex()) >
                           static_cast<double>(earlier->status.raftappliedindex());
    if (behind < c.thresholds.lag_entries && !stuck) continue;
    c.Find(
        {.name = "member-lags",
         .what = "member " + each.name() + " is " + Number(behind) + " entries behind the leader" +
                 (stuck ? " and does not come nearer" : ""),
         .meaning = "its serializable reads are old, and it cannot take over",
         .advice = "look at its disk, its CPU and the network between it and " + leader->name()});
  }
}

void CheckDisk(const Case& c) {
  constexpr std::string_view kSync = "etcd_disk_wal_fsync_duration_seconds";
  for (const SurveyedMember& each : c.after.members) {
    const SurveyedMember* earlier = c.Earlier(each);
    if (!each.answers || earlier == nullptr || earlier->metrics.empty()) continue;
    const std::string count = std::string(kSync) + "_count";
    const double syncs = each.metrics.ValueOr(count, 0) - earlier->metrics.ValueOr(count, 0);
    // Too few in this moment: then of the whole run.
    const auto slow = each.metrics.Quantile(kSync, 0.9, syncs >= 10 ? &earlier->metrics : nullptr);
    if (!slow || *slow <= c.thresholds.slow_sync_seconds) continue;
    c.Find({.gravity = Gravity::kWarning,
            .name = "slow-disk",
            .what = "one in ten syncs of the log of member " + each.name() + " takes " +
                    (std::isinf(*slow) ? "very long" : "up to " + Number(*slow * 1000) + " ms"),
            .meaning = "writes wait for it when it leads, and elections may come from it",
            .advice = "give the data directory a disk of its own, and look who else writes there"});
  }
}

void CheckNetwork(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    if (!each.answers) continue;
    for (const auto& [peer, active] : each.metrics.ByLabel("etcd_network_active_peers", "Remote")) {
      const auto found = std::find_if(
          c.after.members.begin(), c.after.members.end(),
          [&peer](const SurveyedMember& other) { return Hex(other.member.id()) == peer; });
      // One that is down is told of elsewhere.
      if (active > 0 || found == c.after.members.end() || !found->answers) continue;
      c.Find(
          {.name = "members-apart",
           .what = "member " + each.name() + " has no connection to member " + found->name() +
                   ", though both answer us",
           .meaning =
               "entries do not get through between them; with more such pairs there is no leader",
           .advice = "look at firewalls and at the peer addresses in `keelctl member list`"});
    }
    for (const auto& [peer, seconds] : each.metrics.ByLabel("keel_peer_round_trip_seconds", "To")) {
      if (seconds <= c.thresholds.slow_round_trip_seconds) continue;
      c.Find({.gravity = Gravity::kWarning,
              .name = "slow-network",
              .what = "a round trip from member " + each.name() + " to " + peer + " takes " +
                      Number(seconds * 1000) + " ms",
              .meaning = "every write waits for a round trip to a majority",
              .advice = "raise --heartbeat-interval and --election-timeout if the distance is "
                        "meant, else look at the network"});
    }
  }
}

void CheckClocks(const Case& c) {
  const SurveyedMember* slowest = nullptr;
  const SurveyedMember* fastest = nullptr;
  for (const SurveyedMember& each : c.after.members) {
    if (!each.clock_ahead_seconds) continue;
    if (slowest == nullptr || *each.clock_ahead_seconds < *slowest->clock_ahead_seconds) {
      slowest = &each;
    }
    if (fastest == nullptr || *each.clock_ahead_seconds > *fastest->clock_ahead_seconds) {
      fastest = &each;
    }
  }
  if (slowest == nullptr || slowest == fastest) return;
  const double apart = *fastest->clock_ahead_seconds - *slowest->clock_ahead_seconds -
                       fastest->clock_doubt_seconds - slowest->clock_doubt_seconds;
  if (apart < c.thresholds.clock_apart_seconds) return;
  c.Find({.gravity = Gravity::kWarning,
          .name = "clocks-apart",
          .what = "the clock of member " + fastest->name() + " is at least " + Fixed(apart, 1) +
                  " s ahead of that of " + slowest->name(),
          .meaning = "log time, certificates and tokens go by it; leases do not",
          .advice = "run chrony or systemd-timesyncd on every member"});
}

void CheckElections(const Case& c) {
  constexpr std::string_view kChanges = "etcd_server_leader_changes_seen_total";
  for (const SurveyedMember& each : c.after.members) {
    const SurveyedMember* earlier = c.Earlier(each);
    if (!each.answers || earlier == nullptr || !earlier->answers) continue;
    const double changes =
        each.metrics.ValueOr(kChanges, 0) - earlier->metrics.ValueOr(kChanges, 0);
    const auto terms = static_cast<double>(each.status.raftterm()) -
                       static_cast<double>(earlier->status.raftterm());
    if (changes < 1 && terms < 1) continue;
    c.Find({.gravity = Gravity::kWarning,
            .name = "elections",
            .what = "the leader changed while we looked (term " +
                    std::to_string(earlier->status.raftterm()) + " to " +
                    std::to_string(each.status.raftterm()) + ")",
            .meaning = "writes pause with each change",
            .advice = "if it goes on: slow disks, a busy machine, or an election timeout that is "
                      "too short for the network"});
    return;
  }
}

void CheckDamage(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    if (each.metrics.ValueOr("keel_raft_damaged", 0) < 1) continue;
    c.Find({.name = "log-damaged",
            .what = "the log of member " + each.name() + " has lost what it may have acknowledged",
            .meaning = "it neither votes nor acknowledges until the leader has repaired it",
            .advice = "leave it running; if it lasts, `keelctl member replace " +
                      Hex(each.member.id()) + " NEW-PEER-URL`, and have its disk checked"});
  }
}

void CheckHashes(const Case& c) {
  for (const SurveyedMember& a : c.after.members) {
    for (const SurveyedMember& b : c.after.members) {
      const double index = a.metrics.ValueOr("keel_state_hash_index", 0);
      if (&a >= &b || index == 0) continue;
      if (index != b.metrics.ValueOr("keel_state_hash_index", 0)) continue;
      if (a.metrics.ValueOr("keel_state_hash", 0) == b.metrics.ValueOr("keel_state_hash", 0)) {
        continue;
      }
      c.Find({.name = "state-differs",
              .what = "members " + a.name() + " and " + b.name() +
                      " hold different data as of entry " + Number(index),
              .meaning = "one of them is wrong, and what it answers cannot be trusted",
              .advice = "compare with a third (`keelctl endpoint hashkv --cluster`) and replace "
                        "the one that differs"});
    }
  }
}

void CheckIdentity(const Case& c) {
  std::set<uint64_t> clusters;
  std::set<std::string> versions;
  for (const SurveyedMember& each : c.after.members) {
    if (!each.answers) continue;
    clusters.insert(each.status.header().cluster_id());
    versions.insert(each.status.version());
  }
  for (const SurveyedMember& each : c.after.strangers) {
    clusters.insert(each.status.header().cluster_id());
  }
  if (clusters.size() > 1) {
    c.Find({.name = "two-clusters",
            .what = "the endpoints, or the members, answer with different cluster ids",
            .meaning = "these are two clusters: a client may read from one and write to the other",
            .advice =
                "look at --endpoints, and at --initial-cluster-token and the client addresses "
                "of the members"});
  }
  if (versions.size() > 1) {
    c.Find({.gravity = Gravity::kWarning,
            .name = "versions-differ",
            .what =
                "members run different versions: " + Join({versions.begin(), versions.end()}, ", "),
            .meaning = "fine during an upgrade",
            .advice = "finish the upgrade, one member at a time"});
  }
}

void CheckSize(const Case& c) {
  const size_t voters = c.after.voters();
  if (voters == 0 || voters % 2 == 1 || !c.after.has_list) return;
  c.Find({.gravity = Gravity::kWarning,
          .name = "even-size",
          .what = "the cluster has " + Number(static_cast<double>(voters)) + " voters",
          .meaning = "it stands the loss of no more members than with one fewer",
          .advice = "add a member, or remove one"});
}

void CheckResources(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    const double open = each.metrics.ValueOr("process_open_fds", 0);
    const double bound = each.metrics.ValueOr("process_max_fds", 0);
    if (bound > 0 && open >= bound * c.thresholds.descriptors_part) {
      c.Find({.gravity = Gravity::kWarning,
              .name = "descriptors",
              .what = "member " + each.name() + " has " + Number(open) + " of " + Number(bound) +
                      " file descriptors open",
              .meaning = "at the bound it takes no more connections",
              .advice = "raise LimitNOFILE of its service, or look who connects so often"});
    }
    constexpr double kPendingBytesMax = 64.0 * 1024 * 1024;
    const double pending = each.metrics.ValueOr("keel_proposals_pending_bytes", 0);
    if (pending >= kPendingBytesMax * c.thresholds.pending_part) {
      c.Find({.gravity = Gravity::kWarning,
              .name = "overloaded",
              .what = HumanBytes(static_cast<uint64_t>(pending)) +
                      " of writes are under way at member " + each.name(),
              .meaning = "at 64 MiB it refuses more (RESOURCE_EXHAUSTED)",
              .advice = "fewer or smaller writes, or faster disks"});
    }
  }
}

void CheckArchive(const Case& c) {
  for (const SurveyedMember& each : c.after.members) {
    if (each.metrics.ValueOr("keel_archive_alarm", 0) < 1) continue;
    c.Find(
        {.name = "archive-behind",
         .what = "what is written does not get into the archive, " +
                 Fixed(each.metrics.ValueOr("keel_archive_exposure_seconds", 0), 1) + " s by now",
         .meaning = "what is lost now cannot be restored; the log is held for the archive up to "
                    "--archive-hold-bytes",
         .advice = "look at the directory, and for event=archive_ in the log of " + each.name()});
  }
}

void CheckHistory(const Case& c) {
  const SurveyedMember* leader = c.after.leader();
  if (leader == nullptr || leader->metrics.empty()) return;
  const double kept = leader->metrics.ValueOr("etcd_debugging_mvcc_current_revision", 0) -
                      leader->metrics.ValueOr("etcd_debugging_mvcc_compact_revision", 0);
  if (kept < c.thresholds.history_revisions) return;
  c.Find({.gravity = Gravity::kWarning,
          .name = "long-history",
          .what = HumanCount(kept) + " revisions of history are kept",
          .meaning = "they take room on every disk",
          .advice = "compact (`keelctl compaction REVISION`), or run with "
                    "--auto-compaction-retention"});
}

constexpr std::array<void (*)(const Case&), 16> kChecks = {
    CheckQuorum,  CheckMembers,   CheckAlarms,  CheckDamage, CheckHashes, CheckIdentity,
    CheckNetwork, CheckLag,       CheckQuota,   CheckDisk,   CheckClocks, CheckElections,
    CheckSize,    CheckResources, CheckHistory, CheckArchive};

}  // namespace

std::vector<Finding> Diagnose(const Survey& before, const Survey& after,
                              const Thresholds& thresholds) {
  std::vector<Finding> findings;
  const Case c{.before = before, .after = after, .thresholds = thresholds, .findings = &findings};
  for (const auto check : kChecks) check(c);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.gravity == Gravity::kFault && b.gravity != Gravity::kFault;
  });
  return findings;
}

size_t CheckCount() { return kChecks.size(); }

}  // namespace keel::ctl
