#include "kv/snapshot/snapshot_installer.h"

#include <utility>

#include "base/mutant.h"
#include "kv/mvcc/state.h"

namespace keel::kv {

SnapshotInstaller::SnapshotInstaller(Options options)
    : options_(std::move(options)), layout_(options_.group) {}

Status SnapshotInstaller::Add(std::string_view chunk) {
  KEEL_RETURN_IF_ERROR(failure_);
  ChunkBody body;
  failure_ = OpenChunk(chunk, &chain_, &body);
  if (failure_.ok()) failure_ = AddBody(body);
  if (failure_.ok()) ++chunk_count_;
  return failure_;
}

Status SnapshotInstaller::AddBody(const ChunkBody& body) {
  if ((body.kind == ChunkBody::Kind::kHeader) != (chunk_count_ == 0) || ended_) {
    return DataLoss("a snapshot has one header, first, and nothing behind its end");
  }
  if (body.kind == ChunkBody::Kind::kHeader) {
    header_ = body.header;
    if (header_.applied <= options_.applied && !KEEL_MUTANT(kOlderSnapshot37)) {
      return FailedPrecondition("a snapshot at index " + std::to_string(header_.applied.value()) +
                                " is no newer than the store, which is at " +
                                std::to_string(options_.applied.value()));
    }
    return Status::Ok();
  }
  if (body.kind == ChunkBody::Kind::kEnd) {
    if (body.record_count != record_count_) return DataLoss("records of a snapshot are missing");
    ended_ = true;
    return Status::Ok();
  }
  WriteBatch batch;
  for (const SnapshotRecord& record : body.records) {
    if (record_count_ > 0 && record.key <= last_key_) {
      return DataLoss("the records of a snapshot are out of order");
    }
    batch.Put(layout_.group_prefix() + std::string(record.key), record.value);
    last_key_ = record.key;
    ++record_count_;
  }
  return options_.engine->Write(batch, Index());
}

Status SnapshotInstaller::CheckState() {
  std::string bytes;
  StoreState state;
  KEEL_ASSIGN_OR_RETURN(const bool found,
                        options_.engine->Get(layout_.NameKey(Family::kState, kStateName), &bytes));
  const SnapshotHeader fresh{.applied = {}, .applied_term = {}, .revision = Revision(1)};
  // A store that has applied nothing has written nothing.
  if (!found && record_count_ == 0 && header_ == fresh) return Status::Ok();
  if (!found || !DecodeState(bytes, &state) || state.applied != header_.applied ||
      state.applied_term != header_.applied_term || state.revision != header_.revision) {
    return DataLoss("a snapshot's records are not the state that its header names");
  }
  return Status::Ok();
}

Result<std::unique_ptr<Engine>> SnapshotInstaller::Finish() {
  KEEL_RETURN_IF_ERROR(failure_);
  if (!ended_) return FailedPrecondition("the snapshot has not come to its end");
  KEEL_RETURN_IF_ERROR(CheckState());
  if (!KEEL_MUTANT(kSnapshotUnsynced39)) {
    // A batch of its own, so that what the engine calls durable is the snapshot's position.
    KEEL_RETURN_IF_ERROR(options_.engine->Write(WriteBatch(), header_.applied));
    KEEL_RETURN_IF_ERROR(options_.engine->Sync());
  }
  if (options_.activate) KEEL_RETURN_IF_ERROR(options_.activate());
  return std::move(options_.engine);
}

Status MakeRestored(Engine* engine, const RestoreOptions& options) {
  const Layout layout(options.group);
  const std::string key = layout.NameKey(Family::kState, kStateName);
  StoreState state;
  std::string bytes;
  KEEL_ASSIGN_OR_RETURN(const bool found, engine->Get(key, &bytes));
  if (found && !DecodeState(bytes, &state)) return DataLoss("the backup's state does not decode");
  WriteBatch batch;
  const auto iterator = engine->Iterate({});
  for (const Family family : {Family::kSessions, Family::kOutcomes, Family::kChain}) {
    const std::string prefix = layout.Prefix(family);
    for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
         iterator->Next()) {
      batch.Delete(iterator->key());
    }
  }
  KEEL_RETURN_IF_ERROR(iterator->status());
  batch.Delete(layout.NameKey(Family::kState, kMembershipName));
  batch.Delete(layout.NameKey(Family::kState, kAlarmsName));
  batch.Delete(layout.NameKey(Family::kState, kArchivedName));
  if (!options.membership.empty()) {
    batch.Put(layout.NameKey(Family::kState, kMembershipName), options.membership);
  }
  state.applied = options.applied;
  state.applied_term = options.applied_term;
  state.chain_hash = 0;
  if (!KEEL_MUTANT(kRestoreRevision51)) {
    state.revision = state.revision + options.bump_revision;
    if (options.mark_compacted) {
      state.compacted = state.revision;
      state.has_compacted = true;
    }
  }
  batch.Put(key, EncodeState(state));
  KEEL_RETURN_IF_ERROR(engine->Write(batch, options.applied));
  return engine->Sync();
}

}  // namespace keel::kv
