// waldump: prints, verifies and explains the log of a Keel member.
#include <cstdio>

#include "base/fs/posix_file_system.h"
#include "tools/waldump/arguments.h"
#include "tools/waldump/dump.h"

int main(int argc, char** argv) {
  using keel::waldump::ExitCode;
  const auto arguments = keel::waldump::ParseArguments(argc, argv);
  if (!arguments) return static_cast<int>(ExitCode::kNotUnderstood);
  if (arguments->wants_help) {
    keel::waldump::PrintHelp();
    return 0;
  }
  keel::PosixFileSystem files;
  const keel::waldump::Dump dump = keel::waldump::DumpPath(&files, *arguments);
  std::fputs(dump.text.c_str(), stdout);
  std::fputs(dump.error.c_str(), stderr);
  return static_cast<int>(dump.code);
}
