#include "tests/support/cluster.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::raft {

namespace {

// Far beyond what any test needs: who gets there will never settle.
constexpr int kSettleStepsMax = 200'000;

}  // namespace

Cluster::Cluster(const Options& options, uint64_t seed) : options_(options), seed_(seed) {}
Cluster::~Cluster() = default;

// ---- members ----

void Cluster::Bootstrap(const std::vector<NodeId>& voters) {
  KEEL_CHECK(nodes_.empty()) << "a cluster is bootstrapped once";
  const auto config = std::make_shared<const Config>(Config::OfVoters(voters));
  for (NodeId id : voters) Add(id, Disk({}, {.last = {}, .config = config}, {}));
  for (NodeId id : voters) Start(id);
}

Node& Cluster::Add(NodeId id, Disk disk) {
  Node& node = nodes_[id];
  node.id = id;
  node.disk = std::move(disk);
  node.state.covers = node.disk.base();
  Persist first{.vote = node.disk.vote(), .entries = node.disk.entries()};
  if (!node.disk.base().last.index.IsNone()) first.snapshot = node.disk.base();
  checks_.rules().OnDurable(id, first);
  return node;
}

void Cluster::Start(NodeId id) {
  Node& down = node(id);
  KEEL_CHECK(!down.IsUp()) << "a node is started once";
  if (const std::string defect = down.disk.Defect(); !defect.empty()) {
    return checks_.OfDisk(down);
  }
  Options options = options_;
  options.id = id;
  options.boot = BootId(down.boot = ++boots_[id]);
  options.seed = seed_ * 1'000'003 + id.value() * 1'009 + down.boot;
  down.core = std::make_unique<Raft>(
      options,
      down.disk.Restore(down.state.applied(), down.marked_damaged, options.cache_bytes_max), this);
  checks_.rules().OnStart(*down.core);
  checks_.AfterStart(down);
  Tick(id);
}

void Cluster::Crash(NodeId id) {
  Node& up = node(id);
  if (!up.IsUp()) return;
  for (ReadRecord& read : reads_) {
    if (read.asked_at == id && read.fate == ReadRecord::Fate::kWaiting) {
      read.fate = ReadRecord::Fate::kRefused;
    }
  }
  checks_.rules().OnStop(id);
  up.LoseMemory();
  wire_.DropAllTo(id);
}

void Cluster::Restart(NodeId id, DiskFate fate, Index from) {
  Crash(id);
  Node& down = node(id);
  switch (fate) {
    case DiskFate::kIntact:
      break;
    case DiskFate::kDamaged:
      from = std::max(from, down.disk.base().last.index.Next());
      down.disk.LoseEntriesFrom(from);
      checks_.rules().OnDiskCut(id, from);
      // A log that ends before the state does begins anew behind it.
      if (down.disk.last() < down.state.applied()) {
        down.disk = Disk(down.disk.vote(), down.state.covers, {});
        checks_.rules().OnDiskReplaced(id, down.state.covers.last);
      }
      down.marked_damaged = true;
      break;
    case DiskFate::kWiped:
      down.disk = Disk();
      checks_.rules().OnDiskWiped(id);
      down.state = State();
      break;
    case DiskFate::kStateLost:
      down.state = State();
      break;
  }
  Start(id);
}

Node& Cluster::node(NodeId id) {
  const auto found = nodes_.find(id);
  KEEL_CHECK(found != nodes_.end()) << "there is no node " << id.value();
  return found->second;
}

const Raft& Cluster::core(NodeId id) {
  const Node& up = node(id);
  KEEL_CHECK(up.IsUp()) << id.value() << " is down";
  return *up.core;
}

NodeId Cluster::leader() const {
  const Node* best = nullptr;
  for (const auto& [id, node] : nodes_) {
    if (!node.IsUp() || node.core->role() != Role::kLeader) continue;
    if (best == nullptr || node.core->term() > best->core->term()) best = &node;
  }
  return best == nullptr ? NodeId() : best->id;
}

// ---- time ----

void Cluster::Tick(NodeId id) { Step(id, raft::Tick{}); }

void Cluster::Advance(DurationMs duration_ms) {
  const Instant end = now_ + duration_ms;
  Settle();
  while (true) {
    Node* next = nullptr;
    Instant due = end;
    for (auto& [id, node] : nodes_) {
      if (!node.IsUp() || node.wake_at > due) continue;
      if (node.wake_at == due && next != nullptr) continue;
      next = &node;
      due = node.wake_at;
    }
    if (next == nullptr) break;
    // A wake-up in the past must still let time pass, or nothing ever would.
    now_ = std::max(now_, due);
    if (next->wake_at <= next->ticked_at && next->ticked_at == now_) now_ = now_.Next();
    if (now_ > end) break;
    Tick(next->id);
    Settle();
  }
  now_ = std::max(now_, end);
}

void Cluster::Campaign(NodeId id) {
  // Who may not campaign lets its timer pass again and again.
  for (int timeouts = 0; timeouts < 100; ++timeouts) {
    now_ = std::max(now_, node(id).wake_at);
    Tick(id);
    if (core(id).role() != Role::kFollower) return;
  }
}

void Cluster::Elect(NodeId id) {
  // The first campaign may do no more than learn of a later term.
  for (int campaigns = 0; campaigns < 3 && core(id).role() != Role::kLeader; ++campaigns) {
    Campaign(id);
    Settle();
  }
}

// ---- flow ----

