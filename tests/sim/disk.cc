#include "tests/sim/disk.h"

#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace keel::sim {

namespace {

KvImagePtr EmptyImage() { return std::make_shared<const KvImage>(); }

}  // namespace

Disk::Disk(raft::SnapshotMeta base) : base_(std::move(base)), image_(EmptyImage()) {}

void Disk::Apply(const raft::Persist& persist, const KvImagePtr& image) {
  if (persist.vote.has_value()) vote_ = *persist.vote;
  if (persist.snapshot.has_value()) {
    image_ = image;
    if (persist.keeps_log) {
      Compact(*persist.snapshot);
    } else {
      log_.clear();
      base_ = *persist.snapshot;
    }
  }
  for (const raft::Entry& entry : persist.entries) {
    KEEL_CHECK(entry.index > base_.last.index && entry.index <= last().Next())
        << "writes are contiguous with the log on disk";
    const size_t at = entry.index - base_.last.index - 1;
    if (KEEL_MUTANT(kTailNotTruncated9) && at < log_.size()) {
      log_[at] = entry;
      continue;
    }
    log_.resize(at);
    log_.push_back(entry);
  }
}

raft::PersistId Disk::CompleteOldest(const OnDurable& on_durable) {
  Write write = std::move(pending_.front());
  pending_.pop_front();
  Apply(write.persist, write.image);
  on_durable(write.persist);
  return write.persist.id;
}

void Disk::SaveImage(KvImagePtr image) {
  if (image->meta.last.index >= image_->meta.last.index) image_ = std::move(image);
}

void Disk::Compact(const raft::SnapshotMeta& base) {
  if (base.last.index <= base_.last.index) return;
  KEEL_CHECK(base.last.index <= last()) << "only what is durable is compacted";
  log_.erase(log_.begin(),
             log_.begin() + static_cast<std::ptrdiff_t>(base.last.index - base_.last.index));
  base_ = base;
}

void Disk::BeginBehindImage() {
  log_.clear();
  base_ = image_->meta;
}

void Disk::Crash(Prng& prng, const OnDurable& on_durable) {
  const bool keeps_some = prng.Chance(1, 2);
  size_t whole = keeps_some ? prng.Below(pending_.size() + 1) : 0;
  while (whole-- > 0) (void)CompleteOldest(on_durable);
  if (keeps_some && !pending_.empty()) {
    // The next one has been written in part.
    Write part = std::move(pending_.front());
    raft::Persist& persist = part.persist;
    const uint64_t steps = 2 + persist.entries.size();
    const uint64_t done = prng.Below(steps + 1);
    if (done < 1) persist.vote.reset();
    if (done < 2) persist.snapshot.reset();
    persist.entries.resize(done < 2 ? 0 : done - 2);
    Apply(persist, part.image);
    on_durable(persist);
  }
  pending_.clear();
}

void Disk::Damage(Index from) {
  log_.resize(from - base_.last.index - 1);
  is_damaged_ = true;
}

void Disk::LoseState() { image_ = EmptyImage(); }

void Disk::Wipe() {
  vote_ = {};
  boot_ = 0;
  base_ = {};
  log_.clear();
  image_ = EmptyImage();
  is_damaged_ = false;
  is_wiped_ = true;
  pending_.clear();
}

}  // namespace keel::sim
