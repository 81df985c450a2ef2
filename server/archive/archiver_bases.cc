// Where an archive's chain begins, and how it is kept small.
#include <algorithm>
#include <utility>

#include "backup/archive/gap_note.h"
#include "backup/archive/upkeep.h"
#include "base/mutant.h"
#include "server/archive/archiver.h"

namespace keel::server {

namespace {

using backup::ArchivePosition;
using backup::Catalogue;

constexpr uint64_t kUsPerS = 1'000'000;
constexpr uint64_t kBaseRetryMs = 60'000;
constexpr std::string_view kNothingIsThere =
    "the archive was farther, and nothing of it is in this directory: is it mounted, and the same "
    "for all members? A new base is made, and nothing before it can be restored from here";

}  // namespace

// Goes on at the end of the last segment if the log still has what follows; else behind the newest
// base; else there is a gap, and a new base is made. What is found is made durable first, and a gap
// is noted before anything comes behind it.
Status Archiver::Resume(const ArchiveSource::Sight& sight) {
  KEEL_ASSIGN_OR_RETURN(const auto objects, seams_.store->List());
  const Catalogue catalogue = Catalogue::Of(objects);
  const backup::BaseObject* base = catalogue.Newest();
  KEEL_ASSIGN_OR_RETURN(const std::optional<ArchivePosition> end, FindEnd(catalogue));
  if (base == nullptr) {
    // A mount that is missing, or a directory that is not the same for all members, looks so.
    if (!sight.marked.IsNone()) AnnounceGap(Index(), kNothingIsThere);
    needs_base_ = true;
    return {};
  }
  newest_base_ = base->index;
  newest_base_ms_ = base->time_ms;
  const bool goes_on = end.has_value() && !catalogue.HasGapNote(end->index) &&
                       (end->index >= base->index || sight.log_base <= end->index);
  begins_chain_ = !goes_on && (!end.has_value() || end->index < base->index);
  if (!begins_chain_) return ResumeAt(sight, catalogue, *end);
  // Committed before this one led; it will have applied it soon.
  if (base->index > sight.applied) return {};
  if (end.has_value()) KEEL_RETURN_IF_ERROR(NoteGap(catalogue, *end));
  return ResumeAt(
      sight, catalogue,
      backup::BeginChain(options_.cluster_id,
                         {.index = base->index, .term = base->term, .time_ms = base->time_ms}));
}

// Where the entries in the archive end, which then is durable; none: there are none.
Result<std::optional<ArchivePosition>> Archiver::FindEnd(const Catalogue& catalogue) const {
  std::vector<std::string> ends;
  if (catalogue.Newest() != nullptr) ends.push_back(catalogue.Newest()->name);
  const auto last = std::ranges::max_element(catalogue.segments, {}, &backup::SegmentObject::last);
  const bool has_last = last != catalogue.segments.end();
  if (has_last) ends.push_back(last->name);
  KEEL_RETURN_IF_ERROR(seams_.store->Settle(ends));
  if (!has_last) return std::optional<ArchivePosition>();
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, seams_.store->Get(last->name));
  KEEL_ASSIGN_OR_RETURN(
      const backup::Segment segment,
      backup::OpenSegment({.name = last->name, .bytes = bytes, .key = options_.key}));
  return std::optional(segment.trailer.last);
}

Status Archiver::ResumeAt(const ArchiveSource::Sight& sight, const Catalogue& catalogue,
                          const ArchivePosition& end) {
  const bool is_noted = catalogue.HasGapNote(end.index);
  // A base that ends a gap is behind it.
  if (end.index > sight.applied || (is_noted && end.index == sight.applied)) return {};
  if (end.index < sight.log_base || is_noted) {
    KEEL_RETURN_IF_ERROR(NoteGap(catalogue, end));
    needs_base_ = true;
    return {};
  }
  at_ = end;
  covered_ = end.index;
  const std::lock_guard lock(counts_mutex_);
  counts_.shipped = end.index;
  counts_.base_time_ms = newest_base_ms_;
  return {};
}

// By the log and by numbers at once, whatever the archive can take.
void Archiver::AnnounceGap(Index behind, std::string_view reason) {
  if (announced_gap_ == behind) return;
  announced_gap_ = behind;
  seams_.log(true, "event=archive_gap behind=" + std::to_string(behind.value()) + " reason=\"" +
                       std::string(reason) + "\"");
  const std::lock_guard lock(counts_mutex_);
  ++counts_.gaps;
  counts_.has_alarm = true;
}

Status Archiver::NoteGap(const Catalogue& catalogue, const ArchivePosition& behind) {
  if (catalogue.HasGapNote(behind.index)) return {};
  AnnounceGap(behind.index, kLogIsGone);
  const Status noted = seams_.store->Put(
      backup::GapName(behind.index), backup::EncodeGapNote({.cluster_id = options_.cluster_id,
                                                            .behind = behind,
                                                            .noted_ms = seams_.clock->WallMs()}));
  return KEEL_MUTANT(kArchiveGapUntold) ? Status() : noted;
}

