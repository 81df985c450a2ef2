#include "kv/mvcc/pending.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/mutant.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

namespace {

void AppendEffect(std::string* out, const Event& event) {
  char numbers[5 * kVarint64BytesMax];
  numbers[0] = static_cast<char>(event.kind);
  char* end = EncodeVarint64(numbers + 1, event.kv.key.size());
  out->append(numbers, static_cast<size_t>(end - numbers));
  out->append(event.kv.key);
  end = numbers;
  for (const uint64_t number : {event.kv.create.value(), event.kv.mod.value(), event.kv.version,
                                event.kv.lease.value(), event.previous.value()}) {
    end = EncodeVarint64(end, number);
  }
  out->append(numbers, static_cast<size_t>(end - numbers));
}

Head HeadOf(const DataRecord& record, Revision mod) {
  return Head{.mod = mod,
              .create = record.create,
              .version = record.version,
              .lease = record.lease,
              .value_bytes = record.value.size()};
}

}  // namespace

// Good for as long as nothing is flushed: what this batch writes is in written_.
EngineIterator& Pending::iterator() {
  if (iterator_ == nullptr) iterator_ = parts_.engine->Iterate({});
  return *iterator_;
}

Result<std::optional<Head>> Pending::FindHead(std::string_view key) {
  if (const auto found = written_->find(key); found != written_->end()) return found->second.head;
  if (auto cached = parts_.heads->Find(key); cached.has_value()) return cached;
  return SeekHead(key);
}

Result<std::optional<Head>> Pending::SeekHead(std::string_view key) {
  const std::string prefix = parts_.layout->DataPrefix(key);
  EngineIterator& at = iterator();
  at.Seek(prefix);
  if (!at.Valid()) {
    KEEL_RETURN_IF_ERROR(at.status());
    return std::optional<Head>();
  }
  const auto mod = RevisionInDataKey(at.key(), prefix);
  if (!mod.has_value()) return std::optional<Head>();
  DataRecord record;
  if (!DecodeData(at.value(), &record)) return UndecodableRecord(at.key());
  if (record.deleted) return std::optional<Head>();
  const Head head = HeadOf(record, *mod);
  parts_.heads->Put(key, head);
  return std::optional<Head>(head);
}

Result<std::optional<KeyValue>> Pending::Read(std::string_view key) {
  if (const auto found = written_->find(key); found != written_->end()) {
    if (!found->second.head.has_value()) return std::optional<KeyValue>();
    return std::optional<KeyValue>(EventOf(found->second).kv);
  }
  KEEL_ASSIGN_OR_RETURN(const auto head, FindHead(key));
  if (!head.has_value()) return std::optional<KeyValue>();
  const std::string at = parts_.layout->DataKey(key, head->mod);
  std::string bytes;
  KEEL_ASSIGN_OR_RETURN(const bool there, parts_.engine->Get(at, &bytes));
  DataRecord record;
  if (!there || !DecodeData(bytes, &record) || record.deleted) return UndecodableRecord(at);
  return std::optional<KeyValue>(ToKeyValue(key, head->mod, record, true));
}

Status Pending::ForEachLive(const KeyRange& keys, const Visitor& visit) {
  if (keys.IsSingle()) {
    KEEL_ASSIGN_OR_RETURN(auto kv, Read(keys.begin));
    if (kv.has_value()) visit(std::move(*kv));
    return Status::Ok();
  }
  std::map<std::string_view, const Written*> mine;
  for (const auto& [key, written] : *written_) {
    if (keys.Contains(key)) mine.emplace(key, &written);
  }
  auto next = mine.begin();
  // Those of this batch that come before `key`; false when the visitor has had enough.
  const auto visit_mine = [&](const std::string* before) {
    for (; next != mine.end() && (before == nullptr || next->first < *before); ++next) {
      if (next->second->head.has_value() && !visit(EventOf(*next->second).kv)) return false;
    }
    return true;
  };
  VersionWalk walk(&iterator(), *parts_.layout, keys, Revision(~uint64_t{0}));
  while (walk.Next()) {
    if (!visit_mine(&walk.key())) return Status::Ok();
    if (next != mine.end() && next->first == walk.key()) continue;
    if (!visit(ToKeyValue(walk.key(), walk.mod(), walk.record(), true))) return Status::Ok();
  }
  KEEL_RETURN_IF_ERROR(walk.status());
  visit_mine(nullptr);
  return Status::Ok();
}

void Pending::PutRecords(std::string_view key, const DataRecord& data,
                         const RevisionRecord& revision) {
  const Revision at = parts_.state->revision.Next();
  parts_.layout->SetDataKey(key, at, &key_bytes_);
  SetData(data, &value_bytes_);
  batch_.Put(key_bytes_, value_bytes_);
  parts_.layout->SetRevisionKey(at, sub_, &key_bytes_);
  SetRevision(revision, &value_bytes_);
  batch_.Put(key_bytes_, value_bytes_);
}

