#include "server/node/state_machine.h"

#include <utility>

#include "base/check.h"
#include "kv/mvcc/compactor.h"

namespace keel::node {

Result<std::unique_ptr<StateMachine>> StateMachine::Open(Options options,
                                                         std::unique_ptr<kv::Engine> engine) {
  std::unique_ptr<StateMachine> machine(new StateMachine(std::move(options)));
  KEEL_RETURN_IF_ERROR(machine->OpenStore(std::move(engine)));
  const kv::WatchHub::Options hub{.ring_bytes_max = machine->options_.watch_ring_bytes_max};
  machine->hub_ = std::make_unique<kv::WatchHub>(hub, machine->store_->state().revision);
  return machine;
}

Status StateMachine::OpenStore(std::unique_ptr<kv::Engine> engine) {
  std::shared_ptr<kv::Engine> shared = std::move(engine);
  kv::StoreOptions options;
  options.engine = shared.get();
  options.sessions = options_.sessions;
  options.counts = &counts_;
  options.on_revisions = [this](auto revisions) { hub_->Publish(revisions); };
  options.on_lease = options_.on_lease;
  KEEL_ASSIGN_OR_RETURN(std::shared_ptr<kv::Store> store, kv::Store::Open(std::move(options)));
  {
    const std::lock_guard lock(mutex_);
    store_.swap(store);
    engine_.swap(shared);
  }
  archived_.store(store_->archived().value(), std::memory_order_relaxed);
  return {};  // the old ones go here, the store first, unless a view holds them
}

Status StateMachine::Install(std::unique_ptr<kv::Engine> engine) {
  KEEL_RETURN_IF_ERROR(OpenStore(std::move(engine)));
  hub_->Reset(store_->state().revision);
  return {};
}

std::shared_ptr<const kv::ReadView> StateMachine::view() const {
  struct Held {
    std::shared_ptr<kv::Engine> engine;  // outlives the view
    std::shared_ptr<const kv::ReadView> view;
  };
  auto held = std::make_shared<Held>();
  {
    const std::lock_guard lock(mutex_);
    held->engine = engine_;
    held->view = store_->view();
  }
  const kv::ReadView* view = held->view.get();
  return {std::move(held), view};
}

Status StateMachine::Sync() {
  std::shared_ptr<kv::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = engine_;
  }
  return engine->Sync();
}

Result<bool> StateMachine::Compact(Revision target, size_t records_max) {
  std::shared_ptr<kv::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = engine_;
  }
  return kv::Compactor(engine.get(), /*group=*/0).Step(target, records_max);
}

uint64_t StateMachine::SizeBytes() const {
  std::shared_ptr<kv::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = engine_;
  }
  return engine->SizeBytes();
}

Index StateMachine::durable() const {
  const std::lock_guard lock(mutex_);
  return engine_->durable();
}

kv::LogEntry StateMachine::Decode(const raft::Entry& entry, ProposalId* id) {
  using Kind = kv::LogEntry::Kind;
  kv::LogEntry decoded{.kind = Kind::kNothing, .index = entry.index, .term = entry.term};
  if (entry.kind == raft::EntryKind::kConfig) {
    // A config that the core added by itself says nothing of names: they stay what they were.
    const raft::Config::Decoded now = raft::Config::Decode(entry.payload.view());
    KEEL_CHECK(now.config != nullptr) << "a committed config decodes: the core vouched for it";
    const std::string_view before = configs_.empty() ? membership() : configs_.back();
    std::string_view context = now.context;
    if (context.empty() && !before.empty()) context = raft::Config::Decode(before).context;
    decoded.kind = Kind::kMembership;
    configs_.push_back(now.config->Encode(context));
    decoded.payload = configs_.back();
  } else if (entry.kind == raft::EntryKind::kCommand) {
    decoded.kind = Kind::kCommand;
    // What does not decode is a command that every member refuses alike.
    if (const auto envelope = DecodeEnvelope(entry.payload.view()); envelope.has_value()) {
      *id = envelope->id;
      decoded.stamped_ms = envelope->stamped_ms;
      decoded.payload = envelope->command;
    }
  }
  return decoded;
}

Result<AppliedBatch> StateMachine::Apply(std::span<const raft::Entry> entries) {
  AppliedBatch batch;
  std::vector<kv::LogEntry> decoded;
  std::vector<ProposalId> ids(entries.size());
  decoded.reserve(entries.size());
  configs_.clear();
  configs_.reserve(entries.size());  // views into its strings must stay
  for (size_t i = 0; i < entries.size(); ++i) decoded.push_back(Decode(entries[i], &ids[i]));
  outcomes_.clear();
  KEEL_RETURN_IF_ERROR(store_->Apply(decoded, &outcomes_));
  KEEL_CHECK(outcomes_.size() == entries.size()) << "one outcome for each entry";
  archived_.store(store_->archived().value(), std::memory_order_relaxed);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (ids[i].proposer != options_.self || ids[i].boot != options_.boot) continue;
    batch.own.push_back({.sequence = ids[i].sequence,
                         .applied = {.index = entries[i].index,
                                     .term = entries[i].term,
                                     .outcome = std::move(outcomes_[i])}});
  }
  batch.through = entries.back().index;
  batch.term = entries.back().term;
  batch.members_changed = !configs_.empty();
  const uint64_t before = entries.front().index.value() - 1;
  for (uint64_t at = before - before % kv::kChainEvery + kv::kChainEvery;
       at <= batch.through.value(); at += kv::kChainEvery) {
    // One that is so far behind that it notes more at once than are kept tells the newest.
    if (batch.through.value() - at >= kv::kChainEvery * kv::kChainKept) continue;
    KEEL_ASSIGN_OR_RETURN(const uint64_t hash, store_->ChainHashAt(Index(at)));
    batch.chain.push_back({.index = Index(at), .hash = hash});
  }
  return batch;
}

}  // namespace keel::node
