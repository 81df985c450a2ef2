// The `fields` format's common parts: one `"Name" : value` a line. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/etcdserverpb/header.pb.h"
#include "api/mvccpb/kv.pb.h"

namespace keel::ctl {

[[nodiscard]] std::string Field(std::string_view name, int64_t value);
[[nodiscard]] std::string UnsignedField(std::string_view name, uint64_t value);
[[nodiscard]] std::string BoolField(std::string_view name, bool value);
// `value` in quotes.
[[nodiscard]] std::string TextField(std::string_view name, std::string_view value);
// `value` as it is.
[[nodiscard]] std::string BareField(std::string_view name, std::string_view value);
[[nodiscard]] std::string HeaderFields(const etcdserverpb::ResponseHeader& header);
[[nodiscard]] std::string KeyFields(std::string_view prefix, const mvccpb::KeyValue& kv);

}  // namespace keel::ctl
