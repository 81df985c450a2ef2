// The platters of a SimulatedFileSystem: a tree of nodes, each with what programs see of it now,
// with what is durable, and with the changes that lie between the two.
//
// Bytes and names become durable apart from each other: SyncFile makes a file's own changes
// durable, SyncDirectory those of the names in it. A crash image is what is durable plus what a
// Survival lets through. Bytes are shared between now, durable and images, and copied when written
// to. Not thread-safe: the file system locks around it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/status.h"
#include "tests/simfs/image.h"
#include "tests/simfs/loss.h"

namespace keel::simfs {

struct Node;
using NodeRef = std::shared_ptr<Node>;
using Names = std::map<std::string, NodeRef>;

// An unsynced change of one file: bytes written, or a new size, or (a write that grows) both.
struct FileChange {
  uint64_t number = 0;
  uint64_t offset = 0;
  std::string bytes;
  bool resizes = false;
  uint64_t size_bytes = 0;
};

// An unsynced change of a directory; a rename is one change of two names, in one directory or two.
struct NameChange {
  uint64_t number = 0;
  std::string name;
  NodeRef now;           // none: the name goes away
  bool crosses = false;  // one half of a rename from one directory to another
};

struct Node {
  uint64_t id = 0;
  bool is_directory = false;

  std::shared_ptr<std::string> bytes = std::make_shared<std::string>();
  std::shared_ptr<std::string> durable_bytes = bytes;
  std::vector<FileChange> file_changes;

  Names names;
  Names durable_names;
  std::vector<NameChange> name_changes;
};

class Disk {
 public:
  // Empty but for the root.
  Disk();
  // All of the image is durable.
  explicit Disk(const Image& image);

  // NOT_FOUND if there is none.
  [[nodiscard]] Result<NodeRef> Find(std::string_view path) const;
  struct Place {
    NodeRef directory;
    std::string name;
  };
  // The directory in which `path` is or would be.
  [[nodiscard]] Result<Place> PlaceOf(std::string_view path) const;

  // ---- changes, seen at once, durable later ----
  NodeRef Create(const Place& place, bool is_directory);
  void Remove(const Place& place);
  struct Move {
    Place from;
    Place to;
  };
  void Rename(const Move& move);
  void Write(Node* file, uint64_t offset, std::string_view bytes);
  void Resize(Node* file, uint64_t size_bytes);

  // ---- durability ----
  void SyncFile(Node* file);
  void SyncDirectory(Node* directory);
  // What a failed sync leaves behind: the changes are still seen, but no later sync covers them.
  void DropFileChanges(Node* file);
  // Flips one bit, seen and durable: rot.
  void FlipBit(Node* file, uint64_t bit);

  // ---- crashes ----
  [[nodiscard]] Image ImageAfter(const Loss& loss) const;
  // What programs see now: the image if nothing were lost.
  [[nodiscard]] Image ImageNow() const;
  // The numbers of all changes that are not durable, ascending.
  [[nodiscard]] std::vector<uint64_t> Unsynced() const;
  [[nodiscard]] uint64_t newest_change() const { return newest_change_; }

  // The sizes of all files that have a name.
  [[nodiscard]] uint64_t UsedBytes() const;

 private:
  NodeRef NewNode(bool is_directory);
  void SetName(Node* directory, NameChange change);
  static void MakeNamesDurable(Node* directory, uint64_t up_to);

  NodeRef root_;
  uint64_t newest_change_ = 0;
  uint64_t newest_node_ = 0;
};

// "/a//b/" -> {"a", "b"}.
[[nodiscard]] std::vector<std::string> PathParts(std::string_view path);

}  // namespace keel::simfs