void Archiver::BeginBase(bool begins_chain) {
  writing_base_ = true;
  seams_.source->ReadState([this, begins_chain](ArchiveSource::State state) {
    auto writer = std::make_shared<backup::BaseWriter>(
        backup::BaseWriter::Options{.files = seams_.files,
                                    .store = seams_.store,
                                    .view = std::move(state.view),
                                    .place = state.place,
                                    .cluster_id = options_.cluster_id,
                                    .member_id = options_.member.value(),
                                    .saved_ms = seams_.clock->WallMs(),
                                    .key = options_.key});
    seams_.base_executor->Post([this, writer = std::move(writer), begins_chain]() mutable {
      WriteBase(std::move(writer), begins_chain);
    });
  });
}

// On the base's executor: a piece, a pause that keeps to the rate, the next piece.
void Archiver::WriteBase(std::shared_ptr<backup::BaseWriter> writer, bool begins_chain) {
  const uint64_t before = writer->bytes_written();
  const Result<bool> done = writer->Step();
  if (done.ok() && !*done) {
    const uint64_t pause_us =
        (writer->bytes_written() - before) * kUsPerS / options_.base_bytes_per_s;
    seams_.base_executor->PostAfter(pause_us, [this, writer = std::move(writer), begins_chain] {
      WriteBase(writer, begins_chain);
    });
    return;
  }
  seams_.executor->Post([this, place = writer->place(), status = done.status(), begins_chain] {
    OnBase(place, status, begins_chain);
  });
}

void Archiver::OnBase(const backup::BasePlace& place, const Status& status, bool begins_chain) {
  writing_base_ = false;
  if (!leading_) return;
  if (!Holds(status, "base")) {
    if (!begins_chain) base_not_before_ms_ = seams_.clock->MonotonicMs() + kBaseRetryMs;
    // It may be there all the same; then what is in the archive decides how to go on.
    if (begins_chain && !IsSurelyAbsent(place)) {
      needs_base_ = false;
      at_.reset();
    }
    return;
  }
  seams_.log(false, "event=archive_base index=" + std::to_string(place.index.value()) +
                        " revision=" + std::to_string(place.revision.value()));
  newest_base_ = place.index;
  newest_base_ms_ = place.time_ms;
  if (begins_chain && needs_base_) {
    at_ = backup::BeginChain(options_.cluster_id,
                             {.index = place.index, .term = place.term, .time_ms = place.time_ms});
    begins_chain_ = true;
    needs_base_ = false;
    covered_ = place.index;
  }
  {
    const std::lock_guard lock(counts_mutex_);
    ++counts_.bases;
    counts_.base_time_ms = place.time_ms;
    counts_.has_alarm = failing_;
  }
  (void)Holds(Upkeep(), "upkeep");
}

bool Archiver::IsSurelyAbsent(const backup::BasePlace& place) const {
  const auto objects = seams_.store->List();
  return objects.ok() && Catalogue::Of(*objects).BaseAt(place.index) == nullptr;
}

bool Archiver::IsBaseDue() const {
  return !writing_base_ && at_->index > newest_base_ &&
         seams_.clock->MonotonicMs() >= base_not_before_ms_ &&
         seams_.clock->WallMs() >= newest_base_ms_ + options_.base_interval_ms;
}

Status Archiver::Upkeep() {
  segments_since_upkeep_ = 0;
  KEEL_ASSIGN_OR_RETURN(auto objects, seams_.store->List());
  if (options_.retention_ms != 0) {
    const uint64_t now_ms = seams_.clock->WallMs();
    const auto names =
        backup::PrunePlan(Catalogue::Of(objects), now_ms - std::min(now_ms, options_.retention_ms));
    // What goes is not needed because of what stays: that must be there for sure.
    if (!names.empty()) KEEL_RETURN_IF_ERROR(seams_.store->Settle({}));
    for (const std::string& name : names) {
      const Status removed = seams_.store->Remove(name);
      // A leader that has been deposed may have been faster.
      if (removed.code() != Code::kNotFound) KEEL_RETURN_IF_ERROR(removed);
    }
    KEEL_ASSIGN_OR_RETURN(objects, seams_.store->List());
  }
  auto parts = backup::JoinPlan(Catalogue::Of(objects));
  // The newest ones may be read by who leads next, and are still few.
  if (parts.empty()) return {};
  return backup::JoinSegments({.store = seams_.store,
                               .key = options_.key,
                               .written_ms = seams_.clock->WallMs(),
                               .parts = std::move(parts)});
}

}  // namespace keel::server
