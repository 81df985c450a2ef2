// The checker of leases: none ends early, and none is seen later than a bound after its end.
//
//   :grant, :keepalive   value [lease ttl-ms]     :revoke   value lease (or [lease nil])
//   :check               value [lease nil], answered with [lease true] or [lease false]
// All events need a :time in nanoseconds, by one clock. A lease lives at least its time to live
// after the call of its last renewal, and at most that and the bound after its answer.
#include <algorithm>
#include <map>
#include <optional>

#include "jepsen/checker/check.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

struct Lease {
  std::vector<const Operation*> renewals;
  std::vector<const Operation*> revokes;
  std::vector<const Operation*> checks;
};

int64_t TtlNs(const Operation& renewal) { return renewal.input.items[1].integer * kNsPerMs; }

bool IsAlive(const Operation& check) {
  const Value& answer = check.output.items[1];
  return answer.kind == ValueKind::kBool && answer.integer != 0;
}

class LeaseJudge {
 public:
  LeaseJudge(const Lease& lease, int64_t bound_ns) : lease_(lease), bound_ns_(bound_ns) {}

  [[nodiscard]] Judgement Judge() const {
    const Operation* first_dead = nullptr;  // the one that was answered first
    for (const Operation* check : lease_.checks) {
      if (IsAlive(*check)) continue;
      if (const Operation* renewal = FindEarly(*check)) {
        return Wrong("early", "the lease was gone before its time to live was over",
                     {renewal, check});
      }
      if (first_dead == nullptr || check->answered < first_dead->answered) first_dead = check;
    }
    for (const Operation* check : lease_.checks) {
      if (!IsAlive(*check)) continue;
      if (first_dead != nullptr && first_dead->answered < check->called) {
        return Wrong("revived", "the lease was gone, and is there again", {first_dead, check});
      }
      for (const Operation* revoke : lease_.revokes) {
        if (revoke->outcome != Outcome::kOk || revoke->answered > check->called) continue;
        return Wrong("revived", "the lease is still there after it was revoked", {revoke, check});
      }
      if (const Operation* last = FindLate(*check)) {
        return Wrong("late", "the lease is still there, past its time to live and the bound",
                     {last, check});
      }
    }
    return {};
  }

 private:
  // The renewal that must still have held when the lease was seen to be gone.
  [[nodiscard]] const Operation* FindEarly(const Operation& check) const {
    for (const Operation* revoke : lease_.revokes) {
      if (revoke->called < check.answered && revoke->outcome != Outcome::kFailed) return nullptr;
    }
    for (const Operation* renewal : lease_.renewals) {
      if (renewal->outcome != Outcome::kOk || renewal->answered > check.called) continue;
      if (*renewal->call_time_ns + TtlNs(*renewal) > *check.answer_time_ns) return renewal;
    }
    return nullptr;
  }

  // The last renewal, when the lease must have ended before the check was called.
  [[nodiscard]] const Operation* FindLate(const Operation& check) const {
    const Operation* last = nullptr;
    int64_t end_ns = 0;
    for (const Operation* renewal : lease_.renewals) {
      if (renewal->called > check.answered || renewal->outcome == Outcome::kFailed) continue;
      if (renewal->outcome == Outcome::kUnknown) return nullptr;  // it may be renewed at any time
      const int64_t until_ns = *renewal->answer_time_ns + TtlNs(*renewal);
      if (last == nullptr || until_ns > end_ns) {
        last = renewal;
        end_ns = until_ns;
      }
    }
    const bool is_late = last != nullptr && *check.call_time_ns > end_ns + bound_ns_;
    return is_late ? last : nullptr;
  }

  const Lease& lease_;
  int64_t bound_ns_;
};

Status CheckShape(const Operation& operation) {
  const bool is_ok = operation.outcome == Outcome::kOk;
  if (!operation.call_time_ns || (is_ok && !operation.answer_time_ns)) {
    return BadOperation(operation, "leases are judged by time: every event needs its :time");
  }
  if (operation.f == "revoke") return {};
  const bool renews = operation.f == "grant" || operation.f == "keepalive";
  if (!renews && operation.f != "check") {
    return BadOperation(operation, "a lease has :grant, :keepalive, :revoke and :check");
  }
  if (!operation.input.IsPair() || (renews && !operation.input.items[1].IsInteger())) {
    return BadOperation(operation,
                        renews ? "the value is [lease ttl-ms]" : "the value is [lease nil]");
  }
  if (operation.f == "check" && is_ok &&
      (!operation.output.IsPair() || operation.output.items[1].kind != ValueKind::kBool)) {
    return BadOperation(operation, "the answer is [lease true] or [lease false]");
  }
  return {};
}

}  // namespace

Answer CheckLease(const Question& question) {
  std::map<std::string, std::pair<Value, Lease>> leases;
  for (const Operation& operation : question.operations) {
    KEEL_RETURN_IF_ERROR(CheckShape(operation));
    const Value& id = operation.input.IsPair() ? operation.input.items[0] : operation.input;
    auto& [shown, lease] = leases[id.Canonical()];
    shown = id;
    if (operation.f == "revoke") {
      lease.revokes.push_back(&operation);
    } else if (operation.f != "check") {
      lease.renewals.push_back(&operation);
    } else if (operation.outcome == Outcome::kOk) {
      lease.checks.push_back(&operation);
    }
  }
  const int64_t bound_ns = question.options.lease_bound.count() * kNsPerMs;
  std::vector<Judgement> judgements;
  for (const auto& [name, found] : leases) {
    judgements.push_back(LeaseJudge(found.second, bound_ns).Judge());
    judgements.back().key = found.first;
  }
  return judgements;
}

}  // namespace keel::jepsen
