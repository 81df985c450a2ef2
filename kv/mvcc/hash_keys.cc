#include "kv/mvcc/hash_keys.h"

#include <string>

#include "base/checksum.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

Result<KeysHash> HashKeys(const ReadView& view, Revision at) {
  if (at.IsNone()) at = view.revision();
  if (const KvError bad = view.CheckRevision(at); bad != KvError::kNone) {
    return KeysHash{.error = bad};
  }
  StreamingChecksum checksum(view.compacted().value());
  const auto iterator = view.Iterate(false);
  const std::string family = view.layout().Prefix(Family::kData);
  std::string key;
  std::string settled;  // the key whose version at the compacted revision was met
  Revision mod;
  DataRecord record;
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    const std::string_view bytes = iterator->key();
    if (!ParseDataKey(bytes, &key, &mod)) return UndecodableRecord(bytes);
    if (mod > at) continue;
    const bool below = mod <= view.compacted();
    // What the compaction will remove, or has removed: all but the newest, and that if deleted.
    if (below && key == settled) continue;
    if (below) settled = key;
    if (!DecodeData(iterator->value(), &record)) return UndecodableRecord(bytes);
    if (below && record.deleted) continue;
    checksum.Append(bytes.substr(view.layout().group_prefix().size()));
    checksum.Append(iterator->value());
  }
  KEEL_RETURN_IF_ERROR(iterator->status());
  return KeysHash{.hash = checksum.Digest(), .at = at, .compacted = view.compacted()};
}

}  // namespace keel::kv
