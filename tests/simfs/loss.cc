#include "tests/simfs/loss.h"

#include <algorithm>
#include <array>

#include "base/prng.h"

namespace keel::simfs {

namespace {

constexpr std::array<const char*, 9> kModeNames = {"nothing",    "everything", "prefix",
                                                   "torn",       "sectors",    "zeroed",
                                                   "names-lost", "names-kept", "newest"};

}  // namespace

const char* LossModeName(LossMode mode) { return kModeNames.at(static_cast<size_t>(mode)); }

std::string Loss::ToString() const {
  return std::string(LossModeName(mode)) + " cut=" + std::to_string(cut) +
         " seed=" + std::to_string(seed);
}

// A number that depends on nothing but the seed and what is asked about.
uint64_t Survival::Chance(uint64_t a, uint64_t b) const {
  return Prng(loss_.seed * 0x9e3779b97f4a7c15u + a * 0xc2b2ae3d27d4eb4fu + b).Next();
}

bool Survival::KeepsName(uint64_t change) const {
  switch (loss_.mode) {
    case LossMode::kNothing:
    case LossMode::kZeroed:
    case LossMode::kNamesKept:
      return true;
    case LossMode::kEverything:
    case LossMode::kNamesLost:
      return false;
    case LossMode::kPrefix:
      return change <= loss_.cut;
    case LossMode::kTorn:
      return change < loss_.cut;  // a name is changed whole or not at all
    case LossMode::kSectors:
      return Chance(change, 1) % 2 == 0;
    case LossMode::kNewest:
      return change == newest_;
  }
  return true;
}

size_t Survival::SizesKept(const Sizes& sizes) const {
  switch (loss_.mode) {
    case LossMode::kNothing:
    case LossMode::kZeroed:
    case LossMode::kNamesLost:
    case LossMode::kNamesKept:
      return sizes.count;
    case LossMode::kEverything:
      return 0;
    case LossMode::kPrefix:
    case LossMode::kTorn: {
      const uint64_t* end = sizes.changes + sizes.count;
      return static_cast<size_t>(std::upper_bound(sizes.changes, end, loss_.cut) - sizes.changes);
    }
    case LossMode::kSectors:
      return Chance(sizes.file, 2) % (sizes.count + 1);
    case LossMode::kNewest:
      // Sizes are journalled in order: the newest carries the older ones with it.
      return sizes.count != 0 && sizes.changes[sizes.count - 1] == newest_ ? sizes.count : 0;
  }
  return 0;
}

Survival::Fate Survival::FateOf(const Piece& piece) const {
  const Fate all = {.kept_bytes = piece.size_bytes};
  const Fate none = {};
  switch (loss_.mode) {
    case LossMode::kNothing:
    case LossMode::kNamesLost:
      return all;
    case LossMode::kEverything:
    case LossMode::kNamesKept:
      return none;
    case LossMode::kPrefix:
      return piece.change <= loss_.cut ? all : none;
    case LossMode::kTorn: {
      if (piece.change != loss_.cut) return piece.change < loss_.cut ? all : none;
      const uint64_t torn_at = Chance(piece.change, 3) % (piece.write_size_bytes + 1);
      if (torn_at <= piece.write_offset_bytes) return none;
      return {.kept_bytes = std::min<size_t>(piece.size_bytes, torn_at - piece.write_offset_bytes)};
    }
    case LossMode::kSectors: {
      // The sector was written back at one moment: the writes before it are in, those after not.
      const uint64_t moment = Chance(piece.file, piece.sector * 8 + 4) % (piece.count + 1);
      return piece.rank < moment ? all : none;
    }
    case LossMode::kZeroed: {
      Fate fate = all;
      fate.zeroed = Chance(piece.file, piece.sector * 8 + 5) % 2 == 0;
      return fate;
    }
    case LossMode::kNewest:
      return piece.change == newest_ ? all : none;
  }
  return none;
}

}  // namespace keel::simfs
