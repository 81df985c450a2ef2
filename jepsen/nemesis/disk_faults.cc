// Faults of disks and clocks, by the library that is put into the servers. Each is confirmed by
// that library's counters: so many syncs failed, so many writes were refused, so many times
// shifted.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;
using NodeState = Cluster::NodeState;

constexpr auto kEffectPatience = milliseconds(2'000);
constexpr auto kPollEvery = milliseconds(10);
constexpr auto kOutage = milliseconds(500);
constexpr auto kEndPatience = milliseconds(5'000);

bool Grows(Arena* arena, const std::atomic<uint64_t>& counter, uint64_t before) {
  Patience patience = arena->cluster()->For(kEffectPatience);
  while (counter.load() == before) {
    if (patience.IsOver()) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

// Whether a node that met a broken disk goes on or ends shows only once it has been run for a
// while: it may be starting, be stopped by another fault, or be slow to get its turn. One that has
// ended by itself is started again, after `mend`.
Arena::Chore AwaitFate(Arena* arena, size_t node, std::function<Status()> mend) {
  Cluster* cluster = arena->cluster();
  return {.what = cluster->NameOf(node) + " neither serves nor ends after its disk was broken",
          .work = [cluster, node, mend = std::move(mend),
                   patience = cluster->For(kEndPatience)]() mutable -> Result<bool> {
            if (cluster->StateOf(node) == NodeState::kRunning) {
              cluster->TakeEnd(node, milliseconds(0));
            }
            if (cluster->HasGivenUp(node)) {
              cluster->AllowEnd(node, false);
              KEEL_RETURN_IF_ERROR(mend());
              KEEL_RETURN_IF_ERROR(cluster->StartNode(node));
              return true;
            }
            const bool is_up = cluster->StateOf(node) == NodeState::kRunning;
            if (!is_up || !cluster->IsOpen(node) || !patience.IsOver()) return false;
            cluster->AllowEnd(node, false);
            return true;
          }};
}

Status Await(Arena* arena, Arena::Chore fate) {
  KEEL_ASSIGN_OR_RETURN(const bool is_known, fate.work());
  if (!is_known) arena->AddChore(std::move(fate));
  return {};
}

// Whom a disk fault may hit: nobody of whom it is still open what the last one came to.
std::optional<size_t> Victim(Arena* arena, Prng* dice) {
  const std::vector<size_t> victims = arena->Victims(1, dice);
  if (victims.empty() || arena->cluster()->MayEnd(victims[0])) return std::nullopt;
  return victims[0];
}

class LostWrites final : public Fault {
 public:
  [[nodiscard]] std::optional<milliseconds> LastsAtMost() const override {
    return is_of_all_ ? std::optional(kOutage) : std::nullopt;
  }

  // Every other time the power of all fails at once: then nobody has what nobody synced. What was
  // written without a sync is gone, or, every other time, only what was written of late: the rest
  // had found its way to the disk.
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    is_of_all_ = dice->OneIn(2);
    victims_ = is_of_all_ ? arena->cluster()->RunningNodes()
                          : arena->Victims(1 + dice->Below(arena->MinorityMax()), dice);
    const uint64_t late_us = dice->Between(50'000, 3'000'000);
    const bool is_all = dice->OneIn(2);
    // All at once, then what each has lost.
    KEEL_RETURN_IF_ERROR(arena->cluster()->KillNodes(victims_));
    const uint64_t since_us = is_all ? 0 : arena->network()->clock().MonotonicUs() - late_us;
    for (const size_t node : victims_) {
      KEEL_ASSIGN_OR_RETURN(const size_t lost, arena->shims()->LoseUnsynced(node, since_us));
      what_ += (what_.empty() ? "" : ", ") + arena->cluster()->NameOf(node) + " lost " +
               std::to_string(lost) + " writes";
    }
    return victims_.empty() ? Effect::kNothing : Effect::kConfirmed;
  }

  Status Stop(Arena* arena) override {
    for (const size_t node : victims_) KEEL_RETURN_IF_ERROR(arena->cluster()->StartNode(node));
    return {};
  }

 private:
  bool is_of_all_ = false;
  std::vector<size_t> victims_;
};

// A disk that refuses: the server may stop, and is started again when the disk is whole.
class RefusingDisk : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    victim_ = Victim(arena, dice);
    if (!victim_) return Effect::kNothing;
    what_ = arena->cluster()->NameOf(*victim_);
    ShimControl* control = arena->shims()->Of(*victim_);
    const uint64_t before = CounterOf(control).load();
    arena->cluster()->AllowEnd(*victim_, true);
    SwitchOf(control) = 1;
    if (Grows(arena, CounterOf(control), before)) return Effect::kConfirmed;
    KEEL_RETURN_IF_ERROR(Stop(arena));  // it writes nothing now
    return Effect::kNothing;
  }

  Status Stop(Arena* arena) override {
    if (!victim_) return {};
    SwitchOf(arena->shims()->Of(*victim_)) = 0;
    return Await(arena, AwaitFate(arena, *victim_, [] { return Status(); }));
  }

 protected:
  virtual std::atomic<uint32_t>& SwitchOf(ShimControl* control) = 0;
  virtual std::atomic<uint64_t>& CounterOf(ShimControl* control) = 0;

 private:
  std::optional<size_t> victim_;
};

class SyncError final : public RefusingDisk {
  std::atomic<uint32_t>& SwitchOf(ShimControl* control) override { return control->fails_syncs; }
  std::atomic<uint64_t>& CounterOf(ShimControl* control) override { return control->failed_syncs; }
};

class DiskFull final : public RefusingDisk {
  std::atomic<uint32_t>& SwitchOf(ShimControl* control) override { return control->fails_writes; }
  std::atomic<uint64_t>& CounterOf(ShimControl* control) override { return control->failed_writes; }
};

class SlowDisk final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    const std::vector<size_t> victims = arena->Victims(1, dice);
    if (victims.empty()) return Effect::kNothing;
    victim_ = victims[0];
    const uint64_t slow_us = dice->Between(30'000, 300'000);
    what_ = arena->cluster()->NameOf(victim_) + " by " + std::to_string(slow_us / 1000) + " ms";
    ShimControl* control = arena->shims()->Of(victim_);
    const uint64_t before = control->slowed_syncs;
    control->slow_sync_us = slow_us;
    if (Grows(arena, control->slowed_syncs, before)) return Effect::kConfirmed;
    control->slow_sync_us = 0;
    return Effect::kNothing;
  }

  Status Stop(Arena* arena) override {
    arena->shims()->Of(victim_)->slow_sync_us = 0;
    return {};
  }

 private:
  size_t victim_ = 0;
};

