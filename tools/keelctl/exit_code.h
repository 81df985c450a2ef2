// What keelctl's exit codes mean: etcdctl's, number for number, so that scripts keep working.
#pragma once

#include <cstdint>

namespace keel::ctl {

enum class ExitCode : uint8_t {
  kSuccess = 0,
  kError = 1,
  kBadConnection = 2,
  kInvalidInput = 3,  // of txn and watch, read from standard input
  kBadFeature = 4,    // a known flag with a value that means nothing
  kInterrupted = 5,
  kIo = 6,
  kBadArguments = 128,
};

}  // namespace keel::ctl
