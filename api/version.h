// The version of etcd whose API is served: clients refuse older ones, and choose what to use by it.
#pragma once

#include <string_view>

namespace keel {

inline constexpr std::string_view kEtcdVersion = "3.6.0";

}  // namespace keel
