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

// One by one, each once the one before has opened its port. It goes on beside other faults, and
// leaves out whom they have down by then.
class RollingRestart final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* /*dice*/) override {
    waiting_ = arena->cluster()->RunningNodes();
    // One that may end by itself is not told to: what would its exit code mean?
    std::erase_if(waiting_, [&](size_t node) { return arena->cluster()->MayEnd(node); });
    what_ = NamesOf(arena, waiting_);
    if (waiting_.empty()) return Effect::kNothing;
    KEEL_RETURN_IF_ERROR(Restart(arena, waiting_.front()));
    arena->AddChore({.what = "the rolling restart",
                     .work = [arena, waiting = waiting_, next = size_t{1}]() mutable {
                       return GoOn(arena, waiting, &next);
                     }});
    return Effect::kConfirmed;
  }

  Status Stop(Arena* /*arena*/) override { return {}; }

 private:
  static Status Restart(Arena* arena, size_t node) {
    Cluster* cluster = arena->cluster();
    KEEL_ASSIGN_OR_RETURN(const auto outcome, cluster->StopNode(node));
    if (outcome == Cluster::StopOutcome::kKilled) {
      const auto patience =
          std::chrono::duration_cast<std::chrono::seconds>(cluster->options().stop_patience);
      arena->Remark(cluster->NameOf(node) + " had not ended " + std::to_string(patience.count()) +
                    " s after SIGTERM, and was killed");
    }
    return cluster->StartNode(node);
  }

  static Result<bool> GoOn(Arena* arena, const std::vector<size_t>& waiting, size_t* next) {
    Cluster* cluster = arena->cluster();
    const std::vector<size_t> running = cluster->RunningNodes();
    const auto runs = [&](size_t node) {
      return std::find(running.begin(), running.end(), node) != running.end();
    };
    if (runs(waiting[*next - 1]) && !cluster->IsOpen(waiting[*next - 1])) return false;
    while (*next < waiting.size() && !runs(waiting[*next])) (*next)++;
    if (*next == waiting.size()) return true;
    if (!cluster->MayEnd(waiting[*next])) {
      KEEL_RETURN_IF_ERROR(Restart(arena, waiting[*next]));
    }
    (*next)++;
    return false;
  }

  std::vector<size_t> waiting_;
};

}  // namespace

std::unique_ptr<Fault> MakeKill() { return std::make_unique<Kill>(); }
std::unique_ptr<Fault> MakeKillAll() { return std::make_unique<KillAll>(); }
std::unique_ptr<Fault> MakePause() { return std::make_unique<Pause>(); }
std::unique_ptr<Fault> MakeRollingRestart() { return std::make_unique<RollingRestart>(); }

}  // namespace keel::jepsen
