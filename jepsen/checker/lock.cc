// The checker of locks that fence: every :acquire is answered with the :revision at which the lock
// was taken, its token, and what is done under the lock is a :guarded with the token as its value.
// Elections are locks by other names: :campaign, :proclaim and :resign, with :leader to see who is
// elected.
//
//   - no two acquires have one token, and later acquires have higher tokens;
//   - once a :guarded of a token has been answered, none with a lower one is accepted;
//   - a :leader that was answered with a token has seen its holder: it stands as a :guarded does;
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

enum class Deed : uint8_t { kAcquire, kGuarded, kRelease, kSeen };

std::optional<Deed> DeedOf(const std::string& f) {
  static const std::map<std::string, Deed> deeds = {
      {"acquire", Deed::kAcquire},  {"campaign", Deed::kAcquire}, {"guarded", Deed::kGuarded},
      {"proclaim", Deed::kGuarded}, {"release", Deed::kRelease},  {"resign", Deed::kRelease},
      {"leader", Deed::kSeen}};
  const auto found = deeds.find(f);
  return found == deeds.end() ? std::nullopt : std::optional(found->second);
}

Result<Judgement> JudgeLock(std::span<const Operation> operations) {
  std::map<int64_t, const Operation*> by_token;
  std::vector<Layered> acquires;
  std::vector<Layered> guarded;
  std::map<std::string, const Operation*> held;  // by process
  std::vector<Hold> holds;
  for (const Operation& operation : operations) {
    const auto deed = DeedOf(operation.f);
    if (deed == Deed::kRelease) {
      // Called: from here on the lock may be another's, whatever the answer.
      const auto hold = held.find(operation.process);
      if (hold == held.end()) continue;
      holds.push_back({.acquire = hold->second, .release = &operation});
      held.erase(hold);
      continue;
    }
    if (!deed) {
      return BadOperation(operation,
                          "a lock has :acquire, :guarded and :release; an election :campaign, "
                          ":proclaim, :resign and :leader");
    }
    if (operation.outcome != Outcome::kOk) continue;
    if (deed != Deed::kAcquire) {
      const Value& token = deed == Deed::kSeen ? operation.output : operation.input;
      if (!token.IsInteger()) {
        return BadOperation(operation, "the value is the token that :acquire was answered with");
      }
      guarded.push_back({.operation = &operation, .layer = token.integer});
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
    return Wrong("fence", "a holder's work was accepted, or the holder seen, after a later one",
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
