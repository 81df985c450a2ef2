// What a SimulatedFileSystem shares with its open files. Private to tests/simfs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/status.h"
#include "tests/simfs/disk.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::simfs {

struct SimulatedFileSystem::State {
  // Guards all below; never held while the hook runs.
  mutable std::mutex mutex;
  Disk disk;
  OperationHook hook;
  uint64_t capacity_bytes = 0;
  uint64_t generation = 1;  // one more after each crash
  std::set<std::string> locks;

  // Tells the hook, and gives back what it wants to happen.
  [[nodiscard]] Fault Announce(const Operation& operation) const {
    OperationHook called;
    {
      const std::lock_guard lock(mutex);
      called = hook;
    }
    return called ? called(operation) : Fault{};
  }

  // OK if a file may grow by so much. Requires the mutex.
  [[nodiscard]] Status CheckRoom(uint64_t more_bytes, const std::string& path) const {
    if (capacity_bytes == 0 || more_bytes == 0) return {};
    if (disk.UsedBytes() + more_bytes <= capacity_bytes) return {};
    return ResourceExhausted("write " + path + ": No space left on device");
  }
};

// An open file of any kind: one class, since the three differ only in what they let a caller do.
class SimulatedFile {
 public:
  using State = SimulatedFileSystem::State;

  SimulatedFile(std::shared_ptr<State> state, NodeRef node, std::string path);

  [[nodiscard]] Result<size_t> ReadAt(uint64_t offset, std::span<char> buffer) const;
  [[nodiscard]] Result<uint64_t> SizeBytes() const;
  Status WriteAt(uint64_t offset, std::string bytes);
  Status Append(std::string bytes);
  Status Preallocate(uint64_t size_bytes);
  Status Truncate(uint64_t size_bytes);
  Status Sync();
  Status Close();

 private:
  // A write whose fault is known. Requires the mutex.
  Status WriteFaulty(uint64_t offset, std::string bytes, const Fault& fault);
  // OK while neither a crash nor Close has ended it. Requires the mutex.
  [[nodiscard]] Status CheckAlive() const;

  std::shared_ptr<State> state_;
  NodeRef node_;
  std::string path_;
  uint64_t generation_;
  bool closed_ = false;
};

}  // namespace keel::simfs
