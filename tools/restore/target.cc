#include "tools/restore/target.h"

#include <string>
#include <variant>

#include "kv/mvcc/command.h"
#include "raft/types.h"
#include "server/node/envelope.h"

namespace keel::restore {

namespace {

uint64_t RevisionsAtMost(const backup::ArchivedEntry& entry) {
  if (static_cast<raft::EntryKind>(entry.kind) != raft::EntryKind::kCommand) return 0;
  const auto envelope = node::DecodeEnvelope(entry.payload);
  if (!envelope.has_value()) return 0;
  const auto command = kv::DecodeCommand(envelope->command);
  if (!command.has_value()) return 0;
  const auto* revoke = std::get_if<kv::LeaseRevokeOp>(&command->operation);
  return revoke == nullptr ? 1 : revoke->ids.size();
}

}  // namespace

Result<const backup::BaseObject*> ChooseBase(const backup::Catalogue& catalogue,
                                             const Target& target) {
  const backup::BaseObject* chosen = nullptr;
  for (const backup::BaseObject& base : catalogue.bases) {
    const bool is_behind =
        (target.kind == Target::Kind::kTime && base.time_ms > target.time_ms) ||
        (target.kind == Target::Kind::kRevision && base.revision > target.revision);
    if (!is_behind) chosen = &base;
  }
  if (chosen != nullptr) return chosen;
  if (catalogue.bases.empty())
    return NotFound("the archive holds no base: nothing can be restored");
  const backup::BaseObject& first = catalogue.bases.front();
  return OutOfRange("the archive begins later, at revision " +
                    std::to_string(first.revision.value()) + ", " + std::to_string(first.time_ms) +
                    " ms since 1970");
}

size_t CountWithin(std::span<const backup::ArchivedEntry> entries, const Target& target,
                   Revision revision) {
  size_t count = 0;
  if (target.kind == Target::Kind::kLatest) return entries.size();
  if (target.kind == Target::Kind::kTime) {
    while (count < entries.size() && entries[count].time_ms <= target.time_ms) ++count;
    return count;
  }
  // Behind the entry that makes the revision nothing is taken, be it one that makes none.
  while (count < entries.size() && revision < target.revision) {
    revision = revision + RevisionsAtMost(entries[count]);
    if (revision > target.revision) break;
    ++count;
  }
  return count;
}

}  // namespace keel::restore
