#include "backup/archive/verify.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "backup/archive/archive_reader.h"
#include "backup/archive/gap_note.h"
#include "backup/chunk_source.h"
#include "backup/snapshot_check.h"

namespace keel::backup {

namespace {

// One pass over an archive.
class Pass {
 public:
  explicit Pass(const VerifyOptions& options) : options_(options) {}

  Result<ArchiveReport> Run() {
    KEEL_ASSIGN_OR_RETURN(const auto objects, options_.store->List());
    catalogue_ = Catalogue::Of(objects);
    if (catalogue_.bases.empty() && catalogue_.segments.empty()) {
      return NotFound("there is no archive");
    }
    for (const std::string& name : catalogue_.strangers) {
      report_.problems.push_back(name + ": no object of an archive has such a name");
    }
    for (const BaseObject& base : catalogue_.bases) KEEL_RETURN_IF_ERROR(ReadBase(base));
    reader_ = {.store = options_.store,
               .key = options_.key,
               .cluster_id = report_.cluster_id,
               .catalogue = &catalogue_};
    // What is behind the first base counts, whether segments begin there or not.
    if (!catalogue_.bases.empty()) report_.BeginWith(catalogue_.bases.front());
    for (const IndexRange& stretch : catalogue_.Stretches()) {
      KEEL_RETURN_IF_ERROR(ReadStretch(stretch));
    }
    KEEL_RETURN_IF_ERROR(ReadSpares());
    HoldBasesToEntries();
    if (!catalogue_.bases.empty()) report_.EndWith(catalogue_.bases.back());
    ReadGapNotes();
    ReadTip();
    return std::move(report_);
  }

 private:
  Status Count(uint64_t bytes) {
    report_.size_bytes += bytes;
    return options_.on_progress ? options_.on_progress(report_.size_bytes) : Status();
  }
  // Damage is noted; what makes it impossible to go on is handed up.
  Status Note(const Status& status) {
    if (status.code() != Code::kDataLoss && status.code() != Code::kInvalidArgument) return status;
    report_.problems.emplace_back(status.message());
    return {};
  }

  Status ReadBase(const BaseObject& base) {
    ++report_.bases;
    const auto found = CheckBase(options_, base);
    if (!found.ok()) {
      KEEL_RETURN_IF_ERROR(Note(found.status()));
    } else if (report_.cluster_id != 0 && report_.cluster_id != found->cluster_id) {
      report_.problems.push_back(base.name + ": it is of another cluster than the one before it");
    } else {
      report_.cluster_id = found->cluster_id;
    }
    return Count(base.size_bytes);
  }

  // Without any base that can be read, the segments say whose they are.
  Result<Segment> Read(const SegmentObject& object) {
    ++report_.segments;
    KEEL_RETURN_IF_ERROR(Count(object.size_bytes));
    if (reader_.cluster_id == 0) {
      KEEL_ASSIGN_OR_RETURN(const std::string bytes, options_.store->Get(object.name));
      const auto header = DecodeSegmentHeader(bytes);
      if (header.ok()) reader_.cluster_id = report_.cluster_id = header->cluster_id;
    }
    return ReadSegment(reader_, object);
  }

  Status ReadStretch(const IndexRange& stretch) {
    const std::vector<SegmentObject> chain = catalogue_.ChainBehind(stretch.first.Prev());
    std::optional<JoinPlace> place;
    for (const SegmentObject& object : chain) {
      used_.insert(object.name);
      auto segment = Read(object);
      if (!segment.ok()) {
        KEEL_RETURN_IF_ERROR(Note(segment.status()));
        place.reset();  // goes on behind it
        continue;
      }
      if (!place.has_value()) {
        if (object.first == stretch.first) BeginStretch(*segment);
        place = JoinPlace{.at = segment->header.previous, .knows_chain = true};
      }
      ArchivePosition at = place->at;
      const auto entries = Follow(std::move(*segment), &*place);
      if (!entries.ok()) {
        KEEL_RETURN_IF_ERROR(Note(entries.status()));
        place.reset();
        continue;
      }
      Record(at);
      for (const ArchivedEntry& entry : *entries) {
        Advance(entry, &at);
        Record(at);
      }
      report_.entries += entries->size();
      if (at.index >= report_.end.index) report_.end = at;
    }
    return {};
  }

  // A stretch begins behind a base: either the first one, or one that was made for a gap.
  void BeginStretch(const Segment& first) {
    const ArchivePosition& at = first.header.previous;
    if (catalogue_.bases.empty()) {
      report_.problems.push_back("no base: the entries from index " +
                                 std::to_string(at.index.value() + 1) +
                                 " on follow on nothing, and nothing can be restored from them");
    }
    const std::optional<ArchiveGap> gap = report_.GapBefore(at);
    if (!gap.has_value()) return;
    if (first.header.begins_chain && catalogue_.BaseAt(at.index) != nullptr) {
      report_.gaps.push_back(*gap);
      return;
    }
    report_.problems.push_back(
        "the entries from index " + std::to_string(gap->missing.first.value()) + " to " +
        std::to_string(gap->missing.last.value()) + " are missing: segments were lost");
  }

