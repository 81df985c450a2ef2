// The checker of locks that fence: every :acquire is answered with the :revision at which the lock
// was taken, its token, and what is done under the lock is a :guarded with the token as its value.
//
//   - no two acquires have one token, and later acquires have higher tokens;
//   - once a :guarded of a token has been answered, none with a lower one is accepted;
//   - nobody is given the lock between another's :acquire being answered and its :release called.
#include <map>
#include <optional>

#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"
#include "jepsen/checker/real_time.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

struct Hold {
  const Operation* acquire;
  const Operation* release;  // null: never called
};

Result<Judgement> JudgeLock(std::span<const Operation> operations) {
  std::map<int64_t, const Operation*> by_token;
  std::vector<Layered> acquires;
  std::vector<Layered> guarded;
  std::map<std::string, const Operation*> held;  // by process
  std::vector<Hold> holds;
  for (const Operation& operation : operations) {
    if (operation.f == "release") {
      // Called: from here on the lock may be another's, whatever the answer.
      const auto hold = held.find(operation.process);
      if (hold == held.end()) continue;
      holds.push_back({.acquire = hold->second, .release = &operation});
      held.erase(hold);
      continue;
    }
    if (operation.f != "acquire" && operation.f != "guarded") {
      return BadOperation(operation, "a lock has :acquire, :guarded and :release");
    }
    if (operation.outcome != Outcome::kOk) continue;
    if (operation.f == "guarded") {
      if (!operation.input.IsInteger()) {
        return BadOperation(operation, "the value is the token that :acquire was answered with");
      }
      guarded.push_back({.operation = &operation, .layer = operation.input.integer});
      continue;
    }
    if (!operation.revisions.store) {
      return BadOperation(operation, "an answered :acquire needs a :revision, its token");
    }
    const auto [other, is_new] = by_token.try_emplace(*operation.revisions.store, &operation);
    if (!is_new) return Wrong("token", "two acquires have one token", {other->second, &operation});
    acquires.push_back({.operation = &operation, .layer = *operation.revisions.store});
    held[operation.process] = &operation;
  }
  if (const auto conflict = FindConflict(acquires)) {
    return Wrong("token", "a later acquire has a lower token", {conflict->first, conflict->second});
  }
  if (const auto conflict = FindConflict(guarded)) {
    return Wrong("fence", "a holder's work was accepted after that of a later holder",
                 {conflict->first, conflict->second});
  }
  // Certain holds do not overlap: in the order of their tokens, each ends before the next begins.
  std::map<int64_t, Hold> by_order;
  for (const auto& [process, acquire] : held)
    holds.push_back({.acquire = acquire, .release = nullptr});
  for (const Hold& hold : holds) by_order[*hold.acquire->revisions.store] = hold;
  std::optional<Hold> last;
  for (const auto& [token, hold] : by_order) {
    if (last && last->release->called > hold.acquire->answered) {
      return Wrong("held-twice", "the lock was given to another before it was released",
                   {last->acquire, last->release, hold.acquire});
    }
    const bool is_released = hold.release != nullptr;
    if (is_released && (!last || hold.release->called > last->release->called)) last = hold;
  }
  return Judgement{};
}

}  // namespace

Answer CheckLock(const Question& question) {
  std::vector<Judgement> judgements;
  std::map<std::string, std::vector<Operation>> locks;
  for (const Operation& operation : question.operations) {
    locks[operation.key.value_or(Value()).Canonical()].push_back(operation);
  }
  for (const auto& [name, operations] : locks) {
    auto judgement = JudgeLock(operations);
    if (!judgement.ok()) return judgement.status();
    judgement->key = operations.front().key;
    judgements.push_back(*std::move(judgement));
  }
  return judgements;
}

}  // namespace keel::jepsen
