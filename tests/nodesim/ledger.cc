#include "tests/nodesim/ledger.h"

#include <algorithm>
#include <utility>

namespace keel::nodesim {

namespace {

using sim::Phase;

constexpr uint64_t kStreamKeys = 10'000;

}  // namespace

void Ledger::AddSeams(node_test::SimMember* member, node::Node::Seams* seams) {
  seams->narration = options_.story;
  seams->on_inputs = [this](const raft::Raft& core, std::span<const raft::Input> inputs) {
    OnInputs(core, inputs);
  };
  seams->on_step = [this, member](const raft::Raft& core, const raft::Output& out) {
    OnStep(member, core, out);
  };
  seams->on_persisted = [this](const raft::Raft& core, raft::PersistId id) {
    OnPersisted(core, id);
  };
}

void Ledger::OnOpened(node_test::SimMember* member) {
  const raft::Raft& core = member->node().core();
  const bool is_new = !books_.contains(core.id());
  Book& book = books_[core.id()];
  if (is_new) book.key = books_.size();
  FindWhatSurvived(&book, core);
  options_.checker->OnStart(core);
  book.role = core.role();
  book.base = core.log().base().index;
  book.catches_up_to = options_.checker->committed();
  book.catching_up = true;
  if (member->starts() > 1) options_.phases->Begin(Phase::kRestart, book.key);
  book.repairing = core.health() == raft::Health::kDamaged || core.state_lost();
  if (book.repairing) options_.phases->Begin(Phase::kRepair, book.key);
}

// Writes reach the disk in order, the last ones in part: of each, what was found again.
void Ledger::FindWhatSurvived(Book* book, const raft::Raft& core) {
  const raft::Log& log = core.log();
  for (raft::Persist& written : book->written) {
    raft::Persist done{.id = written.id, .keeps_log = written.keeps_log};
    if (written.vote.has_value() &&
        (written.vote->term < core.vote().term || *written.vote == core.vote())) {
      done.vote = written.vote;
    }
    if (written.snapshot.has_value() && written.snapshot->last.index <= log.base().index) {
      done.snapshot = written.snapshot;
    }
    for (raft::Entry& entry : written.entries) {
      if (entry.index > log.last().index) break;
      if (entry.index > log.base().index && log.TermAt(entry.index) != entry.term) break;
      done.entries.push_back(std::move(entry));
    }
    options_.checker->OnDurable(core.id(), done);
  }
  book->written.clear();
  if (!book->tampered) return;
  book->tampered = false;
  if (core.health() != raft::Health::kDamaged) return;
  if (log.base() == log.last()) {
    options_.checker->OnDiskReplaced(core.id(), log.base());
  } else {
    options_.checker->OnDiskCut(core.id(), log.last().index.Next());
  }
}

void Ledger::OnEnded(NodeId member) {
  const auto found = books_.find(member);
  if (found == books_.end()) return;
  Book& book = found->second;
  options_.checker->OnStop(member);
  options_.phases->EndAllOf(book.key);
  while (!book.streams.empty()) EndStream(&book, book.streams.begin()->first);
}

void Ledger::OnInputs(const raft::Raft& core, std::span<const raft::Input> inputs) {
  if (options_.story != nullptr) options_.story->SetTime(options_.world->now_us());
  Book& book = books_[core.id()];
  for (const raft::Input& input : inputs) {
    options_.checker->OnInput(core, input);
    if (const auto* ready = std::get_if<raft::SnapshotReady>(&input.event)) {
      EndStream(&book, ready->peer);
    } else if (const auto* failed = std::get_if<raft::SnapshotFailed>(&input.event)) {
      EndStream(&book, failed->peer);
    }
  }
}

void Ledger::OnStep(node_test::SimMember* member, const raft::Raft& core, const raft::Output& out) {
  options_.checker->OnStep(core, out);
  Book& book = books_[core.id()];
  if (!out.persist.IsEmpty()) book.written.push_back(out.persist);
  for (const uint64_t number :
       {options_.world->now_us(), core.id().value(), core.term().value(),
        static_cast<uint64_t>(core.role()), core.log().last().index.value(), core.commit().value(),
        static_cast<uint64_t>(out.send_now.size()), out.wake_at.value()}) {
    options_.trace->Mix(number);
  }
  WatchStreams(&book, out);
  options_.on_output(out);
  WatchPhases(member, core, out);
}

void Ledger::OnPersisted(const raft::Raft& core, raft::PersistId id) {
  Book& book = books_[core.id()];
  while (!book.written.empty() && book.written.front().id <= id) {
    if (book.written.front().snapshot.has_value()) {
      options_.phases->End(Phase::kSnapshotInstalled, book.key);
    }
    options_.checker->OnDurable(core.id(), book.written.front());
    book.written.pop_front();
  }
}

void Ledger::EndStream(Book* book, NodeId peer) {
  const auto stream = book->streams.find(peer);
  if (stream == book->streams.end()) return;
  options_.phases->End(Phase::kSnapshotSent, stream->second);
  book->streams.erase(stream);
}

void Ledger::WatchStreams(Book* book, const raft::Output& out) {
  for (const raft::SnapshotWanted& wanted : out.snapshots_wanted) {
    const uint64_t key = kStreamKeys * book->key + books_[wanted.peer].key;
    book->streams.emplace(wanted.peer, key);
    options_.phases->Begin(Phase::kSnapshotSent, key);
  }
  if (out.persist.snapshot.has_value()) {
    options_.phases->Begin(Phase::kSnapshotInstalled, book->key);
  }
}

void Ledger::WatchPhases(node_test::SimMember* member, const raft::Raft& core,
                         const raft::Output& out) {
  sim::PhaseTracker& phases = *options_.phases;
  Book& book = books_[core.id()];
  const raft::Role role = core.role();
  if (role != book.role) {
    const bool stands = role == raft::Role::kPreCandidate || role == raft::Role::kCandidate;
    stands ? phases.Begin(Phase::kElection, book.key) : phases.End(Phase::kElection, book.key);
    if (role != raft::Role::kLeader) {
      phases.End(Phase::kTransfer, book.key);
      while (!book.streams.empty()) EndStream(&book, book.streams.begin()->first);
    }
    book.role = role;
  }
  for (const raft::TransferResult& result : out.transfers) {
    const bool starts = result.outcome == raft::TransferOutcome::kStarted;
    if (starts) phases.Begin(Phase::kTransfer, book.key);
    if (result.outcome == raft::TransferOutcome::kTimedOut) phases.End(Phase::kTransfer, book.key);
  }
  const bool is_joint = role == raft::Role::kLeader && core.config().IsJoint();
  is_joint ? phases.Begin(Phase::kJoint, book.key) : phases.End(Phase::kJoint, book.key);
  if (book.catching_up && core.applied() >= book.catches_up_to) {
    book.catching_up = false;
    phases.End(Phase::kRestart, book.key);
  }
  if (book.repairing && core.health() == raft::Health::kWhole && !core.state_lost()) {
    book.repairing = false;
    phases.End(Phase::kRepair, book.key);
  }
  if (core.log().base().index > book.base && !out.persist.snapshot.has_value()) {
    phases.Begin(Phase::kCompaction, book.key);
    options_.later([this, member, key = book.key] {
      if (!member->IsUp()) return;  // its end ended the phase
      member->AfterDisk([this, key] { options_.phases->End(Phase::kCompaction, key); });
    });
  }
  book.base = core.log().base().index;
}

}  // namespace keel::nodesim
