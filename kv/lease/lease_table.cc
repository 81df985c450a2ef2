#include "kv/lease/lease_table.h"

#include "base/coding.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

void LeaseTable::Set(LeaseId id, const Lease& lease, const Layout& layout, WriteBatch* batch) {
  leases_[id] = lease;
  std::string value;
  AppendVarint64(&value, lease.ttl_s);
  AppendVarint64(&value, lease.remaining_s);
  batch->Put(layout.NumberKey(Family::kLeases, id.value()), value);
}

void LeaseTable::Remove(LeaseId id, const Layout& layout, WriteBatch* batch) {
  leases_.erase(id);
  batch->Delete(layout.NumberKey(Family::kLeases, id.value()));
}

Status LeaseTable::Load(Engine* engine, const Layout& layout) {
  const auto iterator = engine->Iterate({});
  const std::string family = layout.Prefix(Family::kLeases);
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    Lease lease;
    ByteReader reader(iterator->value());
    reader.ReadVarint64(&lease.ttl_s);
    reader.ReadVarint64(&lease.remaining_s);
    const std::string_view id = iterator->key().substr(family.size());
    if (!reader.AtEnd() || id.size() != 8) return UndecodableRecord(iterator->key());
    leases_.emplace(LeaseId(DecodeBigEndian64(id)), lease);
  }
  return iterator->status();
}

Result<std::vector<std::string>> AttachedKeys(Engine* engine, const Layout& layout, LeaseId id,
                                              EngineSnapshotPtr snapshot) {
  std::vector<std::string> keys;
  const auto iterator = engine->Iterate({.snapshot = std::move(snapshot)});
  const std::string prefix = layout.NumberKey(Family::kAttached, id.value());
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    keys.emplace_back(iterator->key().substr(prefix.size()));
  }
  KEEL_RETURN_IF_ERROR(iterator->status());
  return keys;
}

}  // namespace keel::kv
