#include "tools/restore/replay.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kv/lease/lease_table.h"
#include "kv/mvcc/command.h"
#include "server/node/envelope.h"
#include "server/node/state_machine.h"

namespace keel::restore {

namespace {

constexpr size_t kEntriesAtOnce = 256;

Result<raft::Entry> ToLogEntry(const backup::ArchivedEntry& archived, Index index) {
  if (archived.kind > static_cast<uint8_t>(raft::EntryKind::kConfig)) {
    return FailedPrecondition("entry " + std::to_string(index.value()) +
                              " is of a kind that this Keel does not know: use the newer one that "
                              "archived it");
  }
  return raft::Entry{.term = archived.term,
                     .index = index,
                     .kind = static_cast<raft::EntryKind>(archived.kind),
                     .payload = Payload::Of(archived.payload)};
}

// How many revisions a revoke makes of this very state: one for each lease with keys.
Result<uint64_t> RevisionsOf(const backup::ArchivedEntry& entry, const kv::Store& store) {
  const auto envelope = node::DecodeEnvelope(entry.payload);
  const auto command = envelope.has_value() ? kv::DecodeCommand(envelope->command) : std::nullopt;
  const auto* revoke =
      command.has_value() ? std::get_if<kv::LeaseRevokeOp>(&command->operation) : nullptr;
  if (revoke == nullptr) return 1;
  uint64_t count = 0;
  std::vector<kv::LeaseId> ids = revoke->ids;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  for (const kv::LeaseId id : ids) {
    KEEL_ASSIGN_OR_RETURN(const auto keys, kv::AttachedKeys(&store.engine(), store.layout(), id));
    count += keys.empty() ? 0 : 1;
  }
  return count;
}

class Replayer {
 public:
  explicit Replayer(ReplayOptions options) : options_(std::move(options)) {}

  Result<Replayed> Run() {
    KEEL_ASSIGN_OR_RETURN(machine_, node::StateMachine::Open({}, std::move(options_.engine)));
    replayed_.time_ms = machine_->store().state().log_time_ms;
    while (!replayed_.met_target) {
      if (ReachedRevision()) {
        replayed_.met_target = true;
        break;
      }
      KEEL_ASSIGN_OR_RETURN(const auto entries, options_.reader->Next());
      if (entries.empty()) break;
      KEEL_RETURN_IF_ERROR(Take(entries));
      if (options_.on_progress) KEEL_RETURN_IF_ERROR(options_.on_progress());
    }
    KEEL_RETURN_IF_ERROR(machine_->Sync());
    replayed_.state = machine_->store().state();
    return replayed_;
  }

 private:
  [[nodiscard]] bool ReachedRevision() const {
    return options_.target.kind == Target::Kind::kRevision &&
           machine_->store().state().revision >= options_.target.revision;
  }

  Status Take(std::span<const backup::ArchivedEntry> entries) {
    while (!entries.empty()) {
      if (ReachedRevision()) break;
      const auto next = entries.first(std::min(entries.size(), kEntriesAtOnce));
      size_t count = CountWithin(next, options_.target, machine_->store().state().revision);
      if (count == 0 && options_.target.kind == Target::Kind::kRevision) {
        // It may make more revisions than are wanted; whether it does, the state knows.
        KEEL_ASSIGN_OR_RETURN(const uint64_t revisions,
                              RevisionsOf(next.front(), machine_->store()));
        const Revision after = machine_->store().state().revision + revisions;
        count = after <= options_.target.revision ? 1 : 0;
      }
      if (count == 0) break;
      KEEL_RETURN_IF_ERROR(Apply(next.first(count)));
      entries = entries.subspan(count);
    }
    replayed_.met_target = !entries.empty();
    return {};
  }

  Status Apply(std::span<const backup::ArchivedEntry> entries) {
    std::vector<raft::Entry> batch;
    Index index = machine_->store().state().applied;
    for (const backup::ArchivedEntry& archived : entries) {
      index = index.Next();
      KEEL_ASSIGN_OR_RETURN(raft::Entry entry, ToLogEntry(archived, index));
      batch.push_back(std::move(entry));
    }
    KEEL_RETURN_IF_ERROR(machine_->Apply(batch).status());
    replayed_.time_ms = entries.back().time_ms;
    replayed_.entries += entries.size();
    // What the archiving leader noted and what apply makes of the same entry must be one.
    if (machine_->store().state().log_time_ms == replayed_.time_ms) return {};
    return DataLoss("entry " + std::to_string(index.value()) +
                    " was archived with another time than it has");
  }

  ReplayOptions options_;
  std::unique_ptr<node::StateMachine> machine_;
  Replayed replayed_;
};

}  // namespace

Result<Replayed> Replay(ReplayOptions options) { return Replayer(std::move(options)).Run(); }

}  // namespace keel::restore
