#include "tests/nodesim/history.h"

#include <algorithm>

namespace keel::nodesim {

namespace {

constexpr size_t kFindingsMax = 8;

std::string Name(Revision revision) { return "revision " + std::to_string(revision.value()); }

// Where the key was last put, by the chronicle; none: it is not there.
Revision ModOf(const Chronicle& chronicle, std::string_view key, Revision at) {
  const kv::Event* last = chronicle.LastOf(key, at);
  return last == nullptr || last->kind == kv::EventKind::kDelete ? Revision() : last->kv.mod;
}

}  // namespace

OpNumber History::Add(Op op) {
  ops_.push_back(std::move(op));
  return ops_.size();
}

// What an operation saw at the revision that it was told, without changing it.
std::string History::CheckSeen(const Op& op, const Chronicle& chronicle) const {
  const Revision mod = ModOf(chronicle, op.key, op.revision);
  switch (op.kind) {
    case OpKind::kRead:
      if (mod == op.mod) return "";
      return "saw " + op.key + " at " + Name(op.mod) + ", which at " + Name(op.revision) +
             " stood at " + Name(mod);
    case OpKind::kCompareAndPut:
      return mod != op.expected ? "" : "failed although its condition held";
    case OpKind::kDelete:
      return mod.IsNone() ? "" : "found nothing to delete where something was";
    case OpKind::kTransfer:
      return "";
    case OpKind::kPut:
      return "changed nothing";
  }
  return "";
}

std::string History::CheckOne(OpNumber number, const Chronicle& chronicle,
                              std::vector<Judged>* judged) const {
  const Op& op = At(number);
  const bool ok = op.outcome == Outcome::kOk;
  if (ok && op.revision > chronicle.last()) return "was told a revision that never was";
  if (ok && !op.done) {
    judged->push_back({number, op.revision, false});
    return CheckSeen(op, chronicle);
  }
  if (op.kind == OpKind::kRead) return "";
  if (op.kind == OpKind::kDelete) {
    if (!ok) return "";  // a deletion does not say whose it was
    judged->push_back({number, op.revision, true});
    const kv::Event* last = chronicle.LastOf(op.key, op.revision);
    const bool is_there =
        last != nullptr && last->kind == kv::EventKind::kDelete && last->kv.mod == op.revision;
    return is_there ? "" : "was acknowledged and deleted nothing";
  }
  const Revision place = chronicle.PlaceOf(number);
  if (place.IsNone()) return ok ? "was acknowledged and is not there" : "";
  if (op.outcome == Outcome::kRefused) return "was refused and took effect all the same";
  if (ok && place != op.revision) return "was told another revision than the one it has";
  judged->push_back({number, place, true});
  if (op.kind != OpKind::kCompareAndPut) return "";
  const Revision before = ModOf(chronicle, op.key, place.Prev());
  return before == op.expected ? "" : "took effect although its condition did not hold";
}

std::vector<std::string> History::Check(const Chronicle& chronicle) const {
  std::vector<std::string> findings;
  std::vector<Judged> judged;
  for (OpNumber number = 1; number <= ops_.size() && findings.size() < kFindingsMax; ++number) {
    const std::string wrong = CheckOne(number, chronicle, &judged);
    if (!wrong.empty()) {
      findings.push_back("operation " + std::to_string(number) + " on " + At(number).key + " " +
                         wrong);
    }
  }
  CheckOrder(std::move(judged), &findings);
  return findings;
}

void History::CheckOrder(std::vector<Judged> judged, std::vector<std::string>* findings) const {
  const auto returned_us = [this](const Judged& one) {
    const Op& op = At(one.op);
    return op.outcome == Outcome::kOk ? op.returned_us : UINT64_MAX;
  };
  std::vector<Judged> by_return = judged;
  std::stable_sort(by_return.begin(), by_return.end(), [&](const Judged& a, const Judged& b) {
    return returned_us(a) < returned_us(b);
  });
  std::stable_sort(judged.begin(), judged.end(), [this](const Judged& a, const Judged& b) {
    return At(a.op).invoked_us < At(b.op).invoked_us;
  });
  Judged floor;  // the latest place of all that has returned
  size_t returned = 0;
  for (const Judged& one : judged) {
    const Op& op = At(one.op);
    for (; returned < by_return.size() && returned_us(by_return[returned]) < op.invoked_us;
         ++returned) {
      if (by_return[returned].place > floor.place) floor = by_return[returned];
    }
    const bool fits = one.changes ? one.place > floor.place : one.place >= floor.place;
    if (fits) continue;
    findings->push_back("operation " + std::to_string(one.op) + " on " + op.key + " stands at " +
                        Name(one.place) + "; operation " + std::to_string(floor.op) +
                        ", which had returned, at " + Name(floor.place));
    if (findings->size() >= kFindingsMax) return;
  }
}

}  // namespace keel::nodesim
