// Faults of the network: cuts, which a lost ping confirms, and links that are slow or lossy.
#include <algorithm>
#include <set>

#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr auto kLostAfter = milliseconds(250);
constexpr auto kAnswerPatience = milliseconds(5'000);
constexpr auto kOnePing = milliseconds(1'000);
constexpr auto kHealPatience = milliseconds(20'000);

using Ways = std::set<Links::Way>;

void CutBoth(const std::vector<size_t>& one, const std::vector<size_t>& other, Ways* ways) {
  for (const size_t a : one) {
    for (const size_t b : other) {
      if (a == b) continue;
      ways->insert({.from = a, .to = b});
      ways->insert({.from = b, .to = a});
    }
  }
}

std::vector<size_t> Shuffled(size_t nodes, Prng* dice) {
  std::vector<size_t> order;
  for (size_t i = 0; i < nodes; i++) order.push_back(i);
  for (size_t i = nodes; i > 1; i--) std::swap(order[i - 1], order[dice->Below(i)]);
  return order;
}

std::string Shown(Arena* arena, const Ways& ways) {
  std::string text;
  for (const Links::Way& way : ways) {
    const auto name = [&](size_t end) {
      return end == arena->cluster()->size() ? std::string("clients")
                                             : arena->cluster()->NameOf(end);
    };
    text += (text.empty() ? "" : " ") + name(way.from) + ">" + name(way.to);
  }
  return text;
}

// A ping of the nodes' own ports needs both directions, so it is lost if either is cut.
std::vector<Network::Ping> PingsOf(Arena* arena, const Ways& ways) {
  std::vector<Network::Ping> pings;
  for (const Links::Way& way : ways) {
    const bool to_clients = way.to == arena->cluster()->size();
    pings.push_back(
        {.way = to_clients ? Links::Way{.from = way.to, .to = way.from} : way, .bytes = 1});
  }
  return pings;
}

Status ConfirmCut(Arena* arena, const Ways& ways) {
  for (const auto& answer : arena->network()->Pings(PingsOf(arena, ways), kLostAfter)) {
    if (answer) return Internal("a ping passes a link that was cut");
  }
  return {};
}

// Those without an answer are sent again: a machine that stood still answers none in time.
Status ConfirmHealed(Arena* arena, const Ways& ways) {
  std::vector<Network::Ping> pings = PingsOf(arena, ways);
  Patience patience = arena->cluster()->For(kHealPatience);
  while (true) {
    const auto answers = arena->network()->Pings(pings, kOnePing);
    std::vector<Network::Ping> lost;
    for (size_t i = 0; i < pings.size(); i++) {
      if (!answers[i]) lost.push_back(pings[i]);
    }
    if (lost.empty()) return {};
    if (patience.IsOver()) return Internal("a ping is lost on a link that was healed");
    pings = std::move(lost);
  }
}

class Cut : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    ways_ = arena->Spare(dice, [&] {
      const Ways ways = Choose(arena, dice);
      return std::pair(ways, Arena::Loss{.down = {}, .cut = ways});
    });
    what_ = Shown(arena, ways_);
    if (ways_.empty()) return Effect::kNothing;
    name_ = "cut " + std::to_string(dice->Next());
    KEEL_RETURN_IF_ERROR(arena->AddChange(name_, [ways = ways_](Links* links) {
      for (const Links::Way& way : ways) links->At(way).is_cut = true;
    }));
    KEEL_RETURN_IF_ERROR(ConfirmCut(arena, ways_));
    return Effect::kConfirmed;
  }

  Status Stop(Arena* arena) override {
    if (ways_.empty()) return {};
    KEEL_RETURN_IF_ERROR(arena->RemoveChange(name_));
    if (arena->HasChanges()) return {};
    return ConfirmHealed(arena, ways_);
  }

 protected:
  virtual Ways Choose(Arena* arena, Prng* dice) = 0;

 private:
  Ways ways_;
  std::string name_;
};

class Halves final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto order = Shuffled(arena->cluster()->size(), dice);
    const auto middle = order.begin() + static_cast<int64_t>(order.size() / 2);
    Ways ways;
    CutBoth({order.begin(), middle}, {middle, order.end()}, &ways);
    return ways;
  }
};

class Minority final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto order = Shuffled(arena->cluster()->size(), dice);
    const auto count = static_cast<int64_t>(1 + dice->Below(arena->MinorityMax()));
    Ways ways;
    // Each of them alone.
    for (int64_t i = 0; i < count; i++) CutBoth({order[static_cast<size_t>(i)]}, order, &ways);
    return ways;
  }
};

class LeaderAlone final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto leader = arena->Leader();
    if (!leader) return {};
    Ways ways;
    CutBoth({*leader}, Shuffled(arena->cluster()->size(), dice), &ways);
    return ways;
  }
};

