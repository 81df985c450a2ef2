// The tip: up to which moment an archive is known to hold everything.
//
// While nothing is written, no segment comes; the leader then replaces this small object now and
// then, so that a restore to a moment long after the last write can tell "nothing happened" from
// "it was never archived". It counts only where its position is the end of the archive. Pure.
#pragma once

#include <string>
#include <string_view>

#include "backup/archive/segment_format.h"
#include "base/result.h"

namespace keel::backup {

struct Tip {
  uint64_t cluster_id = 0;
  ArchivePosition at;
  uint64_t whole_until_ms = 0;  // by the leader's wall clock

  friend bool operator==(const Tip&, const Tip&) = default;
};
[[nodiscard]] std::string EncodeTip(const Tip& tip);
// DATA_LOSS for what EncodeTip would not have made.
[[nodiscard]] Result<Tip> DecodeTip(std::string_view bytes);

}  // namespace keel::backup
