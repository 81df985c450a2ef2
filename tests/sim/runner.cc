#include "tests/sim/runner.h"

#include "tests/sim/finale.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/watchdog.h"
#include "tests/sim/world.h"

namespace keel::sim {

namespace {

constexpr Micros kWatchEvery = 250 * kMillisecond;
// Faults begin from the first moment on: elections must get through them, too.
constexpr Micros kFirstFault = 10 * kMillisecond;

// Brings the parts together: passes on what the world says, and looks after progress.
class Run final : public Actor {
 public:
  Run(const Profile& profile, Story* story)
      : profile_(profile),
        world_(profile, story),
        nemesis_(&world_, Prng(profile.seed ^ 0x6e656d65736973u), AimsOf(profile.seed)),
        watchdog_(&world_) {
    world_.SetActor(this);
  }

  SeedResult Execute() {
    world_.StartClients();
    world_.Schedule(EventKind::kNemesis, kFirstFault);
    world_.Schedule(EventKind::kWatch, kWatchEvery);
    bool goes_on = world_.RunUntil(profile_.safety);
    SeedResult result{.seed = profile_.seed};
    result.elected_under_faults = elected_;
    result.acknowledged_under_faults = world_.clients().tally().acknowledged_writes > 0;
    is_safety_over_ = true;
    Finale finale(&world_, &nemesis_);
    if (goes_on) {
      nemesis_.HealAll();
      goes_on = finale.Run();
    }
    world_.phases().EndEverything();
    result.has_finale = goes_on;
    result.leader_after_timeouts = finale.leader_after_timeouts();
    result.trace_hash = world_.trace_hash();
    result.simulated = world_.now();
    result.violations = world_.checker().violations();
    result.matrix = world_.phases().matrix();
    result.faults = nemesis_.started();
    result.tally = world_.clients().tally();
    return result;
  }

  // ---- Actor ----
  void OnPhaseBegun(Phase phase) override { nemesis_.OnPhaseBegun(phase); }
  void OnChanged(const raft::ConfigChangeResult& result) override { nemesis_.OnChanged(result); }
  void OnTransferred(NodeId, const raft::TransferResult& result) override {
    nemesis_.OnTransferred(result);
  }
  void OnActorEvent(const Event& event) override {
    switch (event.kind) {
      case EventKind::kNemesis:
        return world_.Schedule(EventKind::kNemesis, nemesis_.Act());
      case EventKind::kStrike:
        return nemesis_.Strike();
      case EventKind::kFaultEnds:
        return nemesis_.OnFaultEnds(event.argument);
      default:
        return Watch();
    }
  }

 private:
  void Watch() {
    world_.Schedule(EventKind::kWatch, kWatchEvery);
    if (is_safety_over_) return;
    watchdog_.Look();
    elected_ = elected_ || world_.Leader() != nullptr;
    bool is_steady = world_.Leader() != nullptr;
    for (size_t phase = 0; phase + 1 < kPhases; ++phase) {
      is_steady = is_steady && !world_.phases().IsUnderWay(static_cast<Phase>(phase));
    }
    if (is_steady) world_.phases().Begin(Phase::kSteady, 0);
  }

  const Profile profile_;
  World world_;
  Nemesis nemesis_;
  Watchdog watchdog_;
  bool elected_ = false;
  bool is_safety_over_ = false;
};

}  // namespace

SeedResult RunSeed(const Profile& profile, Story* story) { return Run(profile, story).Execute(); }

}  // namespace keel::sim
