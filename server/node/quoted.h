// A value for a line of the log, whatever is in it: in quotes, with what would end it early
// escaped, so that a line stays one line and its values can be told apart. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace keel::node {

[[nodiscard]] std::string Quoted(std::string_view value);

}  // namespace keel::node