  // Kept where something will be held to it.
  void Record(const ArchivePosition& at) {
    if (wanted_.empty()) {
      for (const SegmentObject& segment : catalogue_.segments) {
        wanted_.push_back(segment.first.Prev());
        wanted_.push_back(segment.last);
      }
      for (const BaseObject& base : catalogue_.bases) wanted_.push_back(base.index);
      std::ranges::sort(wanted_);
    }
    if (std::ranges::binary_search(wanted_, at.index)) passed_[at.index] = at;
  }

  // What others cover already must be the same; what came too late must be whole, and no more.
  Status ReadSpares() {
    for (const SegmentObject& object : catalogue_.late) {
      const auto segment = Read(object);
      if (!segment.ok()) KEEL_RETURN_IF_ERROR(Note(segment.status()));
    }
    for (const SegmentObject& object : catalogue_.segments) {
      if (used_.contains(object.name)) continue;
      const auto segment = Read(object);
      if (!segment.ok()) {
        KEEL_RETURN_IF_ERROR(Note(segment.status()));
        continue;
      }
      for (const ArchivePosition& at : {segment->header.previous, segment->trailer.last}) {
        const auto passed = passed_.find(at.index);
        if (passed == passed_.end() || passed->second == at) continue;
        report_.problems.push_back(object.name + ": it contradicts another segment at index " +
                                   std::to_string(at.index.value()));
      }
    }
    return {};
  }

  void HoldBasesToEntries() {
    for (const BaseObject& base : catalogue_.bases) {
      const auto passed = passed_.find(base.index);
      if (passed == passed_.end()) continue;
      if (passed->second.term == base.term && passed->second.time_ms == base.time_ms) continue;
      report_.problems.push_back(base.name + ": it contradicts the entries at index " +
                                 std::to_string(base.index.value()));
    }
  }

  // One behind the end has nothing behind it yet; the others stand where a gap was found, or
  // where a member whose log reached farther back filled it.
  void ReadGapNotes() {
    for (const GapObject& object : catalogue_.gaps) {
      const auto bytes = options_.store->Get(object.name);
      const auto note = bytes.ok() ? DecodeGapNote(*bytes) : Result<GapNote>(bytes.status());
      if (!note.ok()) {
        report_.problems.push_back(object.name + ": " + std::string(note.status().message()));
      } else if (note->cluster_id != report_.cluster_id || note->behind.index != object.behind) {
        report_.problems.push_back(object.name + ": it is the note of another gap");
      } else if (object.behind == report_.end.index) {
        report_.EndOpen();
      }
    }
  }

  void ReadTip() {
    report_.whole_until_ms = report_.end.time_ms;
    if (!catalogue_.has_tip) return;
    const auto bytes = options_.store->Get(std::string(kTipName));
    const auto tip = bytes.ok() ? DecodeTip(*bytes) : Result<Tip>(bytes.status());
    if (tip.ok()) return report_.Heed(*tip);
    report_.problems.emplace_back(tip.status().message());
  }

  const VerifyOptions& options_;
  Catalogue catalogue_;
  ArchiveReader::Options reader_;
  ArchiveReport report_;
  std::set<std::string> used_;
  std::vector<Index> wanted_;
  std::map<Index, ArchivePosition> passed_;
};

}  // namespace

Result<ArchiveReport> VerifyArchive(const VerifyOptions& options) { return Pass(options).Run(); }

Result<BaseFindings> CheckBase(const VerifyOptions& options, const BaseObject& base) {
  KEEL_ASSIGN_OR_RETURN(const std::string path, options.store->Fetch(base.name));
  KEEL_ASSIGN_OR_RETURN(
      const auto source,
      OpenSnapshotFile({.files = options.files, .path = path, .key = options.key}));
  const auto found = CheckSnapshot(source.get(), nullptr);
  if (!found.ok()) {
    return found.status().code() == Code::kDataLoss ? found.status().WithContext(base.name)
                                                    : found.status();
  }
  const kv::StoreState& state = found->state;
  if (source->summary().is_stream || state.applied != base.index ||
      state.applied_term != base.term || state.revision != base.revision ||
      state.log_time_ms != base.time_ms) {
    return DataLoss(base.name + ": it holds another state than its name says");
  }
  return BaseFindings{.cluster_id = source->summary().cluster_id, .chain_hash = state.chain_hash};
}

}  // namespace keel::backup
