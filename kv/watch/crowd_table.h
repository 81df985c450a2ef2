// Crowds of members by a byte string: the hashed part of an IntervalIndex.
//
// A crowd is the members that were added under one key. The table is one array that is probed in
// order; a place in it takes one line of the processor's cache and holds all that the usual lookup
// asks for, the key's bytes included: a lookup that Prefetch went ahead of waits for no memory.
// Long keys and the members of a crowd from the second on are kept beside it. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace keel::kv {

class CrowdTable {
 public:
  using Member = uint32_t;

  CrowdTable();
  ~CrowdTable();

  [[nodiscard]] static uint64_t HashOf(std::string_view key);

  // True when the key had no crowd before.
  bool Add(std::string_view key, Member member);
  // False when the member is not in the key's crowd. *emptied: it was the last of it.
  [[nodiscard]] bool Remove(std::string_view key, Member member, bool* emptied);

  // Fetches what Find will look at, where nothing collides.
  void Prefetch(uint64_t hash) const;
  // Appends the key's crowd, in no order; `hash` is the key's.
  void Find(std::string_view key, uint64_t hash, std::vector<Member>* members) const;

  [[nodiscard]] bool empty() const { return used_ == 0; }

 private:
  struct Place;

  // Where the key's place is, or the free one where it would be.
  [[nodiscard]] size_t At(std::string_view key, uint64_t hash) const;
  void Grow();
  // Frees a place, and moves those up that were put behind it for want of it.
  void Free(size_t at);
  [[nodiscard]] size_t Mask() const;

  std::vector<Place> places_;  // a power of two of them, a half used at most
  size_t used_ = 0;
};

}  // namespace keel::kv
