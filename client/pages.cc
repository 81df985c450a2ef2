#include "client/pages.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::client {

Pages::Pages(Kv kv, GetRequest request, uint64_t page_size)
    : kv_(std::move(kv)), request_(std::move(request)), left_(request_.limit) {
  KEEL_CHECK(page_size > 0) << "a page holds at least one key";
  // Another order would need all keys before the first.
  KEEL_CHECK(request_.order == GetRequest::Order::kNone ||
             (request_.order == GetRequest::Order::kAscend &&
              request_.order_by == GetRequest::Target::kKey))
      << "pages come in the order of their keys";
  request_.limit = page_size;
}

Pages::Iterator Pages::begin() {
  if (request_.revision.IsNone() && !finished_) Fetch();
  if (position_ >= page_.kvs.size()) Advance();
  return Iterator(this);
}

void Pages::Advance() {
  ++position_;
  while (!finished_ && position_ >= page_.kvs.size()) Fetch();
}

Result<std::vector<KeyValue>> Pages::Next() {
  if (!finished_) Fetch();
  KEEL_RETURN_IF_ERROR(status_);
  return std::exchange(page_.kvs, {});
}

void Pages::Fetch() {
  position_ = 0;
  page_.kvs.clear();
  if (last_page_) {
    finished_ = true;
    return;
  }
  GetRequest request = request_;
  if (left_ != 0) request.limit = std::min(left_, request.limit);
  Result<GetResult> page = kv_.Get(std::move(request));
  if (!page.ok()) {
    status_ = page.status();
    finished_ = true;
    return;
  }
  page_ = std::move(*page);
  if (count_ == 0) {
    count_ = page_.count;
    if (request_.revision.IsNone()) request_.revision = page_.header.revision;
  }
  last_page_ = !page_.more || request_.range.IsOne();
  if (left_ != 0) {
    left_ -= std::min<uint64_t>(left_, page_.kvs.size());
    if (left_ == 0) last_page_ = true;
  }
  if (page_.kvs.empty()) {
    finished_ = true;
  } else {
    // The lowest key above the last one.
    request_.range.begin = page_.kvs.back().key + '\0';
  }
}

}  // namespace keel::client
