#include "jepsen/nemesis/nemesis.h"

#include <algorithm>
#include <cstdio>

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Moment {
  uint64_t at_ms = 0;
  bool begins = false;
  size_t fault = 0;
};

// Ends before beginnings of one moment.
std::vector<Moment> MomentsOf(const std::vector<PlannedFault>& schedule) {
  std::vector<Moment> moments;
  for (size_t i = 0; i < schedule.size(); i++) {
    moments.push_back({.at_ms = schedule[i].begin_ms, .begins = true, .fault = i});
    moments.push_back({.at_ms = schedule[i].end_ms, .begins = false, .fault = i});
  }
  std::stable_sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
    return a.at_ms != b.at_ms ? a.at_ms < b.at_ms : !a.begins && b.begins;
  });
  return moments;
}

}  // namespace

void Nemesis::Note(const std::string& f, const std::string& what) {
  Event event;
  event.process = Value::Keyword("nemesis");
  event.type = EventType::kInfo;
  event.f = f;
  if (!what.empty()) event.value = Value::String(what);
  std::fprintf(stderr, "%-26s %s\n", f.c_str(), what.c_str());
  event.time_ns = static_cast<int64_t>(arena_->network()->clock().MonotonicUs()) * 1000;
  events_.push_back(std::move(event));
}

Status Nemesis::Run(std::vector<PlannedFault> schedule) {
  schedule_ = std::move(schedule);
  const auto began = steady_clock::now();
  for (const Moment& moment : MomentsOf(schedule_)) {
    const auto due = began + milliseconds(moment.at_ms);
    const auto wait = std::chrono::duration_cast<milliseconds>(due - steady_clock::now());
    if (!sleep_(std::max(wait, milliseconds(0)))) return Cancelled("interrupted");
    KEEL_RETURN_IF_ERROR(arena_->cluster()->CheckAlive());
    const PlannedFault& plan = schedule_[moment.fault];
    if (moment.begins) {
      KEEL_RETURN_IF_ERROR(Begin(plan).WithContext(plan.kind));
      continue;
    }
    const auto at = std::find_if(active_.begin(), active_.end(),
                                 [&](const Active& active) { return active.plan == &plan; });
    if (at == active_.end()) continue;
    KEEL_RETURN_IF_ERROR(End(&*at).WithContext(plan.kind));
    active_.erase(at);
  }
  return {};
}

Status Nemesis::Begin(const PlannedFault& plan) {
  const FaultEntry* entry = FindFault(plan.kind);
  KEEL_CHECK(entry != nullptr) << "no such fault: " << plan.kind;
  Prng dice(plan.seed);
  auto fault = entry->make();
  const auto before = steady_clock::now();
  auto effect = fault->Start(arena_, &dice);
  if (!effect.ok()) return effect.status();
  if (*effect == Effect::kNothing) {
    tallies_[plan.kind].nothing++;
    return {};
  }
  tallies_[plan.kind].confirmed++;
  Note("start-" + plan.kind, fault->what());
  active_.push_back({.plan = &plan, .fault = std::move(fault)});
  if (active_.size() == 2) two_since_ = before;
  return {};
}

Status Nemesis::End(Active* active) {
  if (active_.size() == 2) {
    overlap_ += std::chrono::duration_cast<milliseconds>(steady_clock::now() - two_since_);
  }
  const Status stopped = active->fault->Stop(arena_);
  Note("stop-" + active->plan->kind, "");
  return stopped;
}

Status Nemesis::Heal() {
  Status first;
  while (!active_.empty()) {
    const Status ended = End(&active_.back());
    if (first.ok() && !ended.ok()) first = ended.WithContext(active_.back().plan->kind);
    active_.pop_back();
  }
  return first;
}

}  // namespace keel::jepsen
