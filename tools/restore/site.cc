#include "tools/restore/site.h"

#include <filesystem>

#include "base/result.h"

namespace keel::restore {

Site::~Site() {
  std::error_code ignored;
  if (begun_) std::filesystem::remove_all(path_, ignored);
}

Status Site::Begin() {
  KEEL_ASSIGN_OR_RETURN(const bool exists, files_->Exists(final_path_));
  if (exists) {
    KEEL_ASSIGN_OR_RETURN(const auto names, files_->List(final_path_));
    if (!names.empty()) {
      return FailedPrecondition(final_path_ +
                                " is not empty: a restore never touches data that is there; give "
                                "another --data-dir, or move it away");
    }
  }
  KEEL_ASSIGN_OR_RETURN(const bool is_left, files_->Exists(path_));
  if (is_left) {
    return FailedPrecondition(path_ +
                              " is there: another restore runs, or one was killed; if none runs, "
                              "remove it");
  }
  const Status made = files_->CreateDirectory(path_);
  begun_ = made.ok();
  return made;
}

Status Site::Complete() {
  KEEL_RETURN_IF_ERROR(files_->SyncDirectory(path_));
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = path_, .to = final_path_}));
  begun_ = false;
  const std::string parent = std::filesystem::path(final_path_).parent_path().string();
  return files_->SyncDirectory(parent.empty() ? "." : parent);
}

}  // namespace keel::restore