class Bridge final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto order = Shuffled(arena->cluster()->size(), dice);
    const auto middle = order.begin() + static_cast<int64_t>(order.size() / 2);
    Ways ways;
    CutBoth({order.begin(), middle}, {middle + 1, order.end()}, &ways);
    return ways;
  }
};

class OneWay final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto order = Shuffled(arena->cluster()->size(), dice);
    const size_t deaf = dice->OneIn(2) ? arena->Leader().value_or(order[0]) : order[0];
    const bool is_mute = dice->OneIn(2);
    Ways ways;
    for (const size_t other : order) {
      if (other == deaf) continue;
      ways.insert(is_mute ? Links::Way{.from = deaf, .to = other}
                          : Links::Way{.from = other, .to = deaf});
    }
    return ways;
  }
};

class Ring final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const auto order = Shuffled(arena->cluster()->size(), dice);
    const size_t size = order.size();
    Ways ways;
    // Of three nodes each hears one other; of more, its neighbours.
    for (size_t i = 0; i < size; i++) {
      if (size <= 3) {
        ways.insert({.from = order[i], .to = order[(i + size - 1) % size]});
        continue;
      }
      for (size_t step = 2; step + 2 <= size; step++) {
        ways.insert({.from = order[i], .to = order[(i + step) % size]});
      }
    }
    return ways;
  }
};

class ClientsCut final : public Cut {
  Ways Choose(Arena* arena, Prng* dice) override {
    const size_t clients = arena->cluster()->size();
    const size_t node = dice->OneIn(2) ? arena->Leader().value_or(0) : dice->Below(clients);
    Ways ways;
    CutBoth({clients}, {node}, &ways);
    return ways;
  }
};

// The same state on every link between nodes.
void OnAllLinks(Links* links, const std::function<void(LinkState*)>& change) {
  for (size_t from = 0; from < links->nodes(); from++) {
    for (size_t to = 0; to < links->nodes(); to++) {
      if (from != to) change(&links->At({.from = from, .to = to}));
    }
  }
}

// Links that are worse than they were: `probe_bytes` take at least `at_least` there and back.
class Worse : public Fault {
 public:
  Status Stop(Arena* arena) override { return arena->RemoveChange(name_); }

 protected:
  Status Begin(Arena* arena, Prng* dice, const std::function<void(LinkState*)>& change) {
    name_ = "worse " + std::to_string(dice->Next());
    return arena->AddChange(name_, [change](Links* links) { OnAllLinks(links, change); });
  }

  struct Probe {
    size_t bytes = 1;
    microseconds at_least;
  };
  Result<Effect> Measure(Arena* arena, const Probe& probe) {
    const Network::Ping ping{.way = {.from = 0, .to = 1}, .bytes = probe.bytes};
    const auto answer = arena->network()->Pings(std::span(&ping, 1), kAnswerPatience)[0];
    // Lost: a cut is on at the same time, which is slower than anything.
    if (answer && *answer < probe.at_least) {
      return Internal("a ping took " + std::to_string(answer->count()) +
                      " us on a link that needs " + std::to_string(probe.at_least.count()));
    }
    return Effect::kConfirmed;
  }

 private:
  std::string name_;
};

class Delay final : public Worse {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    const uint64_t delay_us = dice->Between(10'000, 80'000);
    what_ = std::to_string(delay_us / 1000) + " ms each way, and up to half more";
    KEEL_RETURN_IF_ERROR(Begin(arena, dice, [delay_us](LinkState* link) {
      link->delay_us = delay_us;
      link->jitter_us = delay_us / 2;
    }));
    return Measure(arena, {.bytes = 1, .at_least = microseconds(2 * delay_us)});
  }
};

class SlowLinks final : public Worse {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    const uint64_t bytes_per_second = dice->Between(64, 256) << 10;
    what_ = std::to_string(bytes_per_second >> 10) + " KiB/s";
    KEEL_RETURN_IF_ERROR(Begin(arena, dice, [bytes_per_second](LinkState* link) {
      link->bytes_per_second = bytes_per_second;
    }));
    const size_t bytes = 16 << 10;
    // There and back at the same time, where it goes in more than one piece. Of packets the kernel
    // lets a few through at first.
    const uint64_t once_us = bytes * 1'000'000 / bytes_per_second;
    const bool has_packets = arena->network()->wires() != nullptr;
    return Measure(
        arena, {.bytes = bytes, .at_least = microseconds(has_packets ? once_us * 4 / 5 : once_us)});
  }
};

