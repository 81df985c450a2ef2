// The driver's duties of raft/io.h, carried out for every member of a test cluster.
#include <algorithm>
#include <utility>

#include "tests/support/cluster.h"

namespace keel::raft {

void Cluster::Step(NodeId id, Event event) {
  Node& stepped = node(id);
  if (!stepped.IsUp()) return;
  const Input input{now_, std::move(event)};
  checks_.rules().OnInput(*stepped.core, input);
  stepped.core->Step({&input, 1}, out_);
  checks_.rules().OnStep(*stepped.core, out_);
  stepped.ticked_at = now_;
  Report(stepped, out_);
  File(stepped, out_);
  checks_.AfterStep(stepped, nodes_);
  checks_.CollectFindings();
}

void Cluster::Send(Message message) {
  checks_.rules().OnSend(message);
  wire_.Send(std::move(message));
}

void Cluster::File(Node& node, Output& out) {
  node.wake_at = out.wake_at;
  if (!out.persist.IsEmpty()) node.disk.Queue(std::move(out.persist));
  out.persist = Persist();
  for (Message& message : out.send_now) Send(std::move(message));
  if (!out.send_after_persist.empty()) {
    node.promised.push_back({out.after, std::move(out.send_after_persist)});
  }
  std::move(out.committed.begin(), out.committed.end(), std::back_inserter(node.to_apply));
  const auto keep = [](const auto& from, auto* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  keep(out.reads_ready, &node.to_read);
  keep(out.snapshots_wanted, &node.snapshots_wanted);
  keep(out.entries_wanted, &node.entries_wanted);
  keep(out.proposals, &node.proposals);
  keep(out.config_changes, &node.config_changes);
  keep(out.transfers, &node.transfers);
  keep(out.notices, &node.notices);
  for (const Notice& notice : out.notices) {
    if (notice.kind == NoticeKind::kHealed) node.marked_damaged = false;
  }
  for (const ReadRefused& refused : out.reads_refused) {
    for (ReadRecord& read : reads_) {
      if (read.id != refused.id) continue;
      read.fate = ReadRecord::Fate::kRefused;
      read.refusal = refused.reason;
    }
  }
  AnswerReads(node);
}

void Cluster::AnswerReads(Node& node) {
  std::erase_if(node.to_read, [&](const ReadReady& ready) {
    if (node.state.applied() < ready.index) return false;
    for (ReadRecord& read : reads_) {
      if (read.id != ready.id) continue;
      read.fate = ReadRecord::Fate::kAnswered;
      read.index = ready.index;
      checks_.OfRead(read.asked_at, read.must_see, node.state.applied());
    }
    return true;
  });
}

void Cluster::Say(NodeId who, std::string_view line) {
  narration_.push_back(std::to_string(who.value()) + " " + std::string(line));
}

// Tells what the core itself does not narrate.
void Cluster::Report(const Node& node, const Output& out) {
  const auto number = [](auto value) { return std::to_string(value.value()); };
  for (const ProposalResult& result : out.proposals) {
    if (result.accepted == 0) continue;
    Say(node.id,
        "takes " + std::to_string(result.accepted) + " from entry " + number(result.first));
  }
  for (const ReadReady& ready : out.reads_ready) {
    Say(node.id, "may read once it has applied " + number(ready.index));
  }
  for (const ReadRefused& refused : out.reads_refused) {
    Say(node.id, "refuses a read: " + std::string(ToString(refused.reason)));
  }
  for (const EntriesWanted& wanted : out.entries_wanted) {
    Say(node.id, "fetches entries from " + number(wanted.first) +
                     (wanted.peer.IsNone() ? " to apply" : " for " + number(wanted.peer)));
  }
  for (const Notice& notice : out.notices) {
    if (notice.kind == NoticeKind::kPeerWiped) {
      Say(node.id, "asks for " + number(notice.peer) + " to be replaced: it was wiped");
    }
  }
}

}  // namespace keel::raft
