#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kv/mvcc/command.h"
#include "server/node/envelope.h"
#include "tests/nodesim/archive_judge.h"

namespace keel::nodesim {

// A state has a revision before anything was carried out.
CommittedLog::CommittedLog() { places_.front().revision = world_.store().state().revision; }

void CommittedLog::Add(std::span<const raft::Entry> entries) {
  for (const raft::Entry& entry : entries) entries_.try_emplace(entry.index, entry);
}

Index CommittedLog::Advance() {
  for (auto next = entries_.find(last().Next());
       next != entries_.end() && next->first == last().Next(); ++next) {
    const raft::Entry& entry = next->second;
    Place place = places_.back();
    place.has_content = entry.kind == raft::EntryKind::kConfig;
    const auto envelope = entry.kind == raft::EntryKind::kCommand
                              ? node::DecodeEnvelope(entry.payload.view())
                              : std::nullopt;
    if (envelope.has_value()) {
      const auto command = kv::DecodeCommand(envelope->command);
      place.has_content =
          !command.has_value() || !std::holds_alternative<kv::ArchiveMarkOp>(command->operation);
      world_.term = entry.term;
      world_.now_ms = envelope->stamped_ms;
      (void)world_.ApplyBytes(std::string(envelope->command));
      place.time_ms = std::max(place.time_ms, envelope->stamped_ms);
      place.revision = world_.store().state().revision;
    }
    places_.push_back(place);
  }
  // That no operation takes effect twice is held to what members publish.
  for (; seen_events_ < world_.events.size(); ++seen_events_) {
    (void)chronicle_.Add(world_.events[seen_events_], 0);
  }
  return last();
}

}  // namespace keel::nodesim
