#include "raft/restored.h"

#include "base/check.h"

namespace keel::raft {

Restored::Restored(SnapshotMeta base)
    : applied(base.last.index),
      log_(base.last),
      configs_(base.last.index,
               base.config ? std::move(base.config) : std::make_shared<const Config>()) {}

void Restored::Add(Entry entry, size_t cache_bytes_max) {
  if (entry.kind == EntryKind::kConfig) {
    auto decoded = Config::Decode(entry.payload.view());
    KEEL_CHECK(decoded.config != nullptr) << "a stored config entry decodes: its checksum held";
    configs_.Append(entry.index, std::move(decoded.config));
  }
  log_.Append(std::move(entry));
  log_.Evict(log_.last().index, cache_bytes_max);
}

}  // namespace keel::raft
