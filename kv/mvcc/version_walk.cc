#include "kv/mvcc/version_walk.h"

#include "base/bytes.h"

namespace keel::kv {

namespace {
// Stepping costs less than seeking until about here.
constexpr int kStepsMax = 8;
constexpr size_t kShownBytesMax = 64;
}  // namespace

KeyValue ToKeyValue(std::string_view key, Revision mod, const DataRecord& record, bool with_value) {
  return KeyValue{.key = std::string(key),
                  .value = with_value ? std::string(record.value) : std::string(),
                  .create = record.create,
                  .mod = mod,
                  .version = record.version,
                  .lease = record.lease};
}

Status UndecodableRecord(std::string_view engine_key) {
  return DataLoss("the record at key " + Printable(engine_key, kShownBytesMax) +
                  " does not decode; the copy of this member is damaged: let it be seeded from its "
                  "peers");
}

VersionWalk::VersionWalk(EngineIterator* iterator, const Layout& layout, const KeyRange& keys,
                         Revision at)
    : iterator_(iterator),
      layout_(layout),
      keys_(keys),
      at_(at),
      family_(layout.Prefix(Family::kData)) {}

bool VersionWalk::Fail(std::string_view what) {
  failure_ = UndecodableRecord(what);
  return false;
}

void VersionWalk::SkipKey() {
  for (int step = 0; step < kStepsMax; ++step) {
    iterator_->Next();
    if (!iterator_->Valid() || !iterator_->key().starts_with(prefix_)) return;
  }
  // No version is older than revision zero, whose inverse is all ones.
  std::string last = prefix_;
  AppendBigEndian64(&last, ~uint64_t{0});
  iterator_->Seek(last);
}

bool VersionWalk::SettleOnVersion() {
  for (int step = 0; iterator_->Valid(); ++step) {
    const auto revision = RevisionInDataKey(iterator_->key(), prefix_);
    if (!revision.has_value()) return false;
    if (*revision <= at_) {
      mod_ = *revision;
      return true;
    }
    if (step == kStepsMax) {
      iterator_->Seek(layout_.DataKey(key_, at_));
    } else {
      iterator_->Next();
    }
  }
  return false;
}

bool VersionWalk::Next() {
  if (!failure_.ok()) return false;
  bool on_next_key = !started_;
  if (!started_) {
    started_ = true;
    iterator_->Seek(layout_.DataPrefix(keys_.begin));
  } else {
    SkipKey();
    on_next_key = true;
  }
  while (iterator_->Valid()) {
    const std::string_view at = iterator_->key();
    if (!at.starts_with(family_)) return false;
    if (on_next_key || !at.starts_with(prefix_)) {
      Revision newest;
      if (!ParseDataKey(at, &key_, &newest)) return Fail(at);
      if (!keys_.Contains(key_)) return false;
      prefix_.assign(at.substr(0, at.size() - 8));
    }
    on_next_key = false;
    if (!SettleOnVersion()) {
      on_next_key = true;
      continue;
    }
    if (!DecodeData(iterator_->value(), &record_)) return Fail(iterator_->key());
    if (!record_.deleted) return true;
    SkipKey();
    on_next_key = true;
  }
  return false;
}

}  // namespace keel::kv