void Cluster::Settle() {
  for (int step = 0; step < kSettleStepsMax; ++step) {
    bool worked = false;
    for (auto& [id, node] : nodes_) worked |= WorkOnce(node);
    if (worked) continue;
    std::optional<Message> message = wire_.TakeNextOpen();
    if (!message.has_value()) return;
    Inject(*message);
  }
  checks_.Report("the cluster does not come to rest");
}

// One thing that the node's driver can do by itself. False if there is nothing.
bool Cluster::WorkOnce(Node& node) {
  if (!node.IsUp()) return false;
  if (!node.disk_stalled && node.disk.HasWaiting()) {
    CompletePersist(node.id);
    return true;
  }
  if (!node.apply_paused && !node.to_apply.empty()) {
    ApplyNext(node.id);
    return true;
  }
  if (!node.fetches_by_hand && AnswerEntriesWish(node.id)) return true;
  return !node.snapshots_by_hand && AnswerSnapshotWish(node.id);
}

std::string Cluster::Deliver(Link link, bool newest) {
  const std::optional<Message> message = wire_.TakeFrom(link, newest);
  if (!message.has_value()) return "";
  Inject(*message);
  return ToString(*message);
}

void Cluster::Inject(const Message& message) {
  const auto to = nodes_.find(message.to);
  if (to != nodes_.end() && to->second.IsUp()) Step(message.to, message);
}

void Cluster::Cut(const std::vector<NodeId>& one, const std::vector<NodeId>& other) {
  for (NodeId a : one) {
    for (NodeId b : other) {
      wire_.Cut({a, b});
      wire_.Cut({b, a});
    }
  }
}

void Cluster::Isolate(NodeId id) {
  for (const auto& [other, node] : nodes_) {
    if (other != id) Cut({id}, {other});
  }
}

void Cluster::CompletePersist(NodeId id) {
  Node& writer = node(id);
  const Persist done = writer.disk.CompleteNext();
  if (done.snapshot.has_value()) writer.state = snapshots_[done.snapshot->last.index];
  checks_.OfDisk(writer);
  checks_.rules().OnDurable(id, done);
  while (!writer.promised.empty() && writer.promised.front().after <= done.id) {
    for (Message& message : writer.promised.front().messages) Send(std::move(message));
    writer.promised.pop_front();
  }
  Step(id, PersistDone{done.id});
}

void Cluster::ApplyNext(NodeId id) {
  Node& applier = node(id);
  if (applier.to_apply.empty()) return;
  const Entry entry = std::move(applier.to_apply.front());
  applier.to_apply.pop_front();
  checks_.BeforeApply(applier, entry);
  applier.state.covers.last = {entry.index, entry.term};
  if (entry.kind == EntryKind::kConfig) {
    applier.state.covers.config = Config::Decode(entry.payload.view()).config;
  } else if (entry.kind == EntryKind::kCommand) {
    applier.state.commands.emplace_back(entry.index, std::string(entry.payload.view()));
  }
  Step(id, Applied{entry.index});
}

bool Cluster::AnswerEntriesWish(NodeId id) {
  Node& asker = node(id);
  if (asker.entries_wanted.empty()) return false;
  const EntriesWanted wish = asker.entries_wanted.front();
  asker.entries_wanted.erase(asker.entries_wanted.begin());
  Step(id, EntriesFetched{.peer = wish.peer,
                          .first = wish.first,
                          .entries = asker.disk.Read(wish.first, wish.size_bytes_max)});
  return true;
}

bool Cluster::AnswerSnapshotWish(NodeId id, bool fails) {
  Node& asker = node(id);
  for (size_t i = 0; i < asker.snapshots_wanted.size(); ++i) {
    const SnapshotWanted wish = asker.snapshots_wanted[i];
    // A state that has not yet come so far is waited for.
    if (!fails && asker.state.applied() < wish.at_least) continue;
    asker.snapshots_wanted.erase(asker.snapshots_wanted.begin() + static_cast<ptrdiff_t>(i));
    if (fails) {
      Step(id, SnapshotFailed{wish.peer});
      return true;
    }
    const SnapshotMeta meta = asker.core->MetaAt(asker.state.applied());
    checks_.OfSnapshot(asker, meta);
    snapshots_[meta.last.index] = asker.state;
    Step(id, SnapshotReady{wish.peer, meta});
    return true;
  }
  return false;
}

// ---- clients ----

void Cluster::Propose(NodeId at, const std::vector<std::string>& commands) {
  raft::Propose propose{.batch = 1};
  for (const std::string& command : commands) propose.payloads.push_back(Payload::Of(command));
  Step(at, std::move(propose));
}

size_t Cluster::Read(NodeId at) {
  Node& asker = node(at);
  const ReadId id{at, BootId(asker.boot), ++asker.read_sequence};
  reads_.push_back({.asked_at = at, .id = id, .must_see = checks_.applied()});
  Step(at, ReadRequest{{id}});
  return reads_.size();
}

void Cluster::Change(NodeId at, std::vector<ConfigOp> ops) {
  Step(at, ChangeConfig{.change = 1, .ops = std::move(ops)});
}

void Cluster::Transfer(NodeId at, NodeId to) { Step(at, TransferLeadership{to}); }

void Cluster::Compact(NodeId id, Index index) {
  Node& compacted = node(id);
  const Index upto = std::min({index, compacted.state.applied(), compacted.disk.last()});
  if (upto <= compacted.disk.base().last.index) return;
  compacted.disk.CompactTo(compacted.core->MetaAt(upto));
  Step(id, raft::Compact{upto});
}

void Cluster::LosePeer(NodeId at, NodeId peer, bool refused) {
  Step(at, PeerLost{.peer = peer, .refused = refused});
}

}  // namespace keel::raft