// One bit of one of a node's files.
class Bit {
 public:
  bool Choose(const std::string& directory, Prng* dice) {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
      if (entry.is_regular_file(error) && entry.file_size(error) > 0) files.push_back(entry.path());
    }
    if (files.empty()) return false;
    std::sort(files.begin(), files.end());
    path_ = files[dice->Below(files.size())];
    // Near the front, where a preallocated file has its data.
    offset_ = dice->Below(std::min<uint64_t>(std::filesystem::file_size(path_, error), 1 << 16));
    bit_ = static_cast<unsigned>(dice->Below(8));
    return true;
  }

  [[nodiscard]] bool Flip() {
    const int byte = ByteThere();
    if (byte < 0) return false;
    damaged_ = byte ^ (1 << bit_);
    return Put(damaged_);
  }

  // Where the file is still there, and was not written anew.
  void FlipBack() const {
    if (ByteThere() == damaged_) (void)Put(damaged_ ^ (1 << bit_));
  }

  [[nodiscard]] bool IsInTable() const { return path_.ends_with(".ldb"); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string Place() const {
    return std::filesystem::path(path_).filename().string() + " at " + std::to_string(offset_);
  }

 private:
  // Negative where the file is gone.
  [[nodiscard]] int ByteThere() const {
    std::ifstream file(path_, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset_));
    return file.get();
  }

  [[nodiscard]] bool Put(int byte) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset_));
    file.put(static_cast<char>(byte));
    file.flush();
    return file.good();
  }

  std::string path_;
  uint64_t offset_ = 0;
  unsigned bit_ = 0;
  int damaged_ = 0;  // the byte as the flip left it
};

