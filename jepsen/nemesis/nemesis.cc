#include "jepsen/nemesis/nemesis.h"

#include <algorithm>
#include <cstdio>

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kNsPerUs = 1'000;
constexpr double kNsPerSecond = 1e9;
// A fault that would begin later than so long before its end, as the one before it took its time,
// is left out.
constexpr auto kBetweenTries = milliseconds(400);
constexpr auto kBetweenChores = milliseconds(300);
constexpr auto kChorePatience = milliseconds(60'000);
constexpr auto kWorthwhile = milliseconds(1'000);

}  // namespace

int64_t Nemesis::NowNs() const {
  return static_cast<int64_t>(arena_->network()->clock().MonotonicUs()) * kNsPerUs;
}

void Nemesis::NoteRemarks() {
  for (std::string& remark : arena_->TakeRemarks()) {
    Note("remark", remark, NowNs());
    remarks_.push_back(std::move(remark));
  }
}

void Nemesis::Note(const std::string& f, const std::string& what, int64_t time_ns) {
  Event event;
  event.process = Value::Keyword("nemesis");
  event.type = EventType::kInfo;
  event.f = f;
  if (!what.empty()) event.value = Value::String(what);
  event.time_ns = time_ns;
  if (events_.empty()) first_ns_ = *event.time_ns;
  std::fprintf(stderr, "%8.1f s  %-26s %s\n",
               static_cast<double>(*event.time_ns - first_ns_) / kNsPerSecond, f.c_str(),
               what.c_str());
  events_.push_back(std::move(event));
}

std::vector<Nemesis::Active>::iterator Nemesis::FirstToEnd() {
  return std::min_element(active_.begin(), active_.end(),
                          [](const Active& a, const Active& b) { return a.ends_at < b.ends_at; });
}

Status Nemesis::WaitUntil(steady_clock::time_point due) {
  while (true) {
    const auto rest = std::chrono::duration_cast<milliseconds>(due - steady_clock::now());
    const auto wait = arena_->chores().empty() ? rest : std::min(rest, kBetweenChores);
    if (!sleep_(std::max(wait, milliseconds(0)))) return Cancelled("interrupted");
    // Whoever is behind the schedule has chores all the same: somebody may be down until they are
    // done.
    if (steady_clock::now() >= chores_done_at_ + kBetweenChores) {
      KEEL_RETURN_IF_ERROR(arena_->DoChores());
      NoteRemarks();
      chores_done_at_ = steady_clock::now();
    }
    if (steady_clock::now() >= due) return {};
  }
}

Status Nemesis::FinishChores() {
  Patience patience = arena_->cluster()->For(kChorePatience);
  size_t left = arena_->chores().size();
  while (true) {
    KEEL_RETURN_IF_ERROR(arena_->DoChores());
    NoteRemarks();
    if (arena_->chores().empty()) return {};
    if (arena_->chores().size() < left) patience = arena_->cluster()->For(kChorePatience);
    left = arena_->chores().size();
    if (patience.IsOver()) {
      return DeadlineExceeded("still not done: " + arena_->chores().front().what);
    }
    if (!sleep_(kBetweenChores)) return Cancelled("interrupted");
  }
}

Status Nemesis::Run(std::vector<PlannedFault> schedule) {
  schedule_ = std::move(schedule);
  const auto began = steady_clock::now();
  const auto at = [&](uint64_t at_ms) { return began + milliseconds(at_ms); };
  size_t next = 0;
  while (next < schedule_.size() || !active_.empty()) {
    const auto ending = FirstToEnd();
    const bool ends = next == schedule_.size() ||
                      (ending != active_.end() && ending->ends_at <= at(schedule_[next].begin_ms));
    const auto due = ends ? ending->ends_at : at(schedule_[next].begin_ms);
    KEEL_RETURN_IF_ERROR(WaitUntil(due));
    KEEL_RETURN_IF_ERROR(arena_->cluster()->CheckAlive());
    if (ends) {
      KEEL_RETURN_IF_ERROR(End(&*ending).WithContext(ending->plan.kind));
      active_.erase(ending);
      continue;
    }
    const PlannedFault plan = schedule_[next++];
    if (at(plan.end_ms) < steady_clock::now() + kWorthwhile) continue;
    const auto effect = Begin(plan, at(plan.end_ms));
    if (!effect.ok()) return effect.status().WithContext(plan.kind);
    if (*effect == Effect::kConfirmed) continue;
    const auto now_ms = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
    Postpone(plan, next, static_cast<uint64_t>(now_ms.count()));
  }
  return {};
}

void Nemesis::Postpone(PlannedFault plan, size_t next, uint64_t now_ms) {
  plan.begin_ms = now_ms + kBetweenTries.count();
  plan.seed = Prng(plan.seed).Next();
  if (plan.begin_ms + kWorthwhile.count() > plan.end_ms) {
    tallies_[plan.kind].nothing++;
    return;
  }
  const auto place =
      std::find_if(schedule_.begin() + static_cast<std::ptrdiff_t>(next), schedule_.end(),
                   [&](const PlannedFault& later) { return later.begin_ms > plan.begin_ms; });
  schedule_.insert(place, std::move(plan));
}

Result<Effect> Nemesis::Begin(const PlannedFault& plan, steady_clock::time_point ends_at) {
  const FaultEntry* entry = FindFault(plan.kind);
  KEEL_CHECK(entry != nullptr) << "no such fault: " << plan.kind;
  Prng dice(plan.seed);
  auto fault = entry->make();
  const auto before = steady_clock::now();
  const int64_t began_ns = NowNs();
  auto effect = fault->Start(arena_, &dice);
  if (!effect.ok() || *effect == Effect::kNothing) return effect;
  tallies_[plan.kind].confirmed++;
  // What it did to the clients before it was confirmed is its doing, too.
  Note("start-" + plan.kind, fault->what(), began_ns);
  NoteRemarks();
  if (const auto at_most = fault->LastsAtMost()) {
    ends_at = std::min(ends_at, steady_clock::now() + *at_most);
  }
  active_.push_back({.plan = plan, .fault = std::move(fault), .ends_at = ends_at});
  if (active_.size() == 2) two_since_ = before;
  return Effect::kConfirmed;
}

Status Nemesis::End(Active* active) {
  if (active_.size() == 2) {
    overlap_ += std::chrono::duration_cast<milliseconds>(steady_clock::now() - two_since_);
  }
  const Status confirmed = active->fault->ConfirmAtEnd(arena_);
  const int64_t ended_ns = NowNs();
  const Status stopped = active->fault->Stop(arena_);
  Note("stop-" + active->plan.kind, "", ended_ns);
  NoteRemarks();
  return confirmed.ok() ? stopped : confirmed;
}

Status Nemesis::Heal() {
  Status first;
  while (!active_.empty()) {
    const Status ended = End(&active_.back());
    if (first.ok() && !ended.ok()) first = ended.WithContext(active_.back().plan.kind);
    active_.pop_back();
  }
  return first.ok() ? FinishChores() : first;
}

}  // namespace keel::jepsen
