#include "tests/sim/history.h"

#include <algorithm>
#include <array>

namespace keel::sim {

namespace {

constexpr size_t kFindingsMax = 8;

std::string NameOf(OpId op) { return "operation " + std::to_string(op); }

// What replaying the log gives: the state of each key before and after every command.
struct Replay {
  struct Step {
    bool done = false;
    Index before;  // the key's revision
  };
  std::vector<Step> steps;                                     // by index
  std::array<std::vector<Index>, KvState::kKeys> writes_to{};  // revisions of each key, ascending
};

}  // namespace

// An operation that has a place in the order: `low` at least, and before `end`.
struct History::Judged {
  OpId op = 0;
  bool is_write = false;
  Index low;
  Index end;
};

OpId History::Add(Op op) {
  ops_.push_back(op);
  return static_cast<OpId>(ops_.size());
}

void History::OnApplied(Index index, OpId op) {
  if (log_.size() <= index.value()) log_.resize(index.value() + 1);
  log_[index.value()] = op;
}

std::vector<std::string> History::Check() const {
  std::vector<std::string> findings;
  Replay replay;
  replay.steps.resize(log_.size());
  std::vector<Index> place_of(ops_.size() + 1);
  std::array<Index, KvState::kKeys> revisions{};
  for (uint64_t i = 0; i < log_.size(); ++i) {
    const OpId id = log_[i];
    if (id == 0) continue;
    if (!place_of[id].IsNone()) findings.push_back(NameOf(id) + " is applied twice");
    place_of[id] = Index(i);
    const Op& op = At(id);
    Index& revision = revisions[op.key];
    const bool done = op.kind == OpKind::kPut || revision == op.expected;
    replay.steps[i] = {done, revision};
    if (!done) continue;
    revision = Index(i);
    replay.writes_to[op.key].push_back(revision);
  }
  CheckOutcomes(place_of, &findings);

  std::vector<Judged> judged;
  for (OpId id = 1; id <= ops_.size(); ++id) {
    const Op& op = At(id);
    if (op.kind != OpKind::kRead) {
      const Index place = place_of[id];
      if (place.IsNone()) continue;
      const bool done = replay.steps[place.value()].done;
      if (op.outcome == Outcome::kOk && op.done != done) {
        findings.push_back(NameOf(id) + " was told the wrong outcome of its condition");
      }
      judged.push_back({id, true, place, place.Next()});
      continue;
    }
    if (op.outcome != Outcome::kOk) continue;
    const std::vector<Index>& writes = replay.writes_to[op.key];
    const auto next = std::upper_bound(writes.begin(), writes.end(), op.index);
    const Index seen = next == writes.begin() ? Index() : *std::prev(next);
    const OpId value = seen.IsNone() ? 0 : log_[seen.value()];
    if (seen != op.revision || value != op.value) {
      findings.push_back(NameOf(id) + " read what the log does not say");
    }
    judged.push_back({id, false, seen, next == writes.end() ? Index(UINT64_MAX) : *next});
  }
  CheckOrder(judged, &findings);
  return findings;
}

void History::CheckOutcomes(const std::vector<Index>& place_of,
                            std::vector<std::string>* findings) const {
  for (OpId id = 1; id <= ops_.size() && findings->size() < kFindingsMax; ++id) {
    const Op& op = At(id);
    if (op.kind == OpKind::kRead) continue;
    if (op.outcome == Outcome::kOk && place_of[id] != op.index) {
      findings->push_back(NameOf(id) + " was acknowledged at index " +
                          std::to_string(op.index.value()) + " and is not there");
    }
    if (op.outcome == Outcome::kRefused && !place_of[id].IsNone()) {
      findings->push_back(NameOf(id) + " was refused and is applied all the same");
    }
  }
}

// Gives each operation, in the order in which they began, the earliest place that real time allows.
void History::CheckOrder(const std::vector<Judged>& judged,
                         std::vector<std::string>* findings) const {
  std::vector<uint32_t> by_return(judged.size());
  std::vector<Index> place(judged.size());
  for (uint32_t i = 0; i < judged.size(); ++i) by_return[i] = i;
  const auto returned_at = [&](uint32_t i) {
    const Op& op = At(judged[i].op);
    return op.outcome == Outcome::kOk ? op.returned_at : kNever;
  };
  std::vector<uint32_t> by_call = by_return;
  std::sort(by_return.begin(), by_return.end(), [&](uint32_t a, uint32_t b) {
    return returned_at(a) != returned_at(b) ? returned_at(a) < returned_at(b) : a < b;
  });
  std::sort(by_call.begin(), by_call.end(), [&](uint32_t a, uint32_t b) {
    const Micros at_a = At(judged[a].op).invoked_at;
    const Micros at_b = At(judged[b].op).invoked_at;
    return at_a != at_b ? at_a < at_b : a < b;
  });
  Index floor;  // the latest place of all that has returned
  OpId floor_op = 0;
  size_t returned = 0;
  for (const uint32_t i : by_call) {
    const Op& op = At(judged[i].op);
    for (; returned < by_return.size() && returned_at(by_return[returned]) < op.invoked_at;
         ++returned) {
      const uint32_t done = by_return[returned];
      if (place[done] < floor) continue;
      floor = place[done];
      floor_op = judged[done].op;
    }
    const bool fits = judged[i].is_write ? floor < judged[i].low : floor < judged[i].end;
    place[i] = std::max(floor, judged[i].low);
    if (fits) continue;
    findings->push_back(NameOf(judged[i].op) + (judged[i].is_write ? " (write)" : " (read)") +
                        " on key " + std::to_string(op.key) + " is stale: " + NameOf(floor_op) +
                        ", which had returned, stands at index " + std::to_string(floor.value()));
    if (findings->size() >= kFindingsMax) return;
  }
}

}  // namespace keel::sim
