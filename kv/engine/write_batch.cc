#include "kv/engine/write_batch.h"

#include <memory>

#include "base/check.h"

namespace keel::kv {

namespace {

constexpr size_t kKeptBytesMax = size_t{1} << 20;

leveldb::Slice Slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

void WriteBatch::Put(std::string_view key, std::string_view value) {
  updates_.Put(Slice(key), Slice(value));
  ++count_;
}

void WriteBatch::Delete(std::string_view key) {
  updates_.Delete(Slice(key));
  ++count_;
}

void WriteBatch::Clear() {
  count_ = 0;
  if (size_bytes() <= kKeptBytesMax) {
    updates_.Clear();
    return;
  }
  // A cleared or assigned one would keep its room.
  std::destroy_at(&updates_);
  std::construct_at(&updates_);
}

void WriteBatch::Visit(leveldb::WriteBatch::Handler* handler) const {
  KEEL_CHECK(updates_.Iterate(handler).ok()) << "a batch that was never damaged";
}

}  // namespace keel::kv
