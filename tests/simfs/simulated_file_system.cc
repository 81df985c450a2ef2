#include "tests/simfs/simulated_file_system.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "tests/simfs/disk.h"
#include "tests/simfs/state.h"

namespace keel::simfs {

namespace {

constexpr std::array<const char*, 13> kOperationNames = {
    "open",   "create", "read",  "write", "preallocate", "truncate", "sync",
    "rename", "remove", "mkdir", "rmdir", "syncdir",     "list"};

class Readable final : public ReadableFile {
 public:
  explicit Readable(SimulatedFile file) : file_(std::move(file)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return file_.ReadAt(offset, buffer);
  }
  Result<uint64_t> SizeBytes() const override { return file_.SizeBytes(); }

 private:
  SimulatedFile file_;
};

class Appendable final : public AppendableFile {
 public:
  explicit Appendable(SimulatedFile file) : file_(std::move(file)) {}
  Status Append(std::string_view bytes) override { return file_.Append(std::string(bytes)); }
  Status Sync() override { return file_.Sync(); }
  Status Close() override { return file_.Close(); }

 private:
  SimulatedFile file_;
};

class Writable final : public WritableFile {
 public:
  explicit Writable(SimulatedFile file) : file_(std::move(file)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const override {
    return file_.ReadAt(offset, buffer);
  }
  Result<uint64_t> SizeBytes() const override { return file_.SizeBytes(); }
  Status WriteAt(uint64_t offset, std::span<const std::string_view> pieces) override {
    std::string bytes;
    for (std::string_view piece : pieces) bytes.append(piece);
    return file_.WriteAt(offset, std::move(bytes));
  }
  Status WriteZeros(uint64_t offset, uint64_t size_bytes) override {
    return file_.WriteAt(offset, std::string(size_bytes, '\0'));
  }
  Status Preallocate(uint64_t size_bytes) override { return file_.Preallocate(size_bytes); }
  Status Truncate(uint64_t size_bytes) override { return file_.Truncate(size_bytes); }
  Status Sync() override { return file_.Sync(); }
  Status Close() override { return file_.Close(); }

 private:
  SimulatedFile file_;
};

}  // namespace

// Lets go of the name when it dies, unless a crash has done so.
class SimulatedLock final : public FileLock {
 public:
  SimulatedLock(std::function<void()> release) : release_(std::move(release)) {}
  ~SimulatedLock() override { release_(); }

 private:
  std::function<void()> release_;
};

const char* OperationName(OperationKind kind) {
  return kOperationNames.at(static_cast<size_t>(kind));
}

bool ChangesDisk(OperationKind kind) {
  return kind != OperationKind::kOpen && kind != OperationKind::kRead &&
         kind != OperationKind::kList;
}

SimulatedFileSystem::SimulatedFileSystem() : state_(std::make_shared<State>()) {}

SimulatedFileSystem::SimulatedFileSystem(const Image& image) : SimulatedFileSystem() {
  state_->disk = Disk(image);
}

SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::SetHook(OperationHook hook) {
  const std::lock_guard lock(state_->mutex);
  state_->hook = std::move(hook);
}

void SimulatedFileSystem::SetCapacity(uint64_t capacity_bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity_bytes = capacity_bytes;
}

uint64_t SimulatedFileSystem::UsedBytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->disk.UsedBytes();
}

Image SimulatedFileSystem::ImageAfter(const Loss& loss) const {
  const std::lock_guard lock(state_->mutex);
  return state_->disk.ImageAfter(loss);
}

Image SimulatedFileSystem::ImageNow() const {
  const std::lock_guard lock(state_->mutex);
  return state_->disk.ImageNow();
}

std::vector<Loss> SimulatedFileSystem::Losses(const LossOptions& options) const {
  std::vector<uint64_t> changes;
  {
    const std::lock_guard lock(state_->mutex);
    changes = state_->disk.Unsynced();
  }
  std::vector<Loss> losses = {{.mode = LossMode::kNothing}};
  if (changes.empty()) return losses;
  for (LossMode mode :
       {LossMode::kEverything, LossMode::kNamesLost, LossMode::kNamesKept, LossMode::kNewest}) {
    losses.push_back({.mode = mode});
  }
  const size_t cuts = std::min<size_t>(changes.size(), options.cuts_max);
  for (size_t i = changes.size() - cuts; i < changes.size(); ++i) {
    if (i + 1 < changes.size()) losses.push_back({.mode = LossMode::kPrefix, .cut = changes[i]});
    for (uint64_t seed = 1; seed <= options.seeds; ++seed) {
      losses.push_back({.mode = LossMode::kTorn, .cut = changes[i], .seed = seed});
    }
  }
  for (uint64_t seed = 1; seed <= options.seeds; ++seed) {
    losses.push_back({.mode = LossMode::kZeroed, .seed = seed});
    losses.push_back({.mode = LossMode::kSectors, .seed = 2 * seed - 1});
    losses.push_back({.mode = LossMode::kSectors, .seed = 2 * seed});
  }
  return losses;
}

void SimulatedFileSystem::Crash(const Loss& loss) {
  const std::lock_guard lock(state_->mutex);
  state_->disk = Disk(state_->disk.ImageAfter(loss));
  state_->locks.clear();
  ++state_->generation;
}

Status SimulatedFileSystem::FlipBit(const std::string& path, uint64_t bit) {
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(path));
  state_->disk.FlipBit(node.get(), bit);
  return {};
}

