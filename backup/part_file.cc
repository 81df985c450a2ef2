#include "backup/part_file.h"

#include <utility>

#include "base/path.h"

namespace keel::backup {

Result<std::unique_ptr<PartFile>> PartFile::Create(FileSystem* files, const std::string& path) {
  std::unique_ptr<PartFile> made(new PartFile(files, path));
  KEEL_ASSIGN_OR_RETURN(made->file_, files->OpenAppendable(made->part(), OpenMode::kCreateOrEmpty));
  return made;
}

PartFile::~PartFile() {
  if (file_ == nullptr) return;  // it could not be opened
  file_.reset();
  // Nobody is left to be told; the next one begins by emptying it.
  if (!named_) (void)files_->Remove(part());
}

Status PartFile::Complete() {
  KEEL_RETURN_IF_ERROR(file_->Sync());
  KEEL_RETURN_IF_ERROR(file_->Close());
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = part(), .to = path_}));
  named_ = true;
  return files_->SyncDirectory(DirectoryOf(path_));
}

}  // namespace keel::backup
