// What the commands about archives share: their progress bars, and which failure is which exit
// code.
#pragma once

#include <string>

#include "tools/keelctl/command/command.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {

[[nodiscard]] inline Progress::Options BytesOf(std::string what) {
  return {.what = std::move(what),
          .write = [](double bytes) { return HumanBytes(static_cast<uint64_t>(bytes)); }};
}

inline ExitCode FailForArchive(const Context& context, const Status& status) {
  switch (status.code()) {
    case Code::kNotFound:
    case Code::kPermissionDenied:
      return context.Fail(ExitCode::kIo, status.message());
    case Code::kInvalidArgument:
      return context.Fail(ExitCode::kBadArguments, status.message());
    case Code::kCancelled:
      return context.Fail(ExitCode::kInterrupted, status.message());
    default:
      return context.Fail(ExitCode::kError, status.message());
  }
}

}  // namespace keel::ctl
