#include "tests/nodesim/runner.h"

#include "tests/nodesim/finale.h"
#include "tests/nodesim/nemesis.h"
#include "tests/nodesim/stage.h"

namespace keel::nodesim {

namespace {

constexpr uint64_t kWatchUs = 100'000;

class Run {
 public:
  Run(const NodeProfile& profile, sim::Story* story)
      : stage_(profile, story), nemesis_(&stage_, profile.seed), finale_(&stage_, &nemesis_) {}

  sim::SeedResult Execute() {
    const uint64_t begin_us = stage_.now_us();
    sim::SeedResult result{.seed = stage_.profile().seed};
    nemesis_.Start();
    stage_.StartClients();
    Watch();
    bool goes_on = stage_.RunFor(stage_.profile().safety);
    is_safety_over_ = true;
    result.elected_under_faults = elected_;
    result.acknowledged_under_faults = stage_.desk().tally().acknowledged_writes > 0;
    goes_on = goes_on && finale_.Run();
    stage_.phases().EndEverything();
    result.has_finale = goes_on;
    result.leader_after_timeouts = finale_.leader_after_timeouts();
    stage_.trace().Mix(stage_.chronicle().last().value());
    stage_.trace().Mix(stage_.desk().tally().acknowledged);
    result.trace_hash = stage_.trace().value();
    result.simulated = stage_.now_us() - begin_us;
    result.violations = stage_.checker().violations();
    result.matrix = stage_.phases().matrix();
    result.faults = nemesis_.started();
    result.tally = stage_.desk().tally();
    return result;
  }

 private:
  void Watch() {
    if (is_safety_over_) return;
    elected_ = elected_ || stage_.Leader() != nullptr;
    bool is_steady = stage_.WorkingLeader() != nullptr;
    for (size_t phase = 0; phase + 1 < sim::kPhases; ++phase) {
      const auto one = static_cast<sim::Phase>(phase);
      // Logs are compacted and leases run out all the time.
      if (one == sim::Phase::kCompaction || one == sim::Phase::kLeaseExpiry) continue;
      is_steady = is_steady && !stage_.phases().IsUnderWay(one);
    }
    if (is_steady) {
      stage_.phases().Begin(sim::Phase::kSteady, 0);
    } else {
      stage_.phases().End(sim::Phase::kSteady, 0);
    }
    stage_.timeline().After(kWatchUs, [this] { Watch(); });
  }

  Stage stage_;
  Nemesis nemesis_;
  Finale finale_;
  bool elected_ = false;
  bool is_safety_over_ = false;
};

}  // namespace

sim::SeedResult RunNodeSeed(const NodeProfile& profile, sim::Story* story) {
  return Run(profile, story).Execute();
}

}  // namespace keel::nodesim