// Opens or creates; the hook is told of what it comes to.
static Result<SimulatedFile> OpenFile(const std::shared_ptr<SimulatedFile::State>& state,
                                      const std::string& path, OpenMode mode) {
  bool exists = false;
  bool has_bytes = false;
  {
    const std::lock_guard lock(state->mutex);
    const Result<NodeRef> node = state->disk.Find(path);
    exists = node.ok();
    has_bytes = exists && !(*node)->bytes->empty();
  }
  const bool empties = exists && has_bytes && mode == OpenMode::kCreateOrEmpty;
  const Fault fault = state->Announce({!exists   ? OperationKind::kCreate
                                       : empties ? OperationKind::kTruncate
                                                 : OperationKind::kOpen,
                                       path});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state->mutex);
  Result<NodeRef> node = state->disk.Find(path);
  if (node.ok()) {
    if (mode == OpenMode::kCreateNew) return AlreadyExists("open " + path + ": File exists");
    if ((*node)->is_directory) return InvalidArgument("open " + path + ": Is a directory");
    if (empties) state->disk.Resize(node->get(), 0);
    return SimulatedFile(state, *node, path);
  }
  if (mode == OpenMode::kExisting) return node.status();
  KEEL_ASSIGN_OR_RETURN(const Disk::Place place, state->disk.PlaceOf(path));
  return SimulatedFile(state, state->disk.Create(place, false), path);
}

Result<std::unique_ptr<ReadableFile>> SimulatedFileSystem::OpenReadable(const std::string& path,
                                                                        AccessPattern) {
  KEEL_ASSIGN_OR_RETURN(SimulatedFile file, OpenFile(state_, path, OpenMode::kExisting));
  return std::make_unique<Readable>(std::move(file));
}

Result<std::unique_ptr<AppendableFile>> SimulatedFileSystem::OpenAppendable(const std::string& path,
                                                                            OpenMode mode) {
  KEEL_ASSIGN_OR_RETURN(SimulatedFile file, OpenFile(state_, path, mode));
  return std::make_unique<Appendable>(std::move(file));
}

Result<std::unique_ptr<WritableFile>> SimulatedFileSystem::OpenWritable(const std::string& path,
                                                                        OpenMode mode) {
  KEEL_ASSIGN_OR_RETURN(SimulatedFile file, OpenFile(state_, path, mode));
  return std::make_unique<Writable>(std::move(file));
}

