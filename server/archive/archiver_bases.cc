// Where an archive's chain begins, and how it is kept small.
#include <algorithm>
#include <utility>

#include "backup/archive/upkeep.h"
#include "server/archive/archiver.h"

namespace keel::server {

namespace {

using backup::ArchivePosition;
using backup::Catalogue;

constexpr uint64_t kUsPerS = 1'000'000;
constexpr uint64_t kBaseRetryMs = 60'000;

}  // namespace

// Goes on at the end of the last segment if the log still has what follows; else behind the newest
// base; else there is a gap, and a new base is made.
Status Archiver::Resume(const ArchiveSource::Sight& sight) {
  KEEL_ASSIGN_OR_RETURN(const auto objects, seams_.store->List());
  const Catalogue catalogue = Catalogue::Of(objects);
  const backup::BaseObject* base = catalogue.Newest();
  if (base == nullptr) {
    needs_base_ = true;
    return {};
  }
  newest_base_ = base->index;
  newest_base_ms_ = base->time_ms;
  std::optional<ArchivePosition> end;
  if (!catalogue.segments.empty()) {
    const auto last =
        std::ranges::max_element(catalogue.segments, {}, &backup::SegmentObject::last);
    KEEL_ASSIGN_OR_RETURN(const std::string bytes, seams_.store->Get(last->name));
    KEEL_ASSIGN_OR_RETURN(
        const backup::Segment segment,
        backup::OpenSegment({.name = last->name, .bytes = bytes, .key = options_.key}));
    end = segment.trailer.last;
  }
  if (end.has_value() && (end->index >= base->index || sight.log_base <= end->index)) {
    begins_chain_ = false;
  } else {
    end = backup::BeginChain(options_.cluster_id,
                             {.index = base->index, .term = base->term, .time_ms = base->time_ms});
    begins_chain_ = true;
  }
  // Committed before this one led; it will have applied it soon.
  if (end->index > sight.applied) return {};
  if (end->index < sight.log_base) {
    BreakAt(end->index);
    return {};
  }
  at_ = end;
  covered_ = end->index;
  const std::lock_guard lock(counts_mutex_);
  counts_.shipped = end->index;
  counts_.base_time_ms = newest_base_ms_;
  return {};
}

void Archiver::BreakAt(Index index) {
  seams_.log(true, "event=archive_gap behind=" + std::to_string(index.value()) +
                       " reason=\"the log does not reach back to it any more: a new base is made, "
                       "and what lies between cannot be restored\"");
  at_.reset();
  needs_base_ = true;
  const std::lock_guard lock(counts_mutex_);
  ++counts_.gaps;
  counts_.has_alarm = true;
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
    for (const std::string& name : names) KEEL_RETURN_IF_ERROR(seams_.store->Remove(name));
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
