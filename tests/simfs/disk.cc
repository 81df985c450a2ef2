#include "tests/simfs/disk.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace keel::simfs {

namespace {

// Bytes that images may share are copied before they change.
std::string* Writable(std::shared_ptr<std::string>* bytes) {
  if (bytes->use_count() > 1) *bytes = std::make_shared<std::string>(**bytes);
  return bytes->get();
}

void Overwrite(std::string* bytes, uint64_t offset, std::string_view piece) {
  if (bytes->size() < offset + piece.size()) bytes->resize(offset + piece.size());
  std::copy(piece.begin(), piece.end(), bytes->begin() + static_cast<ptrdiff_t>(offset));
}

// Calls back with every part of a write that lies in one sector.
template <class Callback>
void ForEachSector(const FileChange& change, const Callback& callback) {
  size_t done = 0;
  while (done < change.bytes.size()) {
    const uint64_t at = change.offset + done;
    const uint64_t room = kSectorBytes - at % kSectorBytes;
    const size_t size = std::min<size_t>(change.bytes.size() - done, room);
    callback(at / kSectorBytes, done, size);
    done += size;
  }
}

// Replays the changes of one file, each as far as the crash let it through.
class Replay {
 public:
  Replay(const Node& file, const Survival& survival) : file_(file), survival_(survival) {
    std::vector<uint64_t> sizes;
    for (const FileChange& change : file.file_changes) {
      if (change.resizes) sizes.push_back(change.number);
      ForEachSector(change, [this](uint64_t sector, size_t, size_t) { ++writes_[sector].count; });
    }
    sizes_kept_ = survival.SizesKept({file.id, sizes.data(), sizes.size()});
  }

  std::shared_ptr<const std::string> Run() {
    bytes_ = *file_.durable_bytes;
    size_bytes_ = bytes_.size();
    for (const FileChange& change : file_.file_changes) Apply(change);
    bytes_.resize(size_bytes_);
    return std::make_shared<const std::string>(std::move(bytes_));
  }

 private:
  struct Writes {
    size_t count = 0;
    size_t seen = 0;
  };

  void Apply(const FileChange& change) {
    if (change.resizes && sizes_seen_++ < sizes_kept_) {
      // What a cut took away reads as zero when the file grows again.
      if (change.size_bytes < bytes_.size()) bytes_.resize(change.size_bytes);
      size_bytes_ = change.size_bytes;
    }
    ForEachSector(change, [&](uint64_t sector, size_t at, size_t size) {
      Writes& writes = writes_[sector];
      const Survival::Fate fate = survival_.FateOf({.file = file_.id,
                                                    .sector = sector,
                                                    .change = change.number,
                                                    .rank = writes.seen++,
                                                    .count = writes.count,
                                                    .size_bytes = size,
                                                    .write_offset_bytes = at,
                                                    .write_size_bytes = change.bytes.size()});
      if (fate.kept_bytes == 0 || Holds(change, at, size)) return;
      const std::string zeros(fate.zeroed ? fate.kept_bytes : 0, '\0');
      const auto piece = std::string_view(change.bytes).substr(at, fate.kept_bytes);
      Overwrite(&bytes_, change.offset + at, fate.zeroed ? zeros : piece);
    });
  }

  // What stands on the disk already is what it is, at whatever moment the same is written there
  // again: there is no new block that could read as zero.
  [[nodiscard]] bool Holds(const FileChange& change, size_t at, size_t size) const {
    const std::string& durable = *file_.durable_bytes;
    const uint64_t offset = change.offset + at;
    const auto piece = std::string_view(change.bytes).substr(at, size);
    return offset + size <= durable.size() && durable.compare(offset, size, piece) == 0 &&
           offset + size <= bytes_.size() && bytes_.compare(offset, size, piece) == 0;
  }

