// --key-file: the key that backups are encrypted with.
#pragma once

#include <string>

#include "backup/crypt.h"
#include "base/fs/posix_file_system.h"
#include "tools/keelctl/command/command.h"

namespace keel::ctl {

// Empty if the flag was not given.
[[nodiscard]] inline Result<std::string> KeyOf(const Context& context) {
  const std::string& path = context.flags().Text("key-file");
  if (path.empty()) return std::string();
  PosixFileSystem files;
  return backup::ReadKeyFile(&files, path);
}

}  // namespace keel::ctl
