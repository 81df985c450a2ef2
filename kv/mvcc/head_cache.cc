#include "kv/mvcc/head_cache.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace keel::kv {

namespace {

// An entry: the key's length less one (a byte), the key, the head's numbers.
constexpr size_t kKeyAt = 1;
constexpr size_t kNumbers = 5;
// Beside the key's length: the entry was written over since it came to its place.
constexpr size_t kAgainBit = 0x80;

size_t ByteAt(const char* at) { return static_cast<unsigned char>(*at); }

size_t KeyBytesOf(const char* entry) { return (ByteAt(entry) & ~kAgainBit) + 1; }

// Of bytes that Put wrote: there is nothing to doubt.
uint64_t ReadNumber(const char** at) {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const uint64_t byte = ByteAt((*at)++);
    number |= (byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
}

}  // namespace

// A bucket more than are used, of which the first may lose its beginning to alignment.
HeadCache::HeadCache(size_t bytes_max)
    : bucket_count_(std::max<size_t>(1, bytes_max / sizeof(Bucket))),
      memory_(std::calloc(bucket_count_ + 1, sizeof(Bucket))),
      buckets_([this] {
        KEEL_CHECK(memory_ != nullptr) << "out of memory";
        void* at = memory_.get();
        size_t room_bytes = (bucket_count_ + 1) * sizeof(Bucket);
        return static_cast<Bucket*>(
            std::align(alignof(Bucket), bucket_count_ * sizeof(Bucket), at, room_bytes));
      }()) {
  static_assert(sizeof(Bucket) == kBucketBytes);
  static_assert(kEntryBytesMax == kKeyAt + kKeyBytesMax + kNumbers * kVarint64BytesMax);
  static_assert(kEntryBytesMax <= std::numeric_limits<uint8_t>::max());
}

HeadCache::Place HeadCache::PlaceOf(std::string_view key) const {
  const uint64_t hash = Checksum(key);
  // The upper half, scaled to the buckets; the lower eight bits are the tag.
  return {.bucket = &buckets_[((hash >> 32) * bucket_count_) >> 32],
          .tag = static_cast<char>(hash)};
}

HeadCache::Spot HeadCache::FindIn(const Place& place, std::string_view key) {
  const Bucket& bucket = *place.bucket;
  Spot spot;
  for (; spot.number < bucket.count; ++spot.number) {
    if (bucket.tags[spot.number] == place.tag) {
      const char* entry = bucket.bytes + spot.at;
      if (KeyBytesOf(entry) == key.size() &&
          std::memcmp(entry + kKeyAt, key.data(), key.size()) == 0) {
        return spot;
      }
    }
    spot.at += bucket.lengths[spot.number];
  }
  return spot;
}

void HeadCache::Cut(Bucket* bucket, const Spot& spot) {
  const size_t length = bucket->lengths[spot.number];
  const size_t behind = spot.at + length;
  const size_t others = bucket->count - spot.number - 1;
  std::memmove(bucket->bytes + spot.at, bucket->bytes + behind, bucket->used - behind);
  std::memmove(bucket->tags + spot.number, bucket->tags + spot.number + 1, others);
  std::memmove(bucket->lengths + spot.number, bucket->lengths + spot.number + 1, others);
  bucket->used = static_cast<uint16_t>(bucket->used - length);
  --bucket->count;
}

void HeadCache::Append(Bucket* bucket, char tag, std::string_view entry) {
  entry.copy(bucket->bytes + bucket->used, entry.size());
  bucket->tags[bucket->count] = tag;
  bucket->lengths[bucket->count] = static_cast<uint8_t>(entry.size());
  bucket->used = static_cast<uint16_t>(bucket->used + entry.size());
  ++bucket->count;
}

void HeadCache::MakeRoom(Bucket* bucket, size_t bytes) {
  while (bucket->count == kEntriesMax || bucket->used + bytes > sizeof(bucket->bytes)) {
    const char tag = bucket->tags[0];
    const bool again = (ByteAt(bucket->bytes) & kAgainBit) != 0;
    char oldest[kEntryBytesMax];
    const std::string_view entry(oldest, bucket->lengths[0]);
    std::memcpy(oldest, bucket->bytes, entry.size());
    Cut(bucket, {});
    if (!again) continue;
    oldest[0] = static_cast<char>(ByteAt(oldest) & ~kAgainBit);
    Append(bucket, tag, entry);
  }
}

void HeadCache::PrefetchFront(std::string_view key) const {
  if (!Takes(key)) return;
  const Bucket* bucket = PlaceOf(key).bucket;
  __builtin_prefetch(bucket);
  __builtin_prefetch(bucket->lengths + kEntriesMax - 1);
}

void HeadCache::PrefetchEntry(std::string_view key) const {
  if (!Takes(key)) return;
  const Place place = PlaceOf(key);
  const Bucket& bucket = *place.bucket;
  size_t at = 0;
  for (size_t i = 0; i < bucket.count; ++i) {
    if (bucket.tags[i] == place.tag) {
      const char* entry = bucket.bytes + at;
      __builtin_prefetch(entry, 1);
      __builtin_prefetch(entry + bucket.lengths[i] - 1, 1);
      return;
    }
    at += bucket.lengths[i];
  }
}

std::optional<Head> HeadCache::Find(std::string_view key) const {
  if (!Takes(key)) return std::nullopt;
  const Place place = PlaceOf(key);
  const Spot spot = FindIn(place, key);
  if (spot.number == place.bucket->count) return std::nullopt;
  const char* next = place.bucket->bytes + spot.at + kKeyAt + key.size();
  uint64_t numbers[kNumbers] = {};
  for (uint64_t& number : numbers) number = ReadNumber(&next);
  return Head{.mod = Revision(numbers[0]),
              .create = Revision(numbers[1]),
              .version = numbers[2],
              .lease = LeaseId(numbers[3]),
              .value_bytes = numbers[4]};
}

void HeadCache::Put(std::string_view key, const Head& head) {
  if (!Takes(key)) return;
  char bytes[kEntryBytesMax];
  bytes[0] = static_cast<char>(key.size() - 1);
  char* end = bytes + kKeyAt + key.copy(bytes + kKeyAt, key.size());
  for (const uint64_t number : {head.mod.value(), head.create.value(), head.version,
                                head.lease.value(), head.value_bytes}) {
    end = EncodeVarint64(end, number);
  }
  const std::string_view entry(bytes, static_cast<size_t>(end - bytes));
  const Place place = PlaceOf(key);
  Bucket& bucket = *place.bucket;
  if (const Spot spot = FindIn(place, key); spot.number != bucket.count) {
    if (bucket.lengths[spot.number] == entry.size()) {
      bytes[0] = static_cast<char>(ByteAt(bytes) | kAgainBit);
      entry.copy(bucket.bytes + spot.at, entry.size());
      return;
    }
    Cut(&bucket, spot);
  }
  MakeRoom(&bucket, entry.size());
  Append(&bucket, place.tag, entry);
}

void HeadCache::Erase(std::string_view key) {
  if (!Takes(key)) return;
  const Place place = PlaceOf(key);
  if (const Spot spot = FindIn(place, key); spot.number != place.bucket->count) {
    Cut(place.bucket, spot);
  }
}

}  // namespace keel::kv