Result<std::vector<std::string>> SimulatedFileSystem::List(const std::string& directory) {
  const Fault fault = state_->Announce({OperationKind::kList, directory});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(directory));
  if (!node->is_directory) return NotFound("list " + directory + ": Not a directory");
  std::vector<std::string> names;
  for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

Result<bool> SimulatedFileSystem::Exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->disk.Find(path).ok();
}

Result<uint64_t> SimulatedFileSystem::SizeBytes(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(path));
  return uint64_t{node->bytes->size()};
}

Status SimulatedFileSystem::CreateDirectory(const std::string& directory) {
  const Fault fault = state_->Announce({OperationKind::kCreateDirectory, directory});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state_->mutex);
  if (state_->disk.Find(directory).ok()) return AlreadyExists("mkdir " + directory + ": exists");
  KEEL_ASSIGN_OR_RETURN(const Disk::Place place, state_->disk.PlaceOf(directory));
  state_->disk.Create(place, true);
  return {};
}

Status SimulatedFileSystem::RemoveDirectory(const std::string& directory) {
  const Fault fault = state_->Announce({OperationKind::kRemoveDirectory, directory});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(directory));
  if (!node->is_directory) return NotFound("rmdir " + directory + ": Not a directory");
  if (!node->names.empty()) return FailedPrecondition("rmdir " + directory + ": not empty");
  KEEL_ASSIGN_OR_RETURN(const Disk::Place place, state_->disk.PlaceOf(directory));
  state_->disk.Remove(place);
  return {};
}

Status SimulatedFileSystem::Remove(const std::string& path) {
  const Fault fault = state_->Announce({OperationKind::kRemove, path});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(path));
  if (node->is_directory) return InvalidArgument("remove " + path + ": Is a directory");
  KEEL_ASSIGN_OR_RETURN(const Disk::Place place, state_->disk.PlaceOf(path));
  state_->disk.Remove(place);
  return {};
}

Status SimulatedFileSystem::Rename(const RenameOptions& options) {
  const Fault fault = state_->Announce({OperationKind::kRename, options.from});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(options.from));
  KEEL_ASSIGN_OR_RETURN(const Disk::Place from, state_->disk.PlaceOf(options.from));
  KEEL_ASSIGN_OR_RETURN(const Disk::Place to, state_->disk.PlaceOf(options.to));
  if (options.from != options.to) state_->disk.Rename({from, to});
  return {};
}

Status SimulatedFileSystem::SyncDirectory(const std::string& directory) {
  const Fault fault = state_->Announce({OperationKind::kSyncDirectory, directory});
  if (fault.kind == Fault::Kind::kError) return fault.status;
  if (fault.kind == Fault::Kind::kLost) return {};
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(directory));
  if (!node->is_directory) return NotFound("fsync " + directory + ": Not a directory");
  state_->disk.SyncDirectory(node.get());
  return {};
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::Lock(const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(const SimulatedFile file, OpenFile(state_, path, OpenMode::kCreateOrKeep));
  const std::lock_guard lock(state_->mutex);
  if (!state_->locks.insert(path).second) {
    return Unavailable("lock " + path + ": another process holds it");
  }
  return std::make_unique<SimulatedLock>([state = state_, path, generation = state_->generation] {
    const std::lock_guard release(state->mutex);
    if (state->generation == generation) state->locks.erase(path);
  });
}

Result<DiskSpace> SimulatedFileSystem::Space(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  KEEL_ASSIGN_OR_RETURN(const NodeRef node, state_->disk.Find(path));
  // Without a bound: as much as any program will ask for.
  if (state_->capacity_bytes == 0) return DiskSpace{uint64_t{1} << 50, uint64_t{1} << 50};
  const uint64_t used_bytes = state_->disk.UsedBytes();
  const uint64_t total_bytes = state_->capacity_bytes;
  return DiskSpace{used_bytes < total_bytes ? total_bytes - used_bytes : 0, total_bytes};
}

}  // namespace keel::simfs
