// What waldump prints, as text: the tests read it too. Borrows the file system, and only reads.
#pragma once

#include <string>

#include "base/file_system.h"
#include "tools/waldump/arguments.h"

namespace keel::waldump {

enum class ExitCode : int { kSound = 0, kDamaged = 1, kNotUnderstood = 2, kUnreadable = 3 };

struct Dump {
  std::string text;   // for stdout
  std::string error;  // for stderr
  ExitCode code = ExitCode::kSound;
};

// Of whatever is at arguments.path.
[[nodiscard]] Dump DumpPath(FileSystem* files, const Arguments& arguments);

}  // namespace keel::waldump