  const Node& file_;
  const Survival& survival_;
  std::unordered_map<uint64_t, Writes> writes_;
  size_t sizes_kept_ = 0;
  size_t sizes_seen_ = 0;
  std::string bytes_;
  uint64_t size_bytes_ = 0;
};

Names NamesAfter(const Node& directory, const Survival& survival) {
  Names names = directory.durable_names;
  for (const NameChange& change : directory.name_changes) {
    if (!survival.KeepsName(change.number)) continue;
    if (change.now == nullptr) {
      names.erase(change.name);
    } else {
      names[change.name] = change.now;
    }
  }
  return names;
}

void Collect(const Node& directory, const std::string& path, const Survival& survival,
             Image* image) {
  for (const auto& [name, node] : NamesAfter(directory, survival)) {
    const std::string child = path + "/" + name;
    if (node->is_directory) {
      image->directories.insert(child);
      Collect(*node, child, survival, image);
    } else if (node->file_changes.empty()) {
      image->files[child] = node->durable_bytes;
    } else {
      image->files[child] = Replay(*node, survival).Run();
    }
  }
}

// Every node that has a name, now or durably, once.
void ForEachNode(const Node& directory, std::map<uint64_t, const Node*>* found) {
  const auto visit = [found](const NodeRef& node) {
    if (node == nullptr || !found->emplace(node->id, node.get()).second) return;
    if (node->is_directory) ForEachNode(*node, found);
  };
  for (const auto& [name, node] : directory.names) visit(node);
  for (const auto& [name, node] : directory.durable_names) visit(node);
  for (const NameChange& change : directory.name_changes) visit(change.now);
}

}  // namespace

std::vector<std::string> PathParts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end != 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

Disk::Disk() : root_(NewNode(true)) {}

Disk::Disk(const Image& image) : Disk() {
  for (const std::string& directory : image.directories) {
    const Result<Place> place = PlaceOf(directory);
    KEEL_CHECK(place.ok()) << place.status();
    Create(*place, true);
  }
  for (const auto& [path, bytes] : image.files) {
    const Result<Place> place = PlaceOf(path);
    KEEL_CHECK(place.ok()) << place.status();
    const NodeRef file = Create(*place, false);
    file->bytes = std::const_pointer_cast<std::string>(bytes);  // copied before it is written to
    file->durable_bytes = file->bytes;
  }
  std::map<uint64_t, const Node*> nodes;
  ForEachNode(*root_, &nodes);
  for (const auto& [id, node] : nodes) {
    if (node->is_directory) SyncDirectory(const_cast<Node*>(node));
  }
  SyncDirectory(root_.get());
}

NodeRef Disk::NewNode(bool is_directory) {
  auto node = std::make_shared<Node>();
  node->id = ++newest_node_;
  node->is_directory = is_directory;
  return node;
}

Result<NodeRef> Disk::Find(std::string_view path) const {
  NodeRef node = root_;
  for (const std::string& part : PathParts(path)) {
    const auto found = node->names.find(part);
    if (found == node->names.end()) return NotFound(std::string(path) + ": no such file");
    node = found->second;
  }
  return node;
}

Result<Disk::Place> Disk::PlaceOf(std::string_view path) const {
  std::vector<std::string> parts = PathParts(path);
  if (parts.empty()) return InvalidArgument("the root has no name");
  const std::string name = std::move(parts.back());
  parts.pop_back();
  NodeRef node = root_;
  for (const std::string& part : parts) {
    const auto found = node->names.find(part);
    if (found == node->names.end() || !found->second->is_directory) {
      return NotFound(std::string(path) + ": no such directory");
    }
    node = found->second;
  }
  return Place{std::move(node), name};
}

void Disk::SetName(Node* directory, NameChange change) {
  if (change.now == nullptr) {
    directory->names.erase(change.name);
  } else {
    directory->names[change.name] = change.now;
  }
  directory->name_changes.push_back(std::move(change));
}

NodeRef Disk::Create(const Place& place, bool is_directory) {
  NodeRef node = NewNode(is_directory);
  SetName(place.directory.get(), {++newest_change_, place.name, node});
  return node;
}

void Disk::Remove(const Place& place) {
  SetName(place.directory.get(), {++newest_change_, place.name, nullptr});
}

void Disk::Rename(const Move& move) {
  const NodeRef node = move.from.directory->names.at(move.from.name);
  // One number for both: a crash keeps the whole rename or nothing of it.
  const uint64_t number = ++newest_change_;
  const bool crosses = move.from.directory != move.to.directory;
  SetName(move.from.directory.get(), {number, move.from.name, nullptr, crosses});
  SetName(move.to.directory.get(), {number, move.to.name, node, crosses});
}

