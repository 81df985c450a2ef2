#include "jepsen/workload/driver.h"

#include <algorithm>
#include <future>

namespace keel::jepsen {
namespace {

constexpr uint64_t kTickUs = 2'000;
constexpr uint64_t kUsPerSecond = 1'000'000;
// After a stall of this process, what it missed is skipped and not made up for in a burst.
constexpr uint64_t kBehindUsMax = 20'000;
constexpr auto kPollEvery = std::chrono::milliseconds(10);
constexpr auto kBetweenTries = std::chrono::milliseconds(200);

}  // namespace

Driver::Driver(Network* network, std::vector<Load> loads, uint64_t steps_per_second, Sleep sleep)
    : network_(network), sleep_(std::move(sleep)), loads_(std::move(loads)) {
  uint64_t weights = 0;
  for (const Load& load : loads_) weights += load.weight;
  for (Load& load : loads_) {
    Running running{.load = &load, .free = {}, .period_us = 0, .next_us = 0};
    for (size_t i = load.workload->slots().size(); i > 0; i--) running.free.push_back(i - 1);
    running.period_us =
        kUsPerSecond * weights / std::max<uint64_t>(1, steps_per_second * load.weight);
    running_.push_back(std::move(running));
  }
}

Status Driver::Start(Patience patience) {
  for (Load& load : loads_) {
    while (true) {
      auto promise = std::make_shared<std::promise<Status>>();
      network_->Run([&] {
        load.workload->Prepare([promise](const Status& status) { promise->set_value(status); });
      });
      const Status prepared = promise->get_future().get();
      if (prepared.ok()) break;
      if (patience.IsOver()) {
        return prepared.WithContext("preparing " + load.name);
      }
      if (!sleep_(kBetweenTries)) return Cancelled("interrupted");
    }
  }
  network_->Run([this] {
    is_on_ = true;
    const uint64_t now_us = network_->clock().MonotonicUs();
    for (Running& running : running_) running.next_us = now_us;
    Tick();
  });
  return {};
}

void Driver::Tick() {
  if (!is_on_) return;
  const uint64_t now_us = network_->clock().MonotonicUs();
  for (Running& running : running_) {
    if (running.next_us + kBehindUsMax < now_us) {
      skipped_ += (now_us - running.next_us) / running.period_us;
      running.next_us = now_us;
    }
    for (; running.next_us <= now_us; running.next_us += running.period_us) Take(&running);
  }
  network_->executor()->PostAfter(kTickUs, [this] { Tick(); });
}

void Driver::Take(Running* running) {
  if (running->free.empty()) {
    skipped_++;
    return;
  }
  const size_t slot = running->free.back();
  running->free.pop_back();
  under_way_++;
  Workload* workload = running->load->workload.get();
  workload->Step(&workload->slots()[slot], [this, running, slot] {
    running->free.insert(running->free.begin(), slot);  // the one that waited longest is next
    under_way_--;
  });
}

Status Driver::AwaitIdle(Patience patience) {
  while (under_way_ > 0) {
    if (patience.IsOver()) {
      return DeadlineExceeded(std::to_string(under_way_) + " clients still wait for an answer");
    }
    if (!sleep_(kPollEvery)) return Cancelled("interrupted");
  }
  return {};
}

Status Driver::Stop(Patience patience) {
  network_->Run([this] { is_on_ = false; });
  return AwaitIdle(patience);
}

Status Driver::ReadAll(Patience patience) {
  network_->Run([this] {
    for (Running& running : running_) {
      for (size_t i = 0; i < running.load->workload->slots().size(); i++) LastSteps(&running, i);
    }
  });
  return AwaitIdle(patience);
}

void Driver::LastSteps(Running* running, size_t slot) {
  Workload* workload = running->load->workload.get();
  under_way_++;
  const bool has_step = workload->LastStep(&workload->slots()[slot], [this, running, slot] {
    network_->executor()->Post([this, running, slot] {
      LastSteps(running, slot);
      under_way_--;
    });
  });
  if (!has_step) under_way_--;
}

}  // namespace keel::jepsen
