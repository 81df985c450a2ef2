// A store whose log goes into an archive, and the state behind each entry for holding a restore to:
// for tests of archives. One thread.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "backup/archive/base_writer.h"
#include "backup/archive/segment.h"
#include "backup/archive/store.h"
#include "backup/archive/verify.h"
#include "base/check.h"
#include "raft/types.h"
#include "server/node/envelope.h"
#include "tests/kv/support/store_world.h"

namespace keel::backup {

class ArchiveWorld {
 public:
  static constexpr uint64_t kCluster = 77;

  struct Moment {
    Index index;
    uint64_t time_ms = 0;
    Revision revision;
    std::map<std::string, std::string> keys;
  };

  ArchiveWorld(FileSystem* files, const std::string& directory, std::string key = {})
      : files_(files),
        store_({.files = files, .directory = directory, .writer = "w"}),
        key_(std::move(key)) {
    KEEL_CHECK(store_.Prepare().ok());
  }

  // An entry of the log, stamped by a leader's clock, applied, and waiting to be sealed.
  void Apply(kv::Operation operation, uint64_t stamped_ms) {
    const std::string command = kv::EncodeCommand({.operation = std::move(operation)});
    world_.now_ms = stamped_ms;
    world_.ApplyBytes(command);
    const std::string payload =
        node::EncodeEnvelope({.id = {.proposer = NodeId(3), .boot = raft::BootId(1)},
                              .stamped_ms = stamped_ms,
                              .command = command});
    const kv::StoreState& state = world_.store().state();
    pending_.push_back({.term = world_.term, .time_ms = state.log_time_ms, .payload = payload});
    Note();
  }
  void Put(const std::string& key, const std::string& value, uint64_t stamped_ms) {
    Apply(kv::PutOp{.key = key, .value = value}, stamped_ms);
  }

  // The state as it is now; the chain of segments may go on from an older one or begin here.
  BasePlace WriteBase(bool begins_chain) {
    const kv::StoreState& state = world_.store().state();
    const BasePlace place{state.applied, state.applied_term, state.revision, state.log_time_ms};
    BaseWriter writer({.files = files_,
                       .store = &store_,
                       .view = world_.store().view(),
                       .place = place,
                       .cluster_id = kCluster,
                       .key = key_});
    while (true) {
      const auto done = writer.Step();
      KEEL_CHECK(done.ok()) << done.status();
      if (*done) break;
    }
    if (begins_chain) {
      pending_.clear();
      at_ = BeginChain(kCluster,
                       {.index = place.index, .term = place.term, .time_ms = place.time_ms});
      begins_chain_ = true;
    }
    return place;
  }
  // All that was applied since becomes a segment; its name.
  std::string Seal() {
    const SegmentDraft draft{.cluster_id = kCluster,
                             .previous = at_,
                             .begins_chain = std::exchange(begins_chain_, false),
                             .revision = world_.store().state().revision,
                             .entries = std::exchange(pending_, {})};
    const auto sealed = SealSegment(draft, key_);
    KEEL_CHECK(sealed.ok()) << sealed.status();
    const std::string name = SegmentName({at_.index.Next(), sealed->last.index});
    KEEL_CHECK(store_.Put(name, sealed->bytes).ok());
    at_ = sealed->last;
    return name;
  }

  [[nodiscard]] Result<ArchiveReport> Verify() {
    return VerifyArchive({.files = files_, .store = &store_, .key = key_});
  }
  [[nodiscard]] Catalogue Listed() { return Catalogue::Of(store_.List().value()); }
  [[nodiscard]] DirectoryStore& store() { return store_; }
  [[nodiscard]] const ArchivePosition& at() const { return at_; }
  [[nodiscard]] kv::StoreWorld& world() { return world_; }
  // By index, ascending.
  [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }
  // The last one whose entry is in the log by that time.
  [[nodiscard]] const Moment* At(uint64_t time_ms) const {
    const Moment* found = nullptr;
    for (const Moment& moment : moments_) {
      if (moment.time_ms <= time_ms) found = &moment;
    }
    return found;
  }
  [[nodiscard]] const Moment* At(Revision revision) const {
    const Moment* found = nullptr;
    for (const Moment& moment : moments_) {
      if (moment.revision <= revision) found = &moment;
    }
    return found;
  }

 private:
  void Note() {
    const kv::StoreState& state = world_.store().state();
    Moment moment{.index = state.applied, .time_ms = state.log_time_ms, .revision = state.revision};
    const auto all = world_.store().view()->Range({.keys = kv::PrefixRange("")});
    KEEL_CHECK(all.ok()) << all.status();
    for (const kv::KeyValue& one : all->kvs) moment.keys[one.key] = one.value;
    moments_.push_back(std::move(moment));
  }

  FileSystem* const files_;
  DirectoryStore store_;
  const std::string key_;
  kv::StoreWorld world_;
  std::vector<ArchivedEntry> pending_;
  ArchivePosition at_;
  bool begins_chain_ = false;
  std::vector<Moment> moments_;
};

}  // namespace keel::backup
