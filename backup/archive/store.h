// Where an archive is kept: objects with names, put and read as a whole.
//
// The interface asks no more than an object store can give: a put is atomic and durable when it
// returns, names are listed in order, and there is no append. What is too large for memory is built
// as a local file first and then published. DirectoryStore is a local or mounted directory. All
// calls block; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"

namespace keel::backup {

struct ObjectInfo {
  std::string name;
  uint64_t size_bytes = 0;

  friend bool operator==(const ObjectInfo&, const ObjectInfo&) = default;
};

class ArchiveStore {
 public:
  ArchiveStore() = default;
  ArchiveStore(const ArchiveStore&) = delete;
  ArchiveStore& operator=(const ArchiveStore&) = delete;
  virtual ~ArchiveStore() = default;

  // Those that are whole, by name.
  virtual Result<std::vector<ObjectInfo>> List() = 0;
  virtual Result<std::string> Get(const std::string& name) = 0;
  // Replaces what has the name. After a failure either is there, whole.
  virtual Status Put(const std::string& name, std::string_view bytes) = 0;
  virtual Status Remove(const std::string& name) = 0;
  // Makes durable what others put there: whoever died in the middle of a put has left what can be
  // seen and may yet be lost. All names that List gave before it, and the bytes of those given.
  virtual Status Settle(const std::vector<std::string>& names) = 0;

  // For large ones. Where to build a file that is to become an object; what was left there by an
  // earlier attempt is the caller's to overwrite.
  virtual std::string StagingPath(const std::string& name) = 0;
  // The file that was built and synced there is the object from now on, durably.
  virtual Status Publish(const std::string& name) = 0;
  // A local file with the object's bytes, for reading.
  virtual Result<std::string> Fetch(const std::string& name) = 0;
};

class DirectoryStore final : public ArchiveStore {
 public:
  struct Options {
    FileSystem* files = nullptr;
    std::string directory;
    // Tells writers apart: two leaders that write one object at once build it in two places, and
    // the last one to publish it wins.
    std::string writer;
  };
  explicit DirectoryStore(Options options) : options_(std::move(options)) {}

  // Makes the directory, and nothing above it, and its name durable, whoever made it; removes what
  // this writer left when it died.
  Status Prepare();

  Result<std::vector<ObjectInfo>> List() override;
  Result<std::string> Get(const std::string& name) override;
  Status Put(const std::string& name, std::string_view bytes) override;
  Status Remove(const std::string& name) override;
  Status Settle(const std::vector<std::string>& names) override;
  std::string StagingPath(const std::string& name) override;
  Status Publish(const std::string& name) override;
  Result<std::string> Fetch(const std::string& name) override;

 private:
  [[nodiscard]] std::string PathOf(const std::string& name) const {
    return options_.directory + "/" + name;
  }
  Status SyncNamesAbove();
  [[nodiscard]] std::string StagingName(const std::string& name) const;

  const Options options_;
};

}  // namespace keel::backup
