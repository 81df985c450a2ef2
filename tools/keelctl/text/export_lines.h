// The lines of `keelctl export`: JSON, one object a line.
//
//   {"keel_export":1,"prefix":"","revision":1234,"keys":2}
//   {"key":"a","value":"text","create_revision":5,"mod_revision":9,"version":2,"lease":0}
//   {"key64":"/w==","value64":"AAE=","create_revision":6,"mod_revision":6,"version":1,"lease":0}
//   {"end":true,"keys":2}
//
// Text stays text; what is not UTF-8 is base64 under a name with 64. docs/keelctl.md has the rest.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/mvccpb/kv.pb.h"
#include "base/result.h"

namespace keel::ctl {

struct ExportLine {
  enum class Kind : uint8_t { kHeader, kKey, kEnd };
  Kind kind = Kind::kKey;
  mvccpb::KeyValue kv;     // kKey
  std::string prefix;      // kHeader
  int64_t revision = 0;    // kHeader
  uint64_t key_count = 0;  // kHeader and kEnd
};

// With its newline.
[[nodiscard]] std::string WriteExportLine(const ExportLine& line);
// INVALID_ARGUMENT for what is none.
[[nodiscard]] Result<ExportLine> ParseExportLine(std::string_view text);

}  // namespace keel::ctl
