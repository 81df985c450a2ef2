#include "tools/keelctl/commands/walk.h"

#include <algorithm>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/output/printer.h"

namespace keel::ctl {
namespace {

constexpr int64_t kPageKeysMax = 2000;
// What a page should take: far below what a message may have.
constexpr size_t kPageBytes = size_t{4} << 20;

}  // namespace

Result<Walked> WalkPrefix(Calls& calls, const std::string& prefix,
                          const std::function<void(uint64_t)>& total,
                          const std::function<bool(const mvccpb::KeyValue&)>& take) {
  Walked walked;
  pb::RangeRequest request;
  request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
  request.set_range_end(PrefixEnd(prefix));
  request.set_serializable(true);
  request.set_limit(16);
  while (true) {
    if (interrupt::Asked()) return Cancelled("interrupted");
    const auto page = calls.Any<pb::RangeResponse>(method::kRange, request);
    if (!page.ok()) {
      const bool too_large = page.status().code() == Code::kResourceExhausted;
      if (!too_large || request.limit() == 1) return page.status();
      request.set_limit(std::max<int64_t>(1, request.limit() / 4));
      continue;
    }
    if (walked.revision == 0) {
      walked.revision = page->header().revision();
      total(static_cast<uint64_t>(page->count()));
    }
    for (const mvccpb::KeyValue& kv : page->kvs()) {
      ++walked.keys;
      if (!take(kv)) return walked;
    }
    if (!page->more() || page->kvs().empty()) return walked;
    request.set_revision(walked.revision);
    request.set_key(page->kvs().rbegin()->key() + std::string(1, '\0'));
    // As many keys as fill a page, by the size of those that came.
    const size_t bytes = std::max<size_t>(page->ByteSizeLong(), 1);
    const size_t fitting = kPageBytes * static_cast<size_t>(page->kvs_size()) / bytes;
    request.set_limit(std::clamp<int64_t>(static_cast<int64_t>(fitting), 1, kPageKeysMax));
  }
}

}  // namespace keel::ctl
