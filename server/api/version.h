// The version of etcd whose protocol is spoken here: clients refuse older ones.
#pragma once

#include <string_view>

namespace keel::api {

inline constexpr std::string_view kVersion = "3.6.0";

}  // namespace keel::api
