// Names of files, as text.
#pragma once

#include <string>

namespace keel {

// The directory that holds `path`.
[[nodiscard]] std::string DirectoryOf(const std::string& path);

}  // namespace keel
