// Rules on logs: matching, immutability, commits, what is applied and what is read (Raft §5.3,
// §5.4).
#include <algorithm>

#include "raft/invariants.h"

namespace keel::raft {

namespace {

std::string At(Index index) { return "entry " + std::to_string(index.value()); }

}  // namespace

// The shadow of the log follows what the core asks to persist; both must end alike, or the core has
// changed its log behind the disk's back.
void ClusterChecker::MirrorLog(Node& node, const Raft& core, const Persist& persist) {
  if (persist.snapshot.has_value()) MirrorSnapshot(node, core, persist);
  if (!persist.entries.empty()) {
    const Index first = persist.entries.front().index;
    if (first <= node.log.base() || first > node.log.last().Next()) {
      Report("contiguous-log", node.id, At(first) + " is added behind a log that ends elsewhere");
      return;
    }
    if (first <= node.log.last()) {
      CheckCut(node, core, first);
      node.log.TruncateFrom(first);
      node.configs.TruncateFrom(first);
    }
    for (const Entry& entry : persist.entries) {
      if (entry.index != node.log.last().Next()) {
        Report("contiguous-log", node.id, At(entry.index) + " is persisted with a gap before it");
        return;
      }
      node.log.Append(entry);
      CheckAppended(node, entry.index);
      if (entry.kind == EntryKind::kConfig) MirrorConfig(node, core, entry);
    }
  }
  const Position last = core.log().last();
  if (node.log.last() != last.index || node.log.At(last.index).term != last.term) {
    Report("log-is-persisted", node.id,
           "its log ends at " + std::to_string(last.index.value()) + ", what it persists at " +
               std::to_string(node.log.last().value()));
    node.log.Reset(last.index, {last.term, 0});
  }
  if (core.configs().current_index() != node.configs.current_index() ||
      (core.configs().current_index() != config_before_step_ &&
       core.config() != node.configs.current())) {
    Report("config-in-log", node.id, "the config in force is not the last one in its log");
    node.configs = core.configs();
  }
}

void ClusterChecker::MirrorSnapshot(Node& node, const Raft& core, const Persist& persist) {
  const SnapshotMeta& meta = *persist.snapshot;
  const ChainLog::Link link = LinkAt(meta.last);
  const bool keeps =
      persist.keeps_log && node.log.Holds(meta.last.index) && node.log.At(meta.last.index) == link;
  if (persist.keeps_log && !keeps) {
    Report("snapshot-truth", node.id, "it keeps a log that differs from the snapshot's end");
  }
  if (!keeps) {
    if (meta.last.index < node.commit) {
      Report("committed-immutable", node.id,
             "a snapshot up to " + At(meta.last.index) +
                 " replaces a log that is committed up to " + At(node.commit));
    }
    // What a snapshot replaces must be settled by it, or be none of the committed entries.
    if (node.log.last() > meta.last.index) CheckCut(node, core, meta.last.index.Next());
    node.log.Reset(meta.last.index, link);
    node.configs = ConfigHistory(meta.last.index, meta.config);
  } else {
    node.configs.CompactTo(meta.last.index);
  }
  // The state jumps forward: what lies between is never handed out.
  node.delivered = node.applied = meta.last.index;
  node.commit = std::max(node.commit, meta.last.index);
}

void ClusterChecker::CheckCut(const Node& node, const Raft& core, Index from) {
  if (from <= node.commit) {
    Report("committed-immutable", node.id,
           "it cuts from " + At(from) + "; it is committed up to " + At(node.commit));
  }
  if (committed_.AgreesAt(node.log, from)) {
    Report("committed-immutable", node.id, "it cuts " + At(from) + ", which is committed");
  }
  if (from <= node.acknowledged.index && node.acknowledged.term == core.term()) {
    Report("acknowledged-immutable", node.id,
           "it cuts " + At(from) + ", which it has acknowledged in this term");
  }
}

// Log matching: all logs that hold an entry of one index and term agree in everything up to it.
void ClusterChecker::CheckAppended(const Node& node, Index index) {
  const ChainLog::Link& link = node.log.At(index);
  if (first_seen_.size() <= index.value()) first_seen_.resize(index.value() + 1);
  ChainLog::Link& first = first_seen_[index.value()];
  if (first.term.IsNone()) first = link;
  uint64_t known = first.chain;
  if (first.term != link.term) {
    known = also_seen_.emplace(Position{index, link.term}, link.chain).first->second;
  }
  if (known != link.chain) {
    Report("log-matching", node.id,
           At(index) + " of term " + std::to_string(link.term.value()) +
               " differs, or follows others, than in another log");
  }
}

void ClusterChecker::CheckCommit(Node& node, const Raft& core) {
  const Index commit = core.commit();
  if (commit < node.commit) {
    Report("commit-forward", node.id, "its commit index goes back to " + At(commit));
  }
  if (commit > node.log.last()) {
    return Report("commit-in-log", node.id, At(commit) + " is committed and not in its log");
  }
  if (commit > node.commit) {
    if (core.role() == Role::kLeader) CheckLeaderCommit(node, core);
    // All up to here agrees if the last one does; what is new to the world is written down.
    const Index known = std::min(commit, committed_.last());
    if (node.log.Holds(known) && committed_.Holds(known) && !committed_.AgreesAt(node.log, known)) {
      Report("state-machine-safety", node.id,
             "it commits another " + At(known) + " than is committed elsewhere");
    }
    for (Index i = committed_.last().Next(); i <= commit && node.log.Holds(i); i = i.Next()) {
      committed_.AppendLink(node.log.At(i));
      committed_in_.push_back(core.term());
    }
  }
  node.commit = commit;
}

void ClusterChecker::CheckApply(Node& node, const Raft& core, const Output& out) {
  for (const Entry& entry : out.committed) {
    if (entry.index != node.delivered.Next()) {
      Report("delivered-in-order", node.id,
             At(entry.index) + " is handed out behind " + At(node.delivered));
    }
    node.delivered = entry.index;
    const bool is_known = !entry.index.IsNone() && committed_.Holds(entry.index) &&
                          committed_.Holds(entry.index.Prev());
    if (is_known &&
        ChainLog::Extend(committed_.At(entry.index.Prev()), entry) != committed_.At(entry.index)) {
      Report("state-machine-safety", node.id,
             "it hands out another " + At(entry.index) + " than is committed");
    }
    if (!is_known) Report("delivered-committed", node.id, At(entry.index) + " is not committed");
  }
  node.delivered = core.delivered();
  node.applied = core.applied();
  if (core.applied() > core.delivered() || core.delivered() > core.commit()) {
    Report("applied-behind-commit", node.id, "applied <= delivered <= commit does not hold");
  }
  if (!out.committed.empty() && !node.disk.AgreesAt(committed_, out.committed.back().index)) {
    Report("delivered-durable", node.id,
           "it hands out " + At(out.committed.back().index) + ", which its disk does not hold");
  }
}

// What the core believes to be durable is there, and is what its log says.
void ClusterChecker::CheckDurability(const Node& node, const Raft& core) {
  const Index durable = core.durability().index();
  if (durable > node.log.last()) {
    return Report("durable-truth", node.id, At(durable) + " is durable and not in its log");
  }
  if (durable <= node.log.base() || durable <= node.disk.base()) return;
  if (!node.disk.AgreesAt(node.log, durable)) {
    Report("durable-truth", node.id,
           "it believes that its disk holds its log up to " + At(durable));
  }
}

void ClusterChecker::CheckReads(Node& node, const Raft& core, const Output& out) {
  constexpr size_t kReadsKept = 4096;
  for (const ReadReady& ready : out.reads_ready) {
    const auto asked = std::lower_bound(
        node.reads.begin(), node.reads.end(), ready.id.sequence,
        [](const AskedRead& read, uint64_t sequence) { return read.sequence < sequence; });
    const bool is_ours = ready.id.node == node.id && ready.id.boot == core.options().boot &&
                         asked != node.reads.end() && asked->sequence == ready.id.sequence;
    if (!is_ours) {
      Report("read-was-asked", node.id, "it answers a read that was not asked in this start");
    } else if (ready.index < asked->floor) {
      Report("read-is-fresh", node.id,
             "a read is answered at " + At(ready.index) + "; " + At(asked->floor) +
                 " was committed when it was asked");
    }
  }
  while (node.reads.size() > kReadsKept) node.reads.pop_front();
}

}  // namespace keel::raft
