// Every decoder of what the engine holds, and the reader of LevelDB's logs, against any bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "kv/engine/level_log.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"

namespace keel::kv {
namespace {

void Records(std::string_view input) {
  DataRecord data;
  if (DecodeData(input, &data)) KEEL_CHECK(EncodeData(data) == input);
  RevisionRecord revision;
  if (DecodeRevision(input, &revision)) KEEL_CHECK(EncodeRevision(revision) == input);
  StoreState state;
  if (DecodeState(input, &state)) KEEL_CHECK(EncodeState(state) == input);
  if (const auto outcome = DecodeOutcome(input); outcome.has_value()) {
    KEEL_CHECK(EncodeOutcome(*outcome) == input);
  }
}

void Keys(std::string_view input) {
  std::string key;
  Revision at;
  if (ParseDataKey(input, &key, &at)) {
    const Layout layout(0);
    // But for the group and the letter, which the parser does not look at.
    KEEL_CHECK(layout.DataKey(key, at).substr(kFamilyPrefixBytes) ==
               input.substr(kFamilyPrefixBytes));
  }
  uint32_t sub = 0;
  if (ParseRevisionKey(input, &at, &sub)) {
    KEEL_CHECK(Layout(0).RevisionKey(at, sub).substr(kFamilyPrefixBytes) ==
               input.substr(kFamilyPrefixBytes));
  }
}

void Logs(std::string_view input) {
  const LevelLogScan scan = ScanLevelLog(input);
  KEEL_CHECK(scan.good_bytes <= input.size());
  KEEL_CHECK((scan.good_bytes == input.size()) == scan.complaint.empty());
  ManifestLogs logs;
  (void)ReadManifestLogs(scan.records, &logs);
  (void)ReadManifestLogs({std::string(input)}, &logs);
}

}  // namespace
}  // namespace keel::kv

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  keel::kv::Records(input);
  keel::kv::Keys(input);
  keel::kv::Logs(input);
  return 0;
}
