// All keys of a range as of one revision, page by page, in pages that a member can answer.
#pragma once

#include <functional>
#include <string>

#include "api/etcdserverpb/kv.pb.h"
#include "tools/keelctl/calls/calls.h"

namespace keel::ctl {

struct Walked {
  int64_t revision = 0;
  uint64_t keys = 0;
};

// Calls `take` for every key that begins with `prefix`, in order, until it says false. `total` is
// told how many there are, once.
[[nodiscard]] Result<Walked> WalkPrefix(Calls& calls, const std::string& prefix,
                                        const std::function<void(uint64_t)>& total,
                                        const std::function<bool(const mvccpb::KeyValue&)>& take);

}  // namespace keel::ctl
