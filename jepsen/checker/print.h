// A report as keel-check prints it: the verdict alone on the first line, then what explains it.
#pragma once

#include <string>

#include "jepsen/checker/check.h"

namespace keel::jepsen {

[[nodiscard]] std::string PrintReport(const Report& report);

}  // namespace keel::jepsen
