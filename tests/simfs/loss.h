// The ways in which a crash can lose what was not synced, and the choice that each of them makes.
//
// Every unsynced change (a write, a change of size, a change of a name) carries its place in the
// order of all changes. A Survival answers, for one crash, which of them reached the disk; asked
// the same, it answers the same. What was synced always survives, and is never asked about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace keel::simfs {

// The unit that a disk writes whole or not at all, unless a write is torn inside it.
inline constexpr uint64_t kSectorBytes = 512;

enum class LossMode : uint8_t {
  kNothing,     // all reached the disk: what the death of the process alone leaves
  kEverything,  // nothing did
  kPrefix,      // the changes up to the one numbered `cut`, in the order they were made
  kTorn,        // as kPrefix, and a part of the bytes of change `cut`
  kSectors,     // each sector at some moment of its own; names and sizes by chance
  kZeroed,      // names and sizes did, but of the bytes some sectors read as zero
  kNamesLost,   // bytes and sizes did, names did not
  kNamesKept,   // names and sizes did, bytes did not
  kNewest,      // only the newest change did
};

[[nodiscard]] const char* LossModeName(LossMode mode);

struct Loss {
  LossMode mode = LossMode::kNothing;
  uint64_t cut = 0;   // kPrefix, kTorn
  uint64_t seed = 0;  // kTorn, kSectors, kZeroed

  // "torn cut=17 seed=3", for replaying by hand.
  [[nodiscard]] std::string ToString() const;
};

class Survival {
 public:
  struct Order {
    uint64_t newest = 0;  // the number of the newest unsynced change on the whole disk
  };
  Survival(const Loss& loss, Order order) : loss_(loss), newest_(order.newest) {}

  [[nodiscard]] bool KeepsName(uint64_t change) const;

  // How many of a file's unsynced changes of size count, from the oldest on. `changes` are their
  // numbers.
  struct Sizes {
    uint64_t file = 0;
    const uint64_t* changes = nullptr;
    size_t count = 0;
  };
  [[nodiscard]] size_t SizesKept(const Sizes& sizes) const;

  // A write's part inside one sector: the `rank`th of the `count` unsynced ones that touch it.
  struct Piece {
    uint64_t file = 0;
    uint64_t sector = 0;
    uint64_t change = 0;
    size_t rank = 0;
    size_t count = 0;
    size_t size_bytes = 0;
    size_t write_offset_bytes = 0;  // of this part inside its write
    size_t write_size_bytes = 0;
  };
  struct Fate {
    size_t kept_bytes = 0;  // from the front of the piece
    bool zeroed = false;    // those bytes read as zero
  };
  [[nodiscard]] Fate FateOf(const Piece& piece) const;

 private:
  [[nodiscard]] uint64_t Chance(uint64_t a, uint64_t b) const;

  Loss loss_;
  uint64_t newest_;
};

}  // namespace keel::simfs
