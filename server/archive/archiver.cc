#include "server/archive/archiver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "backup/archive/tip.h"
#include "base/mutant.h"
#include "base/numbers.h"
#include "kv/mvcc/command.h"
#include "server/node/envelope.h"
#include "server/node/quoted.h"

namespace keel::server {

namespace {

// What changes nothing that a restore could show: a leader's first entry, and the archive's marks,
// which would else have to be archived and marked for ever.
bool HasContent(const raft::Entry& entry, const std::optional<node::Envelope>& envelope) {
  if (entry.kind == raft::EntryKind::kNoop) return false;
  if (entry.kind == raft::EntryKind::kConfig || !envelope.has_value()) return true;
  const auto command = kv::DecodeCommand(envelope->command);
  return !command.has_value() || !std::holds_alternative<kv::ArchiveMarkOp>(command->operation);
}

}  // namespace

Archiver::Archiver(Options options, const Seams& seams)
    : options_(std::move(options)), seams_(seams) {}

void Archiver::Start() { Later(0); }

void Archiver::Later(uint64_t delay_ms) {
  seams_.executor->PostAfter(delay_ms * 1000, [this] { Look(); });
}

void Archiver::Look() {
  const ArchiveSource::Sight sight = seams_.source->Look();
  if (!sight.leads) {
    if (leading_) Forget();
    return Later(options_.interval_ms);
  }
  if (!leading_) {
    leading_ = true;
    ++reign_;
    failing_ = false;
    const std::lock_guard lock(counts_mutex_);
    counts_.leads = true;
    covered_as_of_ms_ = seams_.clock->MonotonicMs();
  }
  Lead(sight);
}

void Archiver::Forget() {
  leading_ = false;
  at_.reset();
  covered_ = Index();
  needs_base_ = false;
  const std::lock_guard lock(counts_mutex_);
  counts_.leads = false;
  counts_.has_alarm = false;
}

// One thing at a time; the last line of each arranges for the next look.
void Archiver::Lead(const ArchiveSource::Sight& sight) {
  if (!prepared_) {
    prepared_ = Holds(seams_.prepare(), "prepare");
    if (!prepared_) return Later(options_.retry_ms);
  }
  if (!at_.has_value() && !needs_base_) {
    if (!Holds(Resume(sight), "resume")) return Later(options_.retry_ms);
  }
  if (needs_base_) {
    if (!writing_base_ && !sight.applied.IsNone()) BeginBase(/*begins_chain=*/true);
    return Later(failing_ ? options_.retry_ms : options_.interval_ms);
  }
  if (!at_.has_value()) return Later(options_.interval_ms);  // until this member is as far
  if (sight.log_base > at_->index) {
    if (KEEL_MUTANT(kArchiveGapSkipped)) {
      at_->index = sight.log_base;
      return Later(0);
    }
    AnnounceGap(at_->index, kLogIsGone);
    at_.reset();  // what is in the archive decides how to go on
    return Later(0);
  }
  if (IsBaseDue()) BeginBase(/*begins_chain=*/false);
  if (sight.applied > covered_ || at_->index < newest_base_) return Fetch(sight);
  Covered(covered_, seams_.clock->MonotonicMs());
  MarkLater(sight);
  PutTip(sight);
  Later(options_.interval_ms);
}

void Archiver::Fetch(const ArchiveSource::Sight& sight) {
  const uint64_t as_of_ms = seams_.clock->MonotonicMs();
  seams_.source->Read({.first = at_->index.Next(), .size_bytes_max = options_.segment_bytes_max},
                      [this, sight, as_of_ms, reign = reign_](std::vector<raft::Entry> entries) {
                        seams_.executor->Post([this, sight, as_of_ms, reign,
                                               entries = std::move(entries)]() mutable {
                          if (reign != reign_ || !leading_ || !at_.has_value())
                            return Later(options_.interval_ms);
                          const Index before = covered_;
                          OnEntries(sight, std::move(entries));
                          if (covered_ >= sight.applied) Covered(covered_, as_of_ms);
                          const bool has_more = covered_ > before && covered_ < sight.applied;
                          Later(failing_ ? options_.retry_ms : has_more ? 0 : options_.interval_ms);
                        });
                      });
}

void Archiver::OnEntries(const ArchiveSource::Sight& sight, std::vector<raft::Entry> entries) {
  bool has_content = false;
  std::vector<backup::ArchivedEntry> taken = Take(entries, sight.applied, &has_content);
  // Gone from the log, or not readable now: the next look tells which.
  if (taken.empty()) return;
  if (taken.front().term < at_->term) {
    (void)Holds(
        DataLoss("the archive ends in a later term than the log has there: it is of another "
                 "history; give another --archive"),
        "follow");
    return;
  }
  const Index last = at_->index + taken.size();
  // Up to a base all is put: what is between would else look like a gap.
  if (has_content || last < sight.applied || at_->index < newest_base_) {
    if (!Holds(Ship(sight, std::move(taken)), "ship")) return;
    if (segments_since_upkeep_ >= options_.upkeep_every_segments) (void)Holds(Upkeep(), "upkeep");
  }
  covered_ = std::max(covered_, last);
  MarkLater(sight);
}

std::vector<backup::ArchivedEntry> Archiver::Take(const std::vector<raft::Entry>& entries,
                                                  Index through, bool* has_content) const {
  std::vector<backup::ArchivedEntry> taken;
  uint64_t time_ms = at_->time_ms;
  for (const raft::Entry& entry : entries) {
    if (entry.index != at_->index + (taken.size() + 1) || entry.index > through) break;
    std::optional<node::Envelope> envelope;
    if (entry.kind == raft::EntryKind::kCommand) {
      envelope = node::DecodeEnvelope(entry.payload.view());
    }
    if (envelope.has_value()) time_ms = std::max(time_ms, envelope->stamped_ms);
    *has_content = *has_content || HasContent(entry, envelope);
    taken.push_back({.kind = static_cast<uint8_t>(entry.kind),
                     .term = entry.term,
                     .time_ms = time_ms,
                     .payload = std::string(entry.payload.view())});
  }
  return taken;
}

Status Archiver::Ship(const ArchiveSource::Sight& sight,
                      std::vector<backup::ArchivedEntry> entries) {
  const Index last = at_->index + entries.size();
  KEEL_ASSIGN_OR_RETURN(
      const backup::SealedSegment sealed,
      backup::SealSegment({.cluster_id = options_.cluster_id,
                           .member_id = options_.member.value(),
                           .written_ms = seams_.clock->WallMs(),
                           .previous = *at_,
                           .begins_chain = begins_chain_,
                           .revision = last == sight.applied ? sight.revision : Revision(),
                           .entries = std::move(entries)},
                          options_.key));
  const std::string name = backup::SegmentName({at_->index.Next(), last});
  KEEL_RETURN_IF_ERROR(seams_.store->Put(name, sealed.bytes));
  at_ = sealed.last;
  begins_chain_ = false;
  tip_ms_ = seams_.clock->MonotonicMs();
  ++segments_since_upkeep_;
  const std::lock_guard lock(counts_mutex_);
  ++counts_.segments;
  counts_.bytes += sealed.bytes.size();
  counts_.shipped = at_->index;
  return {};
}

void Archiver::MarkLater(const ArchiveSource::Sight& sight) {
  const uint64_t now_ms = seams_.clock->MonotonicMs();
  if (KEEL_MUTANT(kArchiveMarkedEarly) && sight.applied > sight.marked) {
    return seams_.source->Mark(sight.applied);
  }
  if (at_->index <= sight.marked || now_ms < marked_ms_ + options_.mark_every_ms) return;
  marked_ms_ = now_ms;
  seams_.source->Mark(at_->index);
}

// The moment is a little ago: a write that was stamped before may still be on its way.
void Archiver::PutTip(const ArchiveSource::Sight& sight) {
  const uint64_t now_ms = seams_.clock->MonotonicMs();
  const bool is_idle = sight.is_idle || KEEL_MUTANT(kArchiveTipAhead);
  if (!is_idle || now_ms < tip_ms_ + options_.tip_every_ms) return;
  tip_ms_ = now_ms;
  const uint64_t wall_ms = seams_.clock->WallMs();
  const backup::Tip tip{.cluster_id = options_.cluster_id,
                        .at = *at_,
                        .whole_until_ms = wall_ms - std::min(wall_ms, options_.tip_margin_ms)};
  (void)Holds(seams_.store->Put(std::string(backup::kTipName), backup::EncodeTip(tip)), "tip");
}

void Archiver::Covered(Index through, uint64_t as_of_ms) {
  const std::lock_guard lock(counts_mutex_);
  covered_told_ = through;
  covered_as_of_ms_ = as_of_ms;
}

bool Archiver::Holds(const Status& status, std::string_view what) {
  if (status.ok() == failing_) {
    failing_ = !status.ok();
    seams_.log(failing_, failing_ ? "event=archive_fails step=" + std::string(what) +
                                        " reason=" + node::Quoted(status.ToString())
                                  : "event=archive_works step=" + std::string(what));
  }
  const std::lock_guard lock(counts_mutex_);
  if (!status.ok()) ++counts_.failures;
  counts_.has_alarm = failing_ || needs_base_;
  return status.ok();
}

ArchiveCounts Archiver::counts() const {
  const ArchiveSource::Sight sight = seams_.source->Look();
  const std::lock_guard lock(counts_mutex_);
  ArchiveCounts counts = counts_;
  if (!sight.leads) return counts;
  // One that leads since a moment ago has not looked yet: what it will find is not known.
  if (!counts.leads) {
    counts.exposure_ms = options_.interval_ms;
    return counts;
  }
  const bool waits = sight.applied > covered_told_;
  if (KEEL_MUTANT(kArchiveHidesExposure) ? failing_ && waits : waits) {
    counts.exposure_ms = seams_.clock->MonotonicMs() - covered_as_of_ms_;
  }
  counts.has_alarm = counts.has_alarm || counts.exposure_ms >= options_.exposure_alarm_ms;
  return counts;
}

}  // namespace keel::server
