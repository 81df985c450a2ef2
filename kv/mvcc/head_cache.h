// The heads of keys that were written or looked up lately, in exactly bounded memory: a put that
// finds its key here reads nothing from the engine.
//
// Buckets of a fixed size hold packed entries, the oldest first, and in front of them, in the first
// lines of the processor's cache, what tells where a key's entry is. A full bucket forgets its
// oldest; but an oldest that was written over where it stood becomes the youngest instead, once
// for all the times that it was. An entry of an ordinary key takes some 30 bytes, so that a million
// keys fit in a small part of a small machine. The cache may forget at any time and never lies: its
// owner puts in what it has just written, and erases what it deletes. Pages are touched only as
// they fill. Belongs to the apply role.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

class HeadCache {
 public:
  explicit HeadCache(size_t bytes_max);

  // Fetch what Find will look at, ahead of it: the cache is larger than the processor's own. First
  // the front of the key's bucket; then, once that is there, the key's entry.
  void PrefetchFront(std::string_view key) const;
  void PrefetchEntry(std::string_view key) const;
  [[nodiscard]] std::optional<Head> Find(std::string_view key) const;
  void Put(std::string_view key, const Head& head);
  void Erase(std::string_view key);

 private:
  // Longer keys would leave a bucket to too few.
  static constexpr size_t kKeyBytesMax = 128;
  // Large enough that few overflow while others have room: chance fills small ones unevenly, and a
  // key that was pushed out costs its next put a seek.
  static constexpr size_t kBucketBytes = 1024;

  // More than a bucket holds of ordinary keys.
  static constexpr size_t kEntriesMax = 40;
  static constexpr size_t kEntryBytesMax = 1 + kKeyBytesMax + 5 * kVarint64BytesMax;
  static constexpr size_t kFrontBytes = sizeof(uint16_t) + sizeof(uint8_t) + 2 * kEntriesMax;

  struct alignas(64) Bucket {
    uint16_t used;                 // of `bytes`
    uint8_t count;                 // of the entries
    char tags[kEntriesMax];        // most other keys of the bucket differ in it
    uint8_t lengths[kEntriesMax];  // of each entry, in bytes
    char bytes[kBucketBytes - kFrontBytes];
  };
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Place {
    Bucket* bucket = nullptr;
    char tag = 0;
  };
  // An entry's number, and where it begins.
  struct Spot {
    size_t number = 0;
    size_t at = 0;
  };

  [[nodiscard]] static bool Takes(std::string_view key) {
    return !key.empty() && key.size() <= kKeyBytesMax;
  }
  [[nodiscard]] Place PlaceOf(std::string_view key) const;
  // Where the key's entry is; behind all of them if it has none.
  [[nodiscard]] static Spot FindIn(const Place& place, std::string_view key);
  static void Cut(Bucket* bucket, const Spot& spot);
  // Requires that there is room.
  static void Append(Bucket* bucket, char tag, std::string_view entry);
  // Forgets until there is room for an entry of so many bytes: a bucket holds several of the
  // largest.
  static void MakeRoom(Bucket* bucket, size_t bytes);

  const size_t bucket_count_;
  const std::unique_ptr<void, Free> memory_;
  Bucket* const buckets_;
};

}  // namespace keel::kv
