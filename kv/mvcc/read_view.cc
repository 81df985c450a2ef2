#include "kv/mvcc/read_view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "kv/mvcc/range.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

std::unique_ptr<EngineIterator> ReadView::Iterate(bool fill_cache) const {
  return options_.engine->Iterate({.snapshot = options_.snapshot, .fill_cache = fill_cache});
}

KvError ReadView::CheckRevision(Revision at) const {
  if (at > revision()) return KvError::kFutureRevision;
  return at < compacted() ? KvError::kCompacted : KvError::kNone;
}

Result<RangeResult> ReadView::Range(const RangeRequest& request) const {
  if (const KvError bad = CheckRange(request); bad != KvError::kNone) {
    return RangeResult{.error = bad};
  }
  const Revision at = request.revision.IsNone() ? revision() : request.revision;
  if (const KvError bad = CheckRevision(at); bad != KvError::kNone) {
    return RangeResult{.error = bad};
  }
  RangeAssembler assembler(request);
  if (request.keys.IsSingle()) {
    KEEL_ASSIGN_OR_RETURN(auto kv, Get(request.keys.begin, at));
    if (kv.has_value() && assembler.Wants()) assembler.Add(std::move(*kv));
    return assembler.Finish();
  }
  const auto iterator = Iterate(true);
  VersionWalk walk(iterator.get(), layout(), request.keys, at);
  while (walk.Next()) {
    if (!assembler.Wants()) continue;
    assembler.Add(ToKeyValue(walk.key(), walk.mod(), walk.record(), assembler.needs_value()));
  }
  KEEL_RETURN_IF_ERROR(walk.status());
  return assembler.Finish();
}

Result<std::optional<KeyValue>> ReadView::Get(std::string_view key, Revision at) const {
  const auto iterator = Iterate(true);
  const std::string prefix = layout().DataPrefix(key);
  std::string target = prefix;
  AppendBigEndian64(&target, ~at.value());
  iterator->Seek(target);
  if (!iterator->Valid()) {
    KEEL_RETURN_IF_ERROR(iterator->status());
    return std::optional<KeyValue>();
  }
  const auto mod = RevisionInDataKey(iterator->key(), prefix);
  if (!mod.has_value()) return std::optional<KeyValue>();
  DataRecord record;
  if (!DecodeData(iterator->value(), &record)) return UndecodableRecord(iterator->key());
  if (record.deleted) return std::optional<KeyValue>();
  return std::optional<KeyValue>(ToKeyValue(key, *mod, record, true));
}

Result<std::optional<KeyValue>> ReadView::VersionAt(std::string_view key, Revision mod) const {
  const std::string at = layout().DataKey(key, mod);
  std::string bytes;
  KEEL_ASSIGN_OR_RETURN(const bool found,
                        options_.engine->Get(at, &bytes, options_.snapshot.get()));
  if (!found) return std::optional<KeyValue>();
  DataRecord record;
  if (!DecodeData(bytes, &record)) return UndecodableRecord(at);
  if (record.deleted) return std::optional<KeyValue>();
  return std::optional<KeyValue>(ToKeyValue(key, mod, record, true));
}

Status ReadView::ReadRevisions(Revision from, size_t bytes_max, const KeyRange& keys,
                               std::vector<RevisionEvents>* found, Revision* next) const {
  const auto iterator = Iterate(false);
  const std::string family = layout().Prefix(Family::kRevisions);
  size_t bytes = 0;
  Revision current;
  *next = revision().Next();
  for (iterator->Seek(layout().RevisionKey(from, 0));
       iterator->Valid() && iterator->key().starts_with(family); iterator->Next()) {
    Revision at;
    uint32_t sub = 0;
    RevisionRecord record;
    if (!ParseRevisionKey(iterator->key(), &at, &sub) ||
        !DecodeRevision(iterator->value(), &record)) {
      return UndecodableRecord(iterator->key());
    }
    if (at != current && bytes >= bytes_max) {
      *next = at;
      return Status::Ok();
    }
    if (KEEL_MUTANT(kWatchHalfRevision48) && bytes >= bytes_max && at == current) {
      *next = at.Next();
      return Status::Ok();
    }
    current = at;
    bytes += record.key.size();
    if (!keys.Contains(record.key)) continue;
    Event event{.kind = record.kind, .kv = {}, .previous = record.previous};
    if (record.kind == EventKind::kPut) {
      KEEL_ASSIGN_OR_RETURN(auto kv, VersionAt(record.key, at));
      if (!kv.has_value()) return UndecodableRecord(layout().DataKey(record.key, at));
      event.kv = std::move(*kv);
    } else {
      event.kv.key = record.key;
      event.kv.mod = at;
    }
    bytes += event.kv.value.size();
    if (found->empty() || found->back().revision != at) found->push_back({at, {}});
    found->back().events.push_back(std::move(event));
  }
  return iterator->status();
}

RangeStream::RangeStream(std::shared_ptr<const ReadView> view, RangeRequest request)
    : view_(std::move(view)), rest_(std::move(request)) {
  if (rest_.revision.IsNone()) rest_.revision = view_->revision();
}

Result<RangeStream::Piece> RangeStream::Next(uint64_t bytes_max) {
  KvError bad = CheckRange(rest_);
  if (bad == KvError::kNone) bad = view_->CheckRevision(rest_.revision);
  if (bad != KvError::kNone) return Piece{.result = {.error = bad}, .last = true};
  Piece piece;
  const auto iterator = view_->Iterate(false);
  VersionWalk walk(iterator.get(), view_->layout(), rest_.keys, rest_.revision);
  uint64_t bytes = 0;
  while (walk.Next()) {
    const bool wanted = !rest_.count_only && (rest_.limit == 0 || given_ < rest_.limit);
    if (wanted && !piece.result.kvs.empty() && bytes >= bytes_max) {
      rest_.keys.begin = walk.key();
      return piece;
    }
    ++count_;
    if (!wanted) continue;
    ++given_;
    piece.result.kvs.push_back(ToKeyValue(walk.key(), walk.mod(), walk.record(), !rest_.keys_only));
    bytes += piece.result.kvs.back().key.size() + piece.result.kvs.back().value.size();
  }
  KEEL_RETURN_IF_ERROR(walk.status());
  piece.last = true;
  piece.result.count = count_;
  piece.result.more = !rest_.count_only && count_ > given_;
  return piece;
}

}  // namespace keel::kv
