// A file under construction: it grows as PATH.part and gets its name when it is complete and
// synced; what is destroyed before leaves nothing behind. Blocking; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace keel::backup {

class PartFile {
 public:
  // Begins by emptying what an earlier one that was killed has left.
  [[nodiscard]] static Result<std::unique_ptr<PartFile>> Create(FileSystem* files,
                                                                const std::string& path);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  Status Append(std::string_view bytes) { return file_->Append(bytes); }
  Status Complete();

 private:
  PartFile(FileSystem* files, const std::string& path) : files_(files), path_(path) {}

  [[nodiscard]] std::string part() const { return path_ + ".part"; }

  FileSystem* const files_;
  const std::string path_;
  std::unique_ptr<AppendableFile> file_;
  bool named_ = false;
};

}  // namespace keel::backup