Status Pending::Put(std::string&& key, std::string&& value, LeaseId lease) {
  KEEL_ASSIGN_OR_RETURN(const auto old, FindHead(key));
  const Revision at = parts_.state->revision.Next();
  const Head head{.mod = at,
                  .create = old.has_value() ? old->create : at,
                  .version = old.has_value() ? old->version + 1 : 1,
                  .lease = lease,
                  .value_bytes = value.size()};
  const Revision previous = old.has_value() ? old->mod : Revision();
  PutRecords(
      key,
      {.create = head.create, .version = head.version, .lease = lease, .sub = sub_, .value = value},
      {.kind = EventKind::kPut, .previous = previous, .key = key});
  if (old.has_value() && old->lease != lease && !old->lease.IsNone()) {
    batch_.Delete(parts_.layout->AttachedKey(old->lease, key));
  }
  if (!lease.IsNone() && (!old.has_value() || old->lease != lease)) {
    batch_.Put(parts_.layout->AttachedKey(lease, key), {});
  }
  const uint64_t gone_bytes = old.has_value() ? key.size() + old->value_bytes : 0;
  const uint64_t come_bytes = key.size() + value.size();
  parts_.state->live_keys += old.has_value() ? 0 : 1;
  parts_.state->live_bytes += come_bytes - gone_bytes;
  parts_.rules->Account(
      key, {.keys_come = !old.has_value(), .come_bytes = come_bytes, .gone_bytes = gone_bytes});
  Record(head, Event{.kind = EventKind::kPut,
                     .kv = {.key = std::move(key),
                            .value = std::move(value),
                            .create = head.create,
                            .mod = at,
                            .version = head.version,
                            .lease = lease},
                     .previous = previous});
  return Status::Ok();
}

Result<bool> Pending::Delete(std::string_view key) {
  KEEL_ASSIGN_OR_RETURN(const auto old, FindHead(key));
  if (!old.has_value()) return false;
  const Revision at = parts_.state->revision.Next();
  PutRecords(key, {.deleted = true, .sub = sub_},
             {.kind = EventKind::kDelete, .previous = old->mod, .key = key});
  if (!old->lease.IsNone()) batch_.Delete(parts_.layout->AttachedKey(old->lease, key));
  const uint64_t gone_bytes = key.size() + old->value_bytes;
  parts_.state->live_keys -= 1;
  parts_.state->live_bytes -= gone_bytes;
  parts_.rules->Account(key, {.keys_go = true, .come_bytes = 0, .gone_bytes = gone_bytes});
  Record(std::nullopt, Event{.kind = EventKind::kDelete,
                             .kv = {.key = std::string(key), .value = {}, .create = {}, .mod = at},
                             .previous = old->mod});
  return true;
}

// The cache is told at once, while the key's place in it is at hand: until the batch is written
// written_ is asked first, and a batch that fails takes the store with it.
void Pending::Record(const std::optional<Head>& head, Event event) {
  AppendEffect(&effects_, event);
  const std::string_view key = event.kv.key;
  if (head.has_value()) {
    parts_.heads->Put(key, *head);
  } else {
    parts_.heads->Erase(key);
  }
  if (sub_ == 0) {
    revisions_.push_back(std::make_shared<RevisionEvents>());
    revisions_.back()->revision = event.kv.mod;
  }
  std::vector<Event>& events = revisions_.back()->events;
  const Written written{
      .head = head, .revision_at = revisions_.size() - 1, .event_at = events.size()};
  written_->insert_or_assign(std::pmr::string(key, &arena_), written);
  events.push_back(std::move(event));
  ++sub_;
}

void Pending::EndCommand() {
  if (changed()) parts_.state->revision = parts_.state->revision.Next();
  sub_ = 0;
}

Status Pending::Flush(std::vector<std::shared_ptr<const RevisionEvents>>* events) {
  KEEL_CHECK(!changed()) << "a command must not be cut in two";
  if (!KEEL_MUTANT(kAppliedApart40)) {
    batch_.Put(parts_.layout->NameKey(Family::kState, kStateName), EncodeState(*parts_.state));
  }
  KEEL_RETURN_IF_ERROR(parts_.engine->Write(batch_, parts_.state->applied));
  if (KEEL_MUTANT(kAppliedApart40)) {
    WriteBatch late;
    late.Put(parts_.layout->NameKey(Family::kState, kStateName), EncodeState(*parts_.state));
    KEEL_RETURN_IF_ERROR(parts_.engine->Write(late, parts_.state->applied));
  }
  events->insert(events->end(), std::make_move_iterator(revisions_.begin()),
                 std::make_move_iterator(revisions_.end()));
  batch_.Clear();
  written_.reset();
  arena_.release();
  written_.emplace(&arena_);
  revisions_.clear();
  iterator_.reset();
  return Status::Ok();
}

}  // namespace keel::kv