void Disk::Write(Node* file, uint64_t offset, std::string_view bytes) {
  FileChange change = {.number = ++newest_change_, .offset = offset, .bytes = std::string(bytes)};
  if (offset + bytes.size() > file->bytes->size()) {
    change.resizes = true;
    change.size_bytes = offset + bytes.size();
  }
  Overwrite(Writable(&file->bytes), offset, bytes);
  file->file_changes.push_back(std::move(change));
}

void Disk::Resize(Node* file, uint64_t size_bytes) {
  Writable(&file->bytes)->resize(size_bytes);
  file->file_changes.push_back(
      {.number = ++newest_change_, .resizes = true, .size_bytes = size_bytes});
}

void Disk::SyncFile(Node* file) {
  if (file->file_changes.empty()) return;
  std::string* durable = Writable(&file->durable_bytes);
  for (const FileChange& change : file->file_changes) {
    if (change.resizes) durable->resize(change.size_bytes);
    Overwrite(durable, change.offset, change.bytes);
  }
  file->file_changes.clear();
}

void Disk::DropFileChanges(Node* file) { file->file_changes.clear(); }

void Disk::SyncDirectory(Node* directory) {
  uint64_t crossing = 0;
  for (const NameChange& change : directory->name_changes) {
    if (change.crosses) crossing = change.number;
  }
  MakeNamesDurable(directory, newest_change_);
  if (crossing == 0) return;
  // A rename is one entry of the journal: its other half, and all before it, become durable too.
  std::map<uint64_t, const Node*> nodes;
  ForEachNode(*root_, &nodes);
  for (const auto& [id, node] : nodes) MakeNamesDurable(const_cast<Node*>(node), crossing);
  MakeNamesDurable(root_.get(), crossing);
}

void Disk::MakeNamesDurable(Node* directory, uint64_t up_to) {
  std::vector<NameChange> later;
  for (NameChange& change : directory->name_changes) {
    if (change.number > up_to) {
      later.push_back(std::move(change));
    } else if (change.now == nullptr) {
      directory->durable_names.erase(change.name);
    } else {
      directory->durable_names[change.name] = change.now;
    }
  }
  directory->name_changes = std::move(later);
}

void Disk::FlipBit(Node* file, uint64_t bit) {
  const auto flip = [bit](std::string* bytes) {
    if (bit / 8 < bytes->size()) (*bytes)[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  };
  const bool is_shared = file->bytes == file->durable_bytes;
  flip(Writable(&file->bytes));
  if (is_shared) {
    file->durable_bytes = file->bytes;
  } else {
    flip(Writable(&file->durable_bytes));
  }
}

Image Disk::ImageAfter(const Loss& loss) const {
  Image image;
  Collect(*root_, "", Survival(loss, {.newest = newest_change_}), &image);
  return image;
}

Image Disk::ImageNow() const {
  Image image;
  const std::function<void(const Node&, const std::string&)> visit = [&](const Node& directory,
                                                                         const std::string& path) {
    for (const auto& [name, node] : directory.names) {
      const std::string child = path + "/" + name;
      if (node->is_directory) {
        image.directories.insert(child);
        visit(*node, child);
      } else {
        image.files[child] = node->bytes;
      }
    }
  };
  visit(*root_, "");
  return image;
}

std::vector<uint64_t> Disk::Unsynced() const {
  std::map<uint64_t, const Node*> nodes;
  ForEachNode(*root_, &nodes);
  nodes.emplace(root_->id, root_.get());
  std::vector<uint64_t> numbers;
  for (const auto& [id, node] : nodes) {
    for (const FileChange& change : node->file_changes) numbers.push_back(change.number);
    for (const NameChange& change : node->name_changes) numbers.push_back(change.number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

uint64_t Disk::UsedBytes() const {
  std::map<uint64_t, const Node*> nodes;
  ForEachNode(*root_, &nodes);
  uint64_t used_bytes = 0;
  for (const auto& [id, node] : nodes) used_bytes += node->bytes->size();
  return used_bytes;
}

}  // namespace keel::simfs
