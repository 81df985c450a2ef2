// The heads of keys that were written or looked up lately, in exactly bounded memory: a put that
// finds its key here reads nothing from the engine.
//
// Buckets of a fixed size hold packed entries, the oldest first; one that is full forgets its
// oldest. An entry of an ordinary key takes some 30 bytes, so that a million keys fit in a small
// part of a small machine. The cache may forget at any time and never lies: its owner puts in what
// it has just written, and erases what it deletes. Pages are touched only as they fill. Belongs to
// the apply role.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kv/mvcc/layout.h"

namespace keel::kv {

class HeadCache {
 public:
  explicit HeadCache(size_t bytes_max);

  // Fetches the key's place ahead of its use: the cache is larger than the processor's own.
  void Prefetch(std::string_view key) const;
  [[nodiscard]] std::optional<Head> Find(std::string_view key) const;
  void Put(std::string_view key, const Head& head);
  void Erase(std::string_view key);

 private:
  // Longer keys would leave a bucket to too few.
  static constexpr size_t kKeyBytesMax = 128;
  // Large enough that few overflow while others have room: chance fills small ones unevenly, and a
  // key that was pushed out costs its next put a seek.
  static constexpr size_t kBucketBytes = 1024;

  struct Bucket {
    uint16_t used;
    char bytes[kBucketBytes - sizeof(uint16_t)];
  };
  struct Free {
    void operator()(Bucket* buckets) const { std::free(buckets); }
  };
  struct Place {
    Bucket* bucket = nullptr;
    char tag = 0;  // most other keys of the bucket differ in it
  };

  [[nodiscard]] Place PlaceOf(std::string_view key) const;
  // Where the key's entry begins in the bucket; its used bytes if it has none.
  [[nodiscard]] static size_t FindIn(const Place& place, std::string_view key);
  static void Cut(Bucket* bucket, size_t at);

  const size_t bucket_count_;
  const std::unique_ptr<Bucket[], Free> buckets_;
};

}  // namespace keel::kv
