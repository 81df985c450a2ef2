#include "kv/mvcc/head_cache.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace keel::kv {

namespace {

// An entry: its length, the tag, the key's length (a byte each), the key, the head's numbers.
constexpr size_t kTagAt = 1;
constexpr size_t kKeyLengthAt = 2;
constexpr size_t kKeyAt = 3;

constexpr size_t kNumbers = 5;
// The front of a bucket: from there the processor follows by itself.
constexpr size_t kPrefetchedBytes = 256;
constexpr size_t kLineBytes = 64;

size_t ByteAt(const char* at) { return static_cast<unsigned char>(*at); }

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

HeadCache::HeadCache(size_t bytes_max)
    : bucket_count_(std::max<size_t>(1, bytes_max / sizeof(Bucket))),
      buckets_(static_cast<Bucket*>(std::calloc(bucket_count_, sizeof(Bucket)))) {
  KEEL_CHECK(buckets_ != nullptr) << "out of memory";
}

HeadCache::Place HeadCache::PlaceOf(std::string_view key) const {
  const uint64_t hash = Checksum(key);
  return {.bucket = &buckets_[(hash >> 8) % bucket_count_], .tag = static_cast<char>(hash)};
}

size_t HeadCache::FindIn(const Place& place, std::string_view key) {
  const Bucket& bucket = *place.bucket;
  size_t at = 0;
  while (at < bucket.used) {
    const char* entry = bucket.bytes + at;
    if (entry[kTagAt] == place.tag && ByteAt(entry + kKeyLengthAt) == key.size() &&
        std::memcmp(entry + kKeyAt, key.data(), key.size()) == 0) {
      return at;
    }
    at += ByteAt(entry);
  }
  return at;
}

void HeadCache::Cut(Bucket* bucket, size_t at) {
  const size_t length = ByteAt(bucket->bytes + at);
  const size_t behind = at + length;
  std::memmove(bucket->bytes + at, bucket->bytes + behind, bucket->used - behind);
  bucket->used = static_cast<uint16_t>(bucket->used - length);
}

void HeadCache::Prefetch(std::string_view key) const {
  if (key.empty() || key.size() > kKeyBytesMax) return;
  const char* bucket = static_cast<const char*>(static_cast<const void*>(PlaceOf(key).bucket));
  for (size_t at = 0; at < kPrefetchedBytes; at += kLineBytes) __builtin_prefetch(bucket + at);
}

std::optional<Head> HeadCache::Find(std::string_view key) const {
  if (key.empty() || key.size() > kKeyBytesMax) return std::nullopt;
  const Place place = PlaceOf(key);
  const size_t at = FindIn(place, key);
  if (at == place.bucket->used) return std::nullopt;
  const char* next = place.bucket->bytes + at + kKeyAt + key.size();
  uint64_t numbers[kNumbers] = {};
  for (uint64_t& number : numbers) number = ReadNumber(&next);
  return Head{.mod = Revision(numbers[0]),
              .create = Revision(numbers[1]),
              .version = numbers[2],
              .lease = LeaseId(numbers[3]),
              .value_bytes = numbers[4]};
}

void HeadCache::Put(std::string_view key, const Head& head) {
  if (key.empty() || key.size() > kKeyBytesMax) return;
  const Place place = PlaceOf(key);
  Bucket& bucket = *place.bucket;
  if (const size_t at = FindIn(place, key); at != bucket.used) Cut(&bucket, at);
  char entry[kKeyAt + kKeyBytesMax + kNumbers * kVarint64BytesMax];
  entry[kTagAt] = place.tag;
  entry[kKeyLengthAt] = static_cast<char>(key.size());
  char* end = entry + kKeyAt + key.copy(entry + kKeyAt, key.size());
  for (const uint64_t number : {head.mod.value(), head.create.value(), head.version,
                                head.lease.value(), head.value_bytes}) {
    end = EncodeVarint64(end, number);
  }
  const auto size_bytes = static_cast<size_t>(end - entry);
  entry[0] = static_cast<char>(size_bytes);
  while (bucket.used + size_bytes > sizeof(bucket.bytes)) Cut(&bucket, 0);
  std::memcpy(bucket.bytes + bucket.used, entry, size_bytes);
  bucket.used = static_cast<uint16_t>(bucket.used + size_bytes);
}

void HeadCache::Erase(std::string_view key) {
  if (key.empty() || key.size() > kKeyBytesMax) return;
  const Place place = PlaceOf(key);
  if (const size_t at = FindIn(place, key); at != place.bucket->used) Cut(place.bucket, at);
}

}  // namespace keel::kv
