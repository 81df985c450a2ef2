#include "jepsen/report/faults.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string_view>

namespace keel::jepsen {
namespace {

constexpr int64_t kNoTime = std::numeric_limits<int64_t>::max();

bool ClosesAll(const std::string& f) {
  return f.starts_with("heal") || f.starts_with("recover") || f.starts_with("resume");
}

int64_t CalledAt(const Operation& operation) {
  return operation.call_time_ns.value_or(static_cast<int64_t>(operation.called));
}

int64_t AnsweredAt(const Operation& operation) {
  return operation.answer_time_ns.value_or(static_cast<int64_t>(operation.answered));
}

bool IsWrite(const Operation& operation) {
  constexpr std::array<std::string_view, 7> kReads = {"read",    "get",    "check", "version",
                                                      "read-at", "leader", "watch"};
  return std::find(kReads.begin(), kReads.end(), operation.f) == kReads.end();
}

void Measure(const Band& band, std::span<const Operation> operations, FaultEffect* effect) {
  effect->band_count++;
  std::vector<int64_t> writes = {band.begin_ns};
  int64_t next_write = kNoTime;
  int64_t recovered = kNoTime;
  for (const Operation& operation : operations) {
    const bool is_ok = operation.outcome == Outcome::kOk;
    const int64_t called = CalledAt(operation);
    if (called >= band.begin_ns && called <= band.end_ns) {
      effect->called_count++;
      effect->acknowledged_count += is_ok ? 1 : 0;
    }
    if (!is_ok) continue;
    const int64_t answered = AnsweredAt(operation);
    if (IsWrite(operation) && answered >= band.begin_ns) {
      if (answered <= band.end_ns) writes.push_back(answered);
      if (answered > band.end_ns) next_write = std::min(next_write, answered);
    }
    if (called >= band.end_ns) recovered = std::min(recovered, answered);
  }
  writes.push_back(next_write == kNoTime ? band.end_ns : next_write);
  std::sort(writes.begin(), writes.end());
  for (size_t i = 1; i < writes.size(); i++) {
    effect->longest_write_gap_ns =
        std::max(effect->longest_write_gap_ns, writes[i] - writes[i - 1]);
  }
  if (recovered == kNoTime) {
    effect->has_recovered = false;
  } else {
    effect->longest_recovery_ns = std::max(effect->longest_recovery_ns, recovered - band.end_ns);
  }
}

}  // namespace

int64_t TimeOf(const Event& event, size_t place) {
  return event.time_ns.value_or(static_cast<int64_t>(place));
}

std::vector<Band> FindFaults(const History& history) {
  std::vector<Band> bands;
  std::map<std::string, int64_t> open;  // by kind, since when
  int64_t now = 0;
  const auto close = [&](const std::string& kind) {
    if (const auto at = open.find(kind); at != open.end()) {
      bands.push_back({.kind = kind, .begin_ns = at->second, .end_ns = now});
      open.erase(at);
    }
  };
  for (size_t i = 0; i < history.events.size(); i++) {
    const Event& event = history.events[i];
    now = TimeOf(event, i);
    if (event.IsOfClient()) continue;
    if (event.f.starts_with("start")) open.try_emplace(event.f.substr(5), now);
    if (event.f.starts_with("stop")) close(event.f.substr(4));
    while (ClosesAll(event.f) && !open.empty()) close(std::string(open.begin()->first));
  }
  while (!open.empty()) close(std::string(open.begin()->first));
  for (Band& band : bands) {
    if (band.kind.starts_with('-')) band.kind.erase(0, 1);
    if (band.kind.empty()) band.kind = "fault";
  }
  std::sort(bands.begin(), bands.end(),
            [](const Band& a, const Band& b) { return a.begin_ns < b.begin_ns; });
  return bands;
}

std::vector<FaultEffect> MeasureFaults(std::span<const Band> bands,
                                       std::span<const Operation> operations) {
  std::map<std::string, FaultEffect> effects;
  for (const Band& band : bands) {
    effects[band.kind].kind = band.kind;
    Measure(band, operations, &effects[band.kind]);
  }
  std::vector<FaultEffect> sorted;
  for (const auto& [kind, effect] : effects) sorted.push_back(effect);
  return sorted;
}

}  // namespace keel::jepsen