// A node must start with the damage and heal, or refuse to start and say why. One that refused has
// told nobody anything, and gets its files back as they were; one that ran for a while, its bit.
class BitFlip final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    const auto victim = Victim(arena, dice);
    if (!victim) return Effect::kNothing;
    victim_ = *victim;
    Cluster* cluster = arena->cluster();
    KEEL_RETURN_IF_ERROR(cluster->KillNodes({victim_}));
    const std::string copy = cluster->DataOf(victim_) + ".copy";
    std::error_code error;
    std::filesystem::copy(cluster->DataOf(victim_), copy, std::filesystem::copy_options::recursive,
                          error);
    const bool is_flipped = !error && bit_.Choose(cluster->DataOf(victim_), dice) && bit_.Flip();
    cluster->AllowEnd(victim_, true);
    KEEL_RETURN_IF_ERROR(cluster->StartNode(victim_));
    if (!is_flipped) return Internal("no bit could be flipped in " + bit_.path());
    has_refused_ = HasRefused(cluster);
    if (has_refused_) {
      std::filesystem::remove_all(cluster->DataOf(victim_), error);
      std::filesystem::rename(copy, cluster->DataOf(victim_), error);
      if (error) return Internal("bringing back " + cluster->DataOf(victim_));
      arena->shims()->ForgetJournals(victim_);
    }
    std::filesystem::remove_all(copy, error);
    what_ = cluster->NameOf(victim_) + " " + bit_.Place() +
            (has_refused_ ? ": it refused to start" : "");
    return Effect::kConfirmed;
  }

  Status Stop(Arena* arena) override {
    // What it has not met yet it would meet at some time after the fault: a table is read when
    // somebody asks for its keys. All else is read at the start.
    if (!has_refused_ && bit_.IsInTable()) bit_.FlipBack();
    const auto mend = [cluster = arena->cluster(), node = victim_, bit = bit_,
                       has_refused = has_refused_]() -> Status {
      if (!has_refused) bit.FlipBack();
      if (!cluster->LogTail(node, 1).empty()) return {};
      return Internal(cluster->NameOf(node) + " does not say why it refuses its files");
    };
    return Await(arena, AwaitFate(arena, victim_, mend));
  }

 private:
  // It ends before it serves. One that does neither for a while heals, as far as we can tell.
  bool HasRefused(Cluster* cluster) {
    Patience patience = cluster->For(kEffectPatience);
    while (!patience.IsOver() && !cluster->IsOpen(victim_)) {
      if (cluster->TakeEnd(victim_, kPollEvery)) return true;
    }
    return false;
  }

  size_t victim_ = 0;
  Bit bit_;
  bool has_refused_ = false;
};

// Of some nodes the time of day is not the others'.
class WrongClock : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    bool has_effect = false;
    for (const size_t node : arena->cluster()->RunningNodes()) {
      if (dice->OneIn(2)) continue;
      ShimControl* control = arena->shims()->Of(node);
      const uint64_t before = control->shifted_times;
      nodes_.push_back(node);
      what_ += (what_.empty() ? "" : ", ") + arena->cluster()->NameOf(node) + " by " +
               Set(arena, control, dice);
      if (Grows(arena, control->shifted_times, before)) has_effect = true;
    }
    if (!has_effect) KEEL_RETURN_IF_ERROR(Stop(arena));
    return has_effect ? Effect::kConfirmed : Effect::kNothing;
  }

  Status Stop(Arena* arena) override {
    for (const size_t node : nodes_) {
      arena->shims()->Of(node)->wall_offset_us = 0;
      arena->shims()->Of(node)->wall_drift_us = 0;
    }
    return {};
  }

 protected:
  // In words, by how much.
  virtual std::string Set(Arena* arena, ShimControl* control, Prng* dice) = 0;

 private:
  std::vector<size_t> nodes_;
};

class ClockJump final : public WrongClock {
  std::string Set(Arena* /*arena*/, ShimControl* control, Prng* dice) override {
    const auto offset_us = static_cast<int64_t>(dice->Below(7'200'000'000)) - 3'600'000'000;
    control->wall_offset_us = offset_us;
    return std::to_string(offset_us / 1'000'000) + " s";
  }
};

// Up to a fifth too fast or too slow. The monotonic clock stays true: time to live is counted by
// it.
class ClockDrift final : public WrongClock {
  std::string Set(Arena* arena, ShimControl* control, Prng* dice) override {
    const auto amount_us = static_cast<int64_t>(dice->Between(10'000, 200'000));
    const int64_t drift_us = dice->OneIn(2) ? amount_us : -amount_us;
    control->drifts_since_us = arena->network()->clock().MonotonicUs();
    control->wall_drift_us = drift_us;
    return std::to_string(drift_us / 1'000) + " ms a second";
  }
};

}  // namespace

std::unique_ptr<Fault> MakeLostWrites() { return std::make_unique<LostWrites>(); }
std::unique_ptr<Fault> MakeSyncError() { return std::make_unique<SyncError>(); }
std::unique_ptr<Fault> MakeDiskFull() { return std::make_unique<DiskFull>(); }
std::unique_ptr<Fault> MakeSlowDisk() { return std::make_unique<SlowDisk>(); }
std::unique_ptr<Fault> MakeBitFlip() { return std::make_unique<BitFlip>(); }
std::unique_ptr<Fault> MakeClockDrift() { return std::make_unique<ClockDrift>(); }
std::unique_ptr<Fault> MakeClockJump() { return std::make_unique<ClockJump>(); }

}  // namespace keel::jepsen
