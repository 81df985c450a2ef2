#include "kv/mvcc/compactor.h"

#include <string>

#include "base/coding.h"
#include "kv/mvcc/state.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

Result<Revision> Compactor::ReadCursor() const {
  const std::string key = layout_.NameKey(Family::kState, kCompactedToName);
  std::string bytes;
  KEEL_ASSIGN_OR_RETURN(const bool found, engine_->Get(key, &bytes));
  uint64_t cursor = 0;
  ByteReader reader(bytes);
  if (found && !(reader.ReadVarint64(&cursor) && reader.AtEnd())) return UndecodableRecord(key);
  return Revision(cursor);
}

Result<bool> Compactor::Step(Revision target, size_t records_max) {
  KEEL_ASSIGN_OR_RETURN(const Revision cursor, ReadCursor());
  if (cursor >= target) return true;
  WriteBatch batch;
  const auto iterator = engine_->Iterate({.snapshot = nullptr, .fill_cache = false});
  const std::string family = layout_.Prefix(Family::kRevisions);
  Revision reached = target;
  Revision last;
  size_t records = 0;
  for (iterator->Seek(layout_.RevisionKey(cursor, 0));
       iterator->Valid() && iterator->key().starts_with(family); iterator->Next()) {
    Revision at;
    uint32_t sub = 0;
    RevisionRecord record;
    if (!ParseRevisionKey(iterator->key(), &at, &sub) ||
        !DecodeRevision(iterator->value(), &record)) {
      return UndecodableRecord(iterator->key());
    }
    if (at > target) break;
    // Whole revisions only: the cursor could not stand within one.
    if (++records > records_max && at != last) {
      reached = last;
      break;
    }
    last = at;
    if (!record.previous.IsNone()) batch.Delete(layout_.DataKey(record.key, record.previous));
    // A reader or a watcher may still begin at the target itself.
    if (at == target) continue;
    batch.Delete(iterator->key());
    if (record.kind == EventKind::kDelete) batch.Delete(layout_.DataKey(record.key, at));
  }
  KEEL_RETURN_IF_ERROR(iterator->status());
  std::string value;
  AppendVarint64(&value, reached.value());
  batch.Put(layout_.NameKey(Family::kState, kCompactedToName), value);
  KEEL_RETURN_IF_ERROR(engine_->Write(batch, Index()));
  return reached >= target;
}

}  // namespace keel::kv
