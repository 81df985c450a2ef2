// The heads of keys that were written lately, in bounded memory: a put that finds its key here
// reads nothing from the engine.
//
// A fixed table of small sets; a set that is full forgets its members in turn. It may forget at any
// time and never lies: its owner puts in what it has just written, and erases what it deletes.
// Belongs to the apply role.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kv/mvcc/layout.h"

namespace keel::kv {

class HeadCache {
 public:
  explicit HeadCache(size_t bytes_max);

  [[nodiscard]] const Head* Find(std::string_view key) const;
  void Put(std::string_view key, const Head& head);
  void Erase(std::string_view key);
  void Clear();

 private:
  // Longer keys would make the bound in bytes a guess.
  static constexpr size_t kKeyBytesMax = 128;
  static constexpr size_t kWays = 4;

  struct Slot {
    std::string key;  // empty: free
    Head head;
  };
  struct Set {
    std::array<Slot, kWays> slots;
    size_t next = 0;
  };

  [[nodiscard]] size_t SetOf(std::string_view key) const;

  std::vector<Set> sets_;
};

}  // namespace keel::kv
