#include "kv/mvcc/head_cache.h"

#include <algorithm>

#include "base/checksum.h"

namespace keel::kv {

namespace {
// What a key of ordinary length takes beyond its slot.
constexpr size_t kKeyBytesTypical = 48;
}  // namespace

HeadCache::HeadCache(size_t bytes_max)
    : sets_(std::max<size_t>(1, bytes_max / (sizeof(Set) + kWays * kKeyBytesTypical))) {}

size_t HeadCache::SetOf(std::string_view key) const {
  return static_cast<size_t>(Checksum(key) % sets_.size());
}

const Head* HeadCache::Find(std::string_view key) const {
  for (const Slot& slot : sets_[SetOf(key)].slots) {
    if (slot.key == key) return &slot.head;
  }
  return nullptr;
}

void HeadCache::Put(std::string_view key, const Head& head) {
  if (key.empty() || key.size() > kKeyBytesMax) return;
  Set& set = sets_[SetOf(key)];
  for (Slot& slot : set.slots) {
    if (slot.key != key) continue;
    slot.head = head;
    return;
  }
  Slot& slot = set.slots[set.next];
  set.next = (set.next + 1) % kWays;
  slot.key = key;
  slot.head = head;
}

void HeadCache::Erase(std::string_view key) {
  for (Slot& slot : sets_[SetOf(key)].slots) {
    if (slot.key == key) slot.key.clear();
  }
}

void HeadCache::Clear() {
  for (Set& set : sets_) set = Set();
}

}  // namespace keel::kv
