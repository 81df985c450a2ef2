#include "wal/segment_pool.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "wal/format.h"

namespace keel::wal {

SegmentPool::SegmentPool(FileSystem* files, const LogOptions& options,
                         std::vector<std::string> spares)
    : files_(files), options_(options), spares_(spares.begin(), spares.end()) {}

std::string SegmentPool::PathOf(const std::string& name) const {
  return options_.directory + "/" + name;
}

Result<SegmentPool::Taken> SegmentPool::Take(const Need& need) {
  if (need.size_bytes > options_.segment_bytes) return Create(need);
  if (!spares_.empty()) {
    const std::string spare = std::move(spares_.front());
    spares_.pop_front();
    return Reuse(spare, need);
  }
  if (growing_ != nullptr) {
    // Written ahead in part only; what is missing is allocated now.
    growing_.reset();
    return Reuse(std::exchange(growing_name_, {}), need);
  }
  return Create({need.sequence, options_.segment_bytes});
}

Result<SegmentPool::Taken> SegmentPool::Reuse(const std::string& spare, const Need& need) {
  const std::string path = PathOf(SegmentName(need.sequence));
  Taken taken = {.size_bytes = options_.segment_bytes};
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = PathOf(spare), .to = path}));
  KEEL_ASSIGN_OR_RETURN(taken.file, files_->OpenWritable(path, OpenMode::kExisting));
  const Status status = taken.file->Preallocate(options_.segment_bytes);
  if (!status.ok()) {
    (void)files_->Remove(path);
    return status;
  }
  return taken;
}

Result<SegmentPool::Taken> SegmentPool::Create(const Need& need) {
  const std::string path = PathOf(SegmentName(need.sequence));
  Taken taken = {.size_bytes = need.size_bytes};
  KEEL_ASSIGN_OR_RETURN(taken.file, files_->OpenWritable(path, OpenMode::kCreateOrEmpty));
  const Status status = taken.file->Preallocate(need.size_bytes);
  if (!status.ok()) {
    // The name goes too, so that a full disk is not littered with empty segments.
    (void)files_->Remove(path);
    return status;
  }
  return taken;
}

Status SegmentPool::GiveUp(const GivenUp& segment) {
  const std::string path = PathOf(SegmentName(segment.sequence));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size_bytes, files_->SizeBytes(path));
  const bool has_place = spares_.size() + unsettled_.size() < options_.spares_max;
  if (!segment.may_recycle || !has_place || size_bytes != options_.segment_bytes) {
    return files_->Remove(path);
  }
  const std::string spare = SpareName(segment.sequence);
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = path, .to = PathOf(spare)}));
  unsettled_.push_back(spare);
  return {};
}

Status SegmentPool::SyncNames() {
  if (!KEEL_MUTANT(kWalNoDirectorySync43)) {
    KEEL_RETURN_IF_ERROR(files_->SyncDirectory(options_.directory));
  }
  for (std::string& spare : unsettled_) spares_.push_back(std::move(spare));
  unsettled_.clear();
  return {};
}

Result<bool> SegmentPool::PrepareStep(uint64_t* next_number) {
  if (growing_ == nullptr) {
    if (spares_.size() + unsettled_.size() >= std::min<size_t>(options_.spares_max, 1)) return true;
    growing_name_ = SpareName((*next_number)++);
    const std::string path = PathOf(growing_name_);
    KEEL_ASSIGN_OR_RETURN(growing_, files_->OpenWritable(path, OpenMode::kCreateOrEmpty));
    grown_bytes_ = 0;
    const Status status = growing_->Preallocate(options_.segment_bytes);
    if (!status.ok()) {
      growing_.reset();
      (void)files_->Remove(path);
      return status;
    }
    return false;
  }
  const uint64_t left_bytes = options_.segment_bytes - grown_bytes_;
  const uint64_t step_bytes = std::min(left_bytes, options_.prepare_step_bytes);
  KEEL_RETURN_IF_ERROR(growing_->WriteZeros(grown_bytes_, step_bytes));
  // Step by step, or the last sync would hold up the disk for the whole segment at once.
  KEEL_RETURN_IF_ERROR(growing_->Sync());
  grown_bytes_ += step_bytes;
  if (grown_bytes_ < options_.segment_bytes) return false;
  growing_.reset();
  spares_.push_back(std::exchange(growing_name_, {}));
  return true;
}

}  // namespace keel::wal
