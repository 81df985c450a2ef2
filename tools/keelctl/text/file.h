// Whole files, by the operating system's calls. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace keel::ctl {

// NOT_FOUND when there is none.
[[nodiscard]] Result<std::string> ReadFile(const std::string& path);

// Only the user may read it. The name is there with all of the text or not at all.
Status WriteFile(const std::string& path, const std::string& text);

// The directory of `path` is told to the disk: a rename in it lasts.
Status SyncDirectoryOf(const std::string& path);

}  // namespace keel::ctl
