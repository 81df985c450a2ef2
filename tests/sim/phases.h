// What a cluster is in the middle of, and which faults began in the middle of it.
//
// A phase is an interval of one host's or one stream's doing, named by a key. A cell (fault, phase)
// counts when the fault starts while the phase is under way and the phase then ends. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/sim/event_queue.h"

namespace keel::sim {

enum class Phase : uint8_t {
  kElection,
  kJoint,
  kSnapshotSent,
  kSnapshotInstalled,
  kTransfer,
  kCompaction,
  kRestart,
  kLeaseExpiry,  // this and those before the last: of whole nodes alone (tests/nodesim)
  kDiskFull,
  kRepair,
  kHandOver,  // a leader has yet to go on with the archive
  kGap,       // the archive was given up, and no base is behind that yet
  kSteady,
};
inline constexpr size_t kPhases = 13;
[[nodiscard]] std::string_view ToString(Phase phase);

enum class FaultKind : uint8_t {
  kLoss,
  kDuplicate,
  kReorder,
  kDelay,
  kCut,
  kOneWay,
  kBridge,
  kCrash,
  kSlowDisk,
  kStalledDisk,
  kDamage,
  kLostState,
  kWipe,
  kSkew,
  kPause,
  kKill,
  kReset,
  kTransfer,
  kAdd,
  kAlter,
  kRemove,
  kRemoveLeader,
  kReplace,
  kSettings,
  kCompact,
  kFullDisk,  // this and those behind it: of whole nodes alone
  kBrokenSync,
  kStop,
  kOutage,
  kArchiveSlow,
  kArchiveFull,
  kArchiveErrors,
  kArchivePower,  // its machine loses what was not synced
  kArchiveTorn,   // a leader dies in the middle of writing to it
};
inline constexpr size_t kFaultKinds = 34;
[[nodiscard]] std::string_view ToString(FaultKind kind);

// Faults × phases.
struct Matrix {
  std::array<std::array<uint32_t, kPhases>, kFaultKinds> cells{};

  void Add(const Matrix& other);
};

class PhaseListener {
 public:
  virtual ~PhaseListener() = default;
  virtual void OnPhaseBegun(Phase phase) = 0;
};

class PhaseTracker {
 public:
  explicit PhaseTracker(PhaseListener* listener) : listener_(listener) {}

  // Beginning what has begun, and ending what has not, changes nothing.
  void Begin(Phase phase, uint64_t key);
  void End(Phase phase, uint64_t key);
  // Ends everything of that key but streams, which have keys of their own.
  void EndAllOf(uint64_t key);
  void EndEverything();
  [[nodiscard]] bool IsUnderWay(Phase phase) const { return counts_[Slot(phase)] > 0; }
  [[nodiscard]] bool IsUnderWay(Phase phase, uint64_t key) const;

  void FaultStarted(FaultKind kind);

  [[nodiscard]] const Matrix& matrix() const { return matrix_; }
  [[nodiscard]] uint64_t ended_count(Phase phase) const { return ended_[Slot(phase)]; }

 private:
  struct UnderWay {
    Phase phase;
    uint64_t key = 0;
    uint64_t faults = 0;  // one bit for each kind that began within
  };

  [[nodiscard]] static size_t Slot(Phase phase) { return static_cast<size_t>(phase); }
  void Count(const UnderWay& ended);

  PhaseListener* listener_;
  std::vector<UnderWay> under_way_;
  std::array<uint32_t, kPhases> counts_{};
  std::array<uint64_t, kPhases> ended_{};
  Matrix matrix_;
};

}  // namespace keel::sim
