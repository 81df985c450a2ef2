// Faults of processes: killed, stopped, restarted.
#include <algorithm>

#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {
namespace {

constexpr auto kOutage = std::chrono::milliseconds(500);

std::string NamesOf(Arena* arena, const std::vector<size_t>& nodes) {
  std::string names;
  for (const size_t node : nodes) {
    names += (names.empty() ? "" : ",") + arena->cluster()->NameOf(node);
  }
  return names;
}

class Kill : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    victims_ = Choose(arena, dice);
    what_ = NamesOf(arena, victims_);
    KEEL_RETURN_IF_ERROR(arena->cluster()->KillNodes(victims_));
    return victims_.empty() ? Effect::kNothing : Effect::kConfirmed;
  }

  Status Stop(Arena* arena) override {
    for (const size_t node : victims_) KEEL_RETURN_IF_ERROR(arena->cluster()->StartNode(node));
    return {};
  }

 protected:
  virtual std::vector<size_t> Choose(Arena* arena, Prng* dice) {
    return arena->Victims(1 + dice->Below(arena->MinorityMax()), dice);
  }

 private:
  std::vector<size_t> victims_;
};

class KillAll final : public Kill {
 public:
  [[nodiscard]] std::optional<std::chrono::milliseconds> LastsAtMost() const override {
    return kOutage;
  }

 protected:
  std::vector<size_t> Choose(Arena* arena, Prng* /*dice*/) override {
    return arena->cluster()->RunningNodes();
  }
};

class Pause final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    victims_ = arena->Victims(1 + dice->Below(arena->MinorityMax()), dice);
    what_ = NamesOf(arena, victims_);
    for (const size_t node : victims_) KEEL_RETURN_IF_ERROR(arena->cluster()->PauseNode(node));
    return victims_.empty() ? Effect::kNothing : Effect::kConfirmed;
  }

  Status Stop(Arena* arena) override {
    for (const size_t node : victims_) KEEL_RETURN_IF_ERROR(arena->cluster()->ResumeNode(node));
    return {};
  }

 private:
  std::vector<size_t> victims_;
};

// One by one, each once the one before has opened its port. It goes on beside other faults, however
// long somebody takes to end, and leaves out whom they have down by then.
class RollingRestart final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* /*dice*/) override {
    std::vector<size_t> nodes = arena->cluster()->RunningNodes();
    // One that may end by itself is not told to: what would its exit code mean?
    std::erase_if(nodes, [&](size_t node) { return arena->cluster()->MayEnd(node); });
    what_ = NamesOf(arena, nodes);
    if (nodes.empty()) return Effect::kNothing;
    Round round{.arena = arena, .nodes = std::move(nodes)};
    KEEL_RETURN_IF_ERROR(round.Stop());
    KEEL_RETURN_IF_ERROR(round.GoOn().status());
    arena->AddChore({.what = "the rolling restart",
                     .work = [round = std::move(round)]() mutable { return round.GoOn(); }});
    return Effect::kConfirmed;
  }

  Status Stop(Arena* /*arena*/) override { return {}; }

 private:
  struct Round {
    Arena* arena;
    std::vector<size_t> nodes;
    size_t at = 0;
    bool is_stopping = false;

    Status Stop() {
      is_stopping = true;
      return arena->cluster()->AskToStop(nodes[at]);
    }

    // True when all have been restarted.
    Result<bool> GoOn() {
      Cluster* cluster = arena->cluster();
      if (is_stopping) {
        KEEL_ASSIGN_OR_RETURN(const auto outcome, cluster->TakeStop(nodes[at]));
        if (!outcome) return false;
        if (*outcome == Cluster::StopOutcome::kKilled) RemarkThatItWasKilled();
        KEEL_RETURN_IF_ERROR(cluster->StartNode(nodes[at]));
        is_stopping = false;
      }
      const std::vector<size_t> running = cluster->RunningNodes();
      const auto runs = [&](size_t node) {
        return std::find(running.begin(), running.end(), node) != running.end();
      };
      if (runs(nodes[at]) && !cluster->IsOpen(nodes[at])) return false;
      do {
        at++;
      } while (at < nodes.size() && (!runs(nodes[at]) || cluster->MayEnd(nodes[at])));
      if (at == nodes.size()) return true;
      KEEL_RETURN_IF_ERROR(Stop());
      return false;
    }

    void RemarkThatItWasKilled() const {
      const Cluster* cluster = arena->cluster();
      const auto patience =
          std::chrono::duration_cast<std::chrono::seconds>(cluster->options().stop_patience);
      arena->Remark(cluster->NameOf(nodes[at]) + " had not ended " +
                    std::to_string(patience.count()) + " s after SIGTERM, and was killed");
    }
  };
};

}  // namespace

std::unique_ptr<Fault> MakeKill() { return std::make_unique<Kill>(); }
std::unique_ptr<Fault> MakeKillAll() { return std::make_unique<KillAll>(); }
std::unique_ptr<Fault> MakePause() { return std::make_unique<Pause>(); }
std::unique_ptr<Fault> MakeRollingRestart() { return std::make_unique<RollingRestart>(); }

}  // namespace keel::jepsen
