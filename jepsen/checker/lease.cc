// The checker of leases: none ends early, and none is seen later than a bound after its end.
//
//   :grant, :keepalive   value [lease ttl-ms]     :revoke   value lease (or [lease nil])
//   :check               value [lease nil], answered with [lease true] or [lease false]
// All events need a :time in nanoseconds, by one clock. A lease lives at least its time to live
// after the call of its last renewal, and at most that and the bound after its answer.
//
// Where answers tell their :term the end is held to what is provable. A new leader gives each lease
// its full time again; but of one term there is one leader, who leads at the latest when a grant
// was answered that was called after the term was first seen. From then on, or from the renewal,
// the lease has its time to live. After that the leader proposes its end, at its next tick; and a
// grant that the same leader was asked for later stands behind that end in the log. So once such a
// grant was answered the lease must be gone. The tick comes within the bound of time in which the
// leader answers: its longest silence does not count.
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

// What answered grants prove of the leader of one term.
struct Led {
  int64_t seen_ns = 0;                   // the first answer of the term
  int64_t since_ns = 0;                  // it leads by then
  std::vector<const Operation*> grants;  // called after the term was seen, by their answers
};
using Terms = std::map<int64_t, Led>;

Terms TermsOf(std::span<const Operation> operations) {
  Terms terms;
  std::vector<const Operation*> answered;
  for (const Operation& operation : operations) {
    if (operation.outcome != Outcome::kOk || !operation.revisions.term) continue;
    answered.push_back(&operation);
    const auto [at, is_new] = terms.try_emplace(*operation.revisions.term);
    const int64_t answer_ns = *operation.answer_time_ns;
    at->second.seen_ns = is_new ? answer_ns : std::min(at->second.seen_ns, answer_ns);
  }
  std::sort(answered.begin(), answered.end(), [](const Operation* a, const Operation* b) {
    return *a->answer_time_ns < *b->answer_time_ns;
  });
  for (const Operation* operation : answered) {
    Led& led = terms[*operation->revisions.term];
    if (operation->f != "grant" || *operation->call_time_ns <= led.seen_ns) continue;
    if (led.grants.empty()) led.since_ns = *operation->answer_time_ns;
    led.grants.push_back(operation);
  }
  return terms;
}

// A grant that the leader was asked for when the lease's end was certainly proposed, and that was
// answered before the lease was looked for. `end_ns`: its time to live is over.
const Operation* FindWitness(const Led& led, const Operation& check, int64_t end_ns,
                             int64_t bound_ns) {
  int64_t last_ns = end_ns;
  int64_t silence_ns = 0;
  for (const Operation* grant : led.grants) {
    if (*grant->answer_time_ns <= end_ns) continue;
    if (grant->answered >= check.called) return nullptr;
    silence_ns = std::max(silence_ns, *grant->answer_time_ns - last_ns);
    last_ns = *grant->answer_time_ns;
    if (*grant->call_time_ns > end_ns + bound_ns + silence_ns) return grant;
  }
  return nullptr;
}

class LeaseJudge {
 public:
  LeaseJudge(const Lease& lease, int64_t bound_ns, const Terms& terms)
      : lease_(lease), bound_ns_(bound_ns), terms_(terms) {}

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
    if (!is_late || terms_.empty()) return is_late ? last : nullptr;
    for (const auto& [term, led] : terms_) {
      if (led.grants.empty()) continue;
      const int64_t anew_ns = std::max(end_ns, led.since_ns + TtlNs(*last));
      if (FindWitness(led, check, anew_ns, bound_ns_) != nullptr) return last;
    }
    return nullptr;
  }

  const Lease& lease_;
  int64_t bound_ns_;
  const Terms& terms_;  // none where the history tells no terms
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
  const Terms terms = TermsOf(question.operations);
  std::vector<Judgement> judgements;
  for (const auto& [name, found] : leases) {
    judgements.push_back(LeaseJudge(found.second, bound_ns, terms).Judge());
    judgements.back().key = found.first;
  }
  return judgements;
}

}  // namespace keel::jepsen
