#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "tests/simfs/state.h"

namespace keel::simfs {

namespace {

void FlipBitOf(std::span<char> bytes, uint64_t bit) {
  if (bytes.empty()) return;
  const uint64_t at = bit % (bytes.size() * 8);
  bytes[at / 8] = static_cast<char>(bytes[at / 8] ^ (1 << (at % 8)));
}

}  // namespace

SimulatedFile::SimulatedFile(std::shared_ptr<State> state, NodeRef node, std::string path)
    : state_(std::move(state)),
      node_(std::move(node)),
      path_(std::move(path)),
      generation_(state_->generation) {}

Status SimulatedFile::CheckAlive() const {
  KEEL_CHECK(!closed_) << path_ << " is used after Close";
  if (generation_ == state_->generation) return {};
  return Unavailable(path_ + ": the machine crashed");
}

Result<size_t> SimulatedFile::ReadAt(uint64_t offset, std::span<char> buffer) const {
  const Fault fault = state_->Announce({OperationKind::kRead, path_, offset, buffer.size()});
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  if (fault.kind == Fault::Kind::kError) return fault.status;
  if (fault.kind == Fault::Kind::kMisplaced) offset = fault.argument;
  const std::string& bytes = *node_->bytes;
  if (offset >= bytes.size()) return size_t{0};
  const size_t size = std::min<size_t>(buffer.size(), bytes.size() - offset);
  std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), size, buffer.begin());
  if (fault.kind == Fault::Kind::kFlipped) FlipBitOf(buffer.first(size), fault.argument);
  return size;
}

Result<uint64_t> SimulatedFile::SizeBytes() const {
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  return uint64_t{node_->bytes->size()};
}

Status SimulatedFile::WriteAt(uint64_t offset, std::string bytes) {
  const Fault fault = state_->Announce({OperationKind::kWrite, path_, offset, bytes.size()});
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  return WriteFaulty(offset, std::move(bytes), fault);
}

Status SimulatedFile::Append(std::string bytes) {
  uint64_t end = 0;
  {
    const std::lock_guard lock(state_->mutex);
    end = node_->bytes->size();
  }
  return WriteAt(end, std::move(bytes));
}

Status SimulatedFile::WriteFaulty(uint64_t offset, std::string bytes, const Fault& fault) {
  switch (fault.kind) {
    case Fault::Kind::kNone:
      break;
    case Fault::Kind::kError:
      return fault.status;
    case Fault::Kind::kLost:
      return {};
    case Fault::Kind::kPartial:
      bytes.resize(std::min<size_t>(bytes.size(), fault.argument));
      break;
    case Fault::Kind::kMisplaced:
      offset = fault.argument;
      break;
    case Fault::Kind::kFlipped:
      FlipBitOf(bytes, fault.argument);
      break;
  }
  const uint64_t end = offset + bytes.size();
  const uint64_t size_bytes = node_->bytes->size();
  KEEL_RETURN_IF_ERROR(state_->CheckRoom(end > size_bytes ? end - size_bytes : 0, path_));
  if (!bytes.empty()) state_->disk.Write(node_.get(), offset, bytes);
  return fault.kind == Fault::Kind::kPartial ? fault.status : Status();
}

Status SimulatedFile::Preallocate(uint64_t size_bytes) {
  const Fault fault = state_->Announce({OperationKind::kPreallocate, path_, 0, size_bytes});
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const uint64_t before_bytes = node_->bytes->size();
  if (size_bytes <= before_bytes) return {};
  KEEL_RETURN_IF_ERROR(state_->CheckRoom(size_bytes - before_bytes, path_));
  state_->disk.Resize(node_.get(), size_bytes);
  return {};
}

Status SimulatedFile::Truncate(uint64_t size_bytes) {
  const Fault fault = state_->Announce({OperationKind::kTruncate, path_, 0, size_bytes});
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const uint64_t before_bytes = node_->bytes->size();
  if (size_bytes > before_bytes) {
    KEEL_RETURN_IF_ERROR(state_->CheckRoom(size_bytes - before_bytes, path_));
  }
  if (size_bytes != before_bytes) state_->disk.Resize(node_.get(), size_bytes);
  return {};
}

Status SimulatedFile::Sync() {
  const Fault fault = state_->Announce({OperationKind::kSync, path_, 0, 0});
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  if (fault.kind == Fault::Kind::kLost) return {};
  if (fault.kind == Fault::Kind::kError) {
    state_->disk.DropFileChanges(node_.get());
    return fault.status;
  }
  state_->disk.SyncFile(node_.get());
  return {};
}

Status SimulatedFile::Close() {
  const std::lock_guard lock(state_->mutex);
  KEEL_RETURN_IF_ERROR(CheckAlive());
  closed_ = true;
  return {};
}

}  // namespace keel::simfs
