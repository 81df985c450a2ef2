#include "tests/kv/support/model_world.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "kv/mvcc/read_txn.h"
#include "kv/mvcc/txn_shape.h"
#include "kv/mvcc/validate.h"

namespace keel::kv {

// A watcher, and what it has still to be given.
struct ModelWorld::Watched final : public WatchListener {
  void OnReady(WatcherId /*watcher*/) override { ready = true; }

  WatchRequest request;
  WatcherId id;
  Revision next;  // every event before it was given
  bool ready = true;
};

namespace {

// Small, so that watchers fall out of the ring.
constexpr size_t kRingBytes = 4'000;

std::string At(const char* what, uint64_t number) {
  return std::string(what) + " at " + std::to_string(number);
}

}  // namespace

ModelWorld::ModelWorld(const Options& options)
    : random_(options.seed), crashes_(options.seed), world_(options.engine) {
  const std::string opened = OpenStore();
  KEEL_CHECK(opened.empty()) << opened;
}

ModelWorld::~ModelWorld() { DropStore(); }

void ModelWorld::DropStore() {
  watched_.clear();
  hub_.reset();
  store_.reset();
}

std::string ModelWorld::OpenStore() {
  StoreOptions options{.engine = &world_.engine(), .head_cache_bytes = 2'000};
  options.on_revisions = [this](auto revisions) { hub_->Publish(revisions); };
  auto store = Store::Open(std::move(options));
  if (!store.ok()) return store.status().ToString();
  store_ = std::move(store).value();
  hub_ = std::make_unique<WatchHub>(WatchHub::Options{.ring_bytes_max = kRingBytes},
                                    store_->state().revision);
  return {};
}

RandomCommands::Hints ModelWorld::hints() const {
  return {.revision = model_.revision(),
          .compacted = model_.compacted(),
          .term = log_.empty() ? Term(1) : log_.back().entry.term};
}

LogEntry ModelWorld::EntryOf(const Logged& logged) const {
  LogEntry entry = logged.entry;
  entry.payload = logged.payload;
  return entry;
}

std::string ModelWorld::Run(uint64_t operations) {
  while (log_.size() < operations) {
    if (std::string failure = ApplyBatch(); !failure.empty()) return failure;
    if (std::string failure = CheckReads(); !failure.empty()) return failure;
    if (random_.prng().OneIn(4)) Watch();
    if (random_.prng().OneIn(3)) {
      if (std::string failure = CheckWatches(); !failure.empty()) return failure;
    }
    if (random_.prng().OneIn(10)) {
      if (std::string failure = CompactSome(); !failure.empty()) return failure;
    }
    if (random_.prng().OneIn(60)) {
      if (std::string failure = CheckState(); !failure.empty()) return failure;
      if (std::string failure = Restart(); !failure.empty()) return failure;
    }
  }
  return CheckState();
}

std::string ModelWorld::ApplyBatch() {
  std::vector<LogEntry> entries;
  const size_t first = log_.size();
  for (uint64_t i = random_.prng().Between(1, 12); i > 0; --i) {
    Term term = hints().term;
    if (random_.prng().OneIn(50)) term = term.Next();
    const Command command = random_.Next(hints());
    Logged logged;
    logged.entry = {.index = Index(log_.size() + 1), .term = term, .stamped_ms = log_.size()};
    logged.payload = EncodeCommand(command);
    logged.outcome = model_.Apply(command, term);
    log_.push_back(std::move(logged));
  }
  for (size_t i = first; i < log_.size(); ++i) entries.push_back(EntryOf(log_[i]));
  std::vector<Outcome> outcomes;
  const Status applied = store_->Apply(entries, &outcomes);
  if (!applied.ok()) return applied.ToString();
  for (size_t i = first; i < log_.size(); ++i) {
    if (outcomes[i - first] != log_[i].outcome) {
      return At("another outcome", i + 1) + ": " +
             std::string(KvErrorText(outcomes[i - first].error)) + ", the model says " +
             std::string(KvErrorText(log_[i].outcome.error));
    }
  }
  log_.back().chain_hash = store_->state().chain_hash;
  return {};
}

std::string ModelWorld::CheckReads() {
  const auto view = store_->view();
  for (int i = 0; i < 3; ++i) {
    const RangeRequest request = random_.NextRange(hints());
    const auto read = view->Range(request);
    if (!read.ok()) return read.status().ToString();
    if (*read != model_.Range(request)) {
      return At("another range", log_.size()) + " of " + Printable(request.keys.begin, 20) +
             " at revision " + std::to_string(request.revision.value());
    }
  }
  if (std::string failure = CheckReadTxn(); !failure.empty()) return failure;
  return random_.prng().OneIn(5) ? CheckStream() : std::string();
}

// On a view it is answered as in the log: the model knows the one way alone.
std::string ModelWorld::CheckReadTxn() {
  const TxnOp txn = random_.NextReadTxn(hints());
  Outcome expected = model_.Apply({.origin = {}, .operation = txn}, hints().term);
  const KvError refused = ValidateTxn(txn, {});
  if (refused != KvError::kNone) {
    return expected.error == refused ? std::string() : At("another refusal", log_.size());
  }
  if (!ReadsOf(txn).only) return At("a read that changes something", log_.size());
  const auto view = store_->view();
  auto read = ReadTxn(*view, txn, 0);
  if (!read.ok()) return read.status().ToString();
  Outcome outcome{.error = read->error, .revision = view->revision(), .answer = {}};
  if (read->error == KvError::kNone) outcome.answer.emplace<TxnResult>(std::move(read->value));
  if (outcome == expected) return {};
  return At("another answer to a transaction that reads", log_.size()) + ": " +
         std::string(KvErrorText(outcome.error)) + ", the model says " +
         std::string(KvErrorText(expected.error));
}

std::string ModelWorld::CheckStream() {
  RangeRequest request{.keys = random_.NextKeys(), .revision = random_.NextRevision(hints())};
  if (random_.prng().OneIn(2)) request.limit = random_.prng().Below(8);
  request.keys_only = random_.prng().OneIn(4);
  request.count_only = random_.prng().OneIn(8);
  RangeStream stream(store_->view(), request);
  const RangeResult expected = model_.Range(request);
  RangeResult all;
  for (bool last = false; !last;) {
    auto piece = stream.Next(random_.prng().Below(60));
    if (!piece.ok()) return piece.status().ToString();
    last = piece->last;
    if (!last && piece->result.kvs.empty()) return At("a piece of nothing", log_.size());
    piece->result.kvs.insert(piece->result.kvs.begin(), all.kvs.begin(), all.kvs.end());
    all = std::move(piece->result);
  }
  return all == expected ? std::string() : At("another stream", log_.size());
}

std::string ModelWorld::CheckState() {
  uint64_t bytes = 0;
  for (const auto& [key, kv] : model_.now()) bytes += key.size() + kv.value.size();
  const StoreState& state = store_->state();
  if (state.revision != model_.revision()) return At("another revision", log_.size());
  if (state.compacted != model_.compacted()) return At("another compaction", log_.size());
  if (state.live_keys != model_.now().size()) return At("another number of keys", log_.size());
  if (state.live_bytes != bytes) return At("another number of bytes", log_.size());
  if (store_->leases().leases().size() != model_.leases().size()) {
    return At("another number of leases", log_.size());
  }
  return {};
}

void ModelWorld::Watch() {
  if (watched_.size() >= 8) {
    hub_->Remove(watched_.front()->id);
    watched_.erase(watched_.begin());
  }
  auto watched = std::make_unique<Watched>();
  Prng& prng = random_.prng();
  watched->request = {.keys = random_.NextKeys(),
                      .start = prng.OneIn(3) ? Revision() : random_.NextRevision(hints()),
                      .previous = prng.OneIn(2),
                      .without_puts = prng.OneIn(6),
                      .without_deletes = prng.OneIn(6)};
  if (prng.OneIn(4)) watched->request.keys = PrefixRange("");
  watched->next =
      watched->request.start.IsNone() ? model_.revision().Next() : watched->request.start;
  watched->id = hub_->Add(watched->request, watched.get());
  watched_.push_back(std::move(watched));
}

std::string ModelWorld::CheckWatches() {
  for (size_t i = 0; i < watched_.size(); ++i) {
    // Some fall behind.
    if (random_.prng().OneIn(3)) continue;
    if (std::string failure = CheckWatch(watched_[i].get()); !failure.empty()) {
      return At("a watch", log_.size()) + ": " + failure;
    }
  }
  return {};
}

std::string ModelWorld::CheckWatch(Watched* watched) {
  const WatchRequest& request = watched->request;
  const Revision from = watched->next;
  std::vector<WatchedRevision> given;
  while (true) {
    auto pulled = hub_->Pull(watched->id, *store_->view(), random_.prng().Below(200));
    if (!pulled.ok()) return pulled.status().ToString();
    if (pulled->compacted.has_value()) {
      // Not before it has given all that it could.
      if (*pulled->compacted != model_.compacted()) return "another compacted revision";
      const bool right = from < model_.compacted() && given.empty();
      watched->next = hub_->PositionOf(watched->id).revision.Next();
      return right ? std::string() : "called compacted without cause";
    }
    given.insert(given.end(), pulled->revisions.begin(), pulled->revisions.end());
    if (pulled->synced) break;
  }
  watched->next = std::max(model_.revision().Next(), from);
  size_t at = 0;
  for (const RevisionEvents& expected : model_.EventsSince(from, request.keys)) {
    std::vector<Event> wanted;
    for (const Event& event : expected.events) {
      const bool put = event.kind == EventKind::kPut;
      if (!(put ? request.without_puts : request.without_deletes)) wanted.push_back(event);
    }
    if (wanted.empty()) continue;
    if (at == given.size())
      return "revision " + std::to_string(expected.revision.value()) + " is missing";
    const WatchedRevision& got = given[at++];
    if (got.revision->revision != expected.revision || got.picked.size() != wanted.size()) {
      return "revision " + std::to_string(got.revision->revision.value()) + " instead of " +
             std::to_string(expected.revision.value());
    }
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (got.revision->events[got.picked[i]] != wanted[i]) return "another event";
      const auto before = model_.Before(wanted[i].kv.key, expected.revision);
      if (request.previous && got.previous[i] != before) return "another previous value";
    }
  }
  return at == given.size() ? std::string() : "more events than there were";
}

std::string ModelWorld::CompactSome() {
  Compactor compactor(&world_.engine(), 0);
  const uint64_t steps = random_.prng().Below(4);
  for (uint64_t i = 0; i < steps; ++i) {
    const auto done = compactor.Step(store_->view()->compacted(), 1 + random_.prng().Below(30));
    if (!done.ok()) return done.status().ToString();
  }
  return {};
}

std::string ModelWorld::Restart() {
  const Index durable = world_.engine().durable();
  DropStore();
  if (world_.kind() == EngineKind::kMemory || crashes_.OneIn(3)) {
    if (const Status reopened = world_.Reopen(); !reopened.ok()) return reopened.ToString();
    if (std::string failure = OpenStore(); !failure.empty()) return failure;
    return Replay();
  }
  const auto losses = world_.disk().Losses({.seeds = 2, .cuts_max = 4});
  const auto& loss = losses[crashes_.Below(losses.size())];
  if (const Status reopened = world_.CrashAndReopen(loss); !reopened.ok()) {
    return loss.ToString() + ": " + reopened.ToString();
  }
  if (std::string failure = OpenStore(); !failure.empty()) return loss.ToString() + ": " + failure;
  if (store_->state().applied < durable) {
    return loss.ToString() + ": applied " + std::to_string(store_->state().applied.value()) +
           ", durable was " + std::to_string(durable.value());
  }
  std::string failure = Replay();
  return failure.empty() ? failure : loss.ToString() + ": " + failure;
}

// As a node does when it starts: what the store lost, the log still has.
std::string ModelWorld::Replay() {
  const size_t from = store_->state().applied.value();
  if (from > log_.size()) return "the store is ahead of the log";
  for (size_t i = from; i < log_.size(); ++i) {
    const LogEntry entry = EntryOf(log_[i]);
    std::vector<Outcome> outcomes;
    const Status applied = store_->Apply(std::span(&entry, 1), &outcomes);
    if (!applied.ok()) return applied.ToString();
    if (outcomes[0] != log_[i].outcome) return At("another outcome in a replay", i + 1);
  }
  if (!log_.empty() && store_->state().chain_hash != log_.back().chain_hash) {
    return At("another chain hash", log_.size());
  }
  return CheckState();
}

}  // namespace keel::kv
