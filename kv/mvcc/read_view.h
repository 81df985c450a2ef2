// One state of the key space, whole, for as long as it is held: the store as of one applied entry.
//
// Reads of the current and of older revisions go through it, from any thread, while writes go on.
// It holds an engine snapshot, so whoever keeps one long keeps old records on the disk; the engine
// outlives it. Its compacted revision is that of the same state: what it promises to have, it has.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

class ReadView {
 public:
  struct Options {
    Engine* engine = nullptr;
    EngineSnapshotPtr snapshot;
    Layout layout{0};
    Index applied;
    Term applied_term;
    uint64_t log_time_ms = 0;
    Revision revision;
    Revision compacted;
    bool auth_enabled = false;
  };
  explicit ReadView(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Index applied() const { return options_.applied; }
  [[nodiscard]] Term applied_term() const { return options_.applied_term; }
  // The log's own time there.
  [[nodiscard]] uint64_t log_time_ms() const { return options_.log_time_ms; }
  [[nodiscard]] Revision revision() const { return options_.revision; }
  [[nodiscard]] Revision compacted() const { return options_.compacted; }
  [[nodiscard]] bool auth_enabled() const { return options_.auth_enabled; }
  [[nodiscard]] const Layout& layout() const { return options_.layout; }
  // Why it cannot be read at `at`.
  [[nodiscard]] KvError CheckRevision(Revision at) const;
  [[nodiscard]] std::unique_ptr<EngineIterator> Iterate(bool fill_cache) const;

  // Refusals are in the result's error; a Status is a failing disk.
  [[nodiscard]] Result<RangeResult> Range(const RangeRequest& request) const;

  // The version of `key` that a reader at `at` sees; nothing if there is none. Requires
  // compacted() <= at <= revision().
  [[nodiscard]] Result<std::optional<KeyValue>> Get(std::string_view key, Revision at) const;
  // The version written at exactly `mod`; nothing where it is compacted or was a deletion.
  [[nodiscard]] Result<std::optional<KeyValue>> VersionAt(std::string_view key, Revision mod) const;

  // The revisions from `from` on, whole ones, until `bytes_max` is reached (but at least one);
  // *next is the first revision not looked at. Values are filled in for the keys in `keys` alone;
  // other keys' events are left out. Requires from > compacted().
  Status ReadRevisions(Revision from, size_t bytes_max, const KeyRange& keys,
                       std::vector<RevisionEvents>* found, Revision* next) const;

 private:
  const Options options_;
};

// A range in pieces: each Next takes up where the last one stopped, at one revision throughout.
class RangeStream {
 public:
  // Sort orders and bounds need the whole and are not for streams; both are ignored.
  RangeStream(std::shared_ptr<const ReadView> view, RangeRequest request);

  struct Piece {
    // An error ends the stream; `count` and `more` are those of the whole, and known at its end.
    RangeResult result;
    bool last = false;
  };
  // The next keys, as many as fit in `bytes_max`, or one. Not after the last piece.
  [[nodiscard]] Result<Piece> Next(uint64_t bytes_max);

 private:
  const std::shared_ptr<const ReadView> view_;
  RangeRequest rest_;
  uint64_t given_ = 0;
  uint64_t count_ = 0;
};

}  // namespace keel::kv