// What happens to single segments or packets, now and then: confirmed at the end by counters. Where
// other faults kept the links silent, nothing was there for it to happen to: pings are, on all
// links, as some may be cut.
class NowAndThen : public Worse {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    KEEL_ASSIGN_OR_RETURN(before_, arena->network()->Counters());
    KEEL_RETURN_IF_ERROR(Begin(arena, dice, Draw(dice)));
    return Effect::kConfirmed;
  }

  Status ConfirmAtEnd(Arena* arena) override {
    KEEL_ASSIGN_OR_RETURN(bool has_happened, HasHappened(arena));
    for (int round = 0; round < kRoundsMax && !has_happened; round++) {
      const std::vector<Network::Ping> pings = Round(arena->cluster()->size());
      (void)arena->network()->Pings(pings, kRoundPatience);
      KEEL_ASSIGN_OR_RETURN(has_happened, HasHappened(arena));
    }
    return has_happened ? Status() : Internal("nothing has happened to what the links carried");
  }

 protected:
  // How often, as it says in what_.
  virtual std::function<void(LinkState*)> Draw(Prng* dice) = 0;
  [[nodiscard]] virtual bool HasGrown(const LinkCounters& from, const LinkCounters& to) const = 0;

 private:
  static constexpr int kRoundsMax = 40;
  static constexpr size_t kPingsOfRound = 100;
  static constexpr size_t kPingBytes = 8192;
  static constexpr std::chrono::milliseconds kRoundPatience{200};

  static std::vector<Network::Ping> Round(size_t nodes) {
    std::vector<Network::Ping> pings;
    for (size_t i = 0; i < kPingsOfRound; i++) {
      const size_t from = i % nodes;
      const size_t to = (from + 1 + i / nodes % (nodes - 1)) % nodes;
      pings.push_back({.way = {.from = from, .to = to}, .bytes = kPingBytes});
    }
    return pings;
  }

  Result<bool> HasHappened(Arena* arena) const {
    KEEL_ASSIGN_OR_RETURN(const LinkCounters now, arena->network()->Counters());
    return HasGrown(before_, now);
  }

  LinkCounters before_;
};

class Loss final : public NowAndThen {
  std::function<void(LinkState*)> Draw(Prng* dice) override {
    const auto stalls = static_cast<uint32_t>(dice->Between(10, 60));
    const auto closes = static_cast<uint32_t>(dice->Below(3));
    what_ = std::to_string(stalls) + " of 1000 segments lost, " + std::to_string(closes) +
            " connections closed";
    return [stalls, closes](LinkState* link) {
      link->stalls_per_mille = stalls;
      link->closes_per_mille = closes;
    };
  }
  [[nodiscard]] bool HasGrown(const LinkCounters& from, const LinkCounters& to) const override {
    return to.stalls > from.stalls || to.closes > from.closes;
  }
};

// A packet that does not wait for its delay overtakes those that do.
class Reorder final : public NowAndThen {
  std::function<void(LinkState*)> Draw(Prng* dice) override {
    const auto reorders = static_cast<uint32_t>(dice->Between(50, 250));
    what_ = std::to_string(reorders) + " of 1000 packets overtake";
    return [reorders](LinkState* link) {
      link->delay_us = std::max(link->delay_us, kOvertakenUs);
      link->reorders_per_mille = reorders;
    };
  }
  [[nodiscard]] bool HasGrown(const LinkCounters& from, const LinkCounters& to) const override {
    return to.reorders > from.reorders;
  }

  static constexpr uint64_t kOvertakenUs = 5'000;
};

class Duplicate final : public NowAndThen {
  std::function<void(LinkState*)> Draw(Prng* dice) override {
    const auto duplicates = static_cast<uint32_t>(dice->Between(50, 250));
    what_ = std::to_string(duplicates) + " of 1000 packets come twice";
    return [duplicates](LinkState* link) { link->duplicates_per_mille = duplicates; };
  }
  [[nodiscard]] bool HasGrown(const LinkCounters& from, const LinkCounters& to) const override {
    return to.duplicates > from.duplicates;
  }
};

}  // namespace

std::unique_ptr<Fault> MakeHalves() { return std::make_unique<Halves>(); }
std::unique_ptr<Fault> MakeMinority() { return std::make_unique<Minority>(); }
std::unique_ptr<Fault> MakeLeaderAlone() { return std::make_unique<LeaderAlone>(); }
std::unique_ptr<Fault> MakeBridge() { return std::make_unique<Bridge>(); }
std::unique_ptr<Fault> MakeOneWay() { return std::make_unique<OneWay>(); }
std::unique_ptr<Fault> MakeRing() { return std::make_unique<Ring>(); }
std::unique_ptr<Fault> MakeClientsCut() { return std::make_unique<ClientsCut>(); }
std::unique_ptr<Fault> MakeDelay() { return std::make_unique<Delay>(); }
std::unique_ptr<Fault> MakeLoss() { return std::make_unique<Loss>(); }
std::unique_ptr<Fault> MakeReorder() { return std::make_unique<Reorder>(); }
std::unique_ptr<Fault> MakeDuplicate() { return std::make_unique<Duplicate>(); }
std::unique_ptr<Fault> MakeSlowLinks() { return std::make_unique<SlowLinks>(); }

}  // namespace keel::jepsen
