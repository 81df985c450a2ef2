// The checker of watches: no gap, no duplicate, nothing out of order, nothing that nobody wrote.
//
//   :put, :delete   as of kv, answered with a :revision
//   :watch          value {:from 5}, answered with
//                   {:from 5, :to 42, :events [[revision key value] ...]}: all that the watcher was
//                   told of revisions 5 to 42, in the order in which it was told; nil is a delete
// Keys that a watcher asks for may be given as {:keys #{...}}; without, it watches all.
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

using Place = std::pair<int64_t, std::string>;  // revision, key

struct Event {
  int64_t revision;
  std::string key;
  std::string value;
};

struct Watch {
  const Operation* operation;
  int64_t from = 0;
  int64_t to = 0;
  std::optional<std::set<std::string>> keys;
  std::vector<Event> events;

  [[nodiscard]] bool Covers(const Place& place) const {
    return place.first >= from && place.first <= to && (!keys || keys->contains(place.second));
  }
};

Result<Watch> ParseWatch(const Operation& operation) {
  Watch watch{.operation = &operation};
  const Value* from = operation.output.Find("from");
  if (from == nullptr) from = operation.input.Find("from");
  const Value* to = operation.output.Find("to");
  const Value* events = operation.output.Find("events");
  const auto refused = BadOperation(
      operation, "the answer is {:from revision, :to revision, :events [[revision key value]]}");
  if (from == nullptr || !from->IsInteger() || to == nullptr || !to->IsInteger() ||
      events == nullptr || !events->IsSequence()) {
    return refused;
  }
  watch.from = from->integer;
  watch.to = to->integer;
  const Value* keys = operation.output.Find("keys");
  if (keys == nullptr) keys = operation.input.Find("keys");
  if (keys != nullptr && !keys->IsNil()) {
    watch.keys.emplace();
    for (const Value& key : keys->items) watch.keys->insert(key.Canonical());
  }
  for (const Value& event : events->items) {
    if (!event.IsSequence() || event.items.size() != 3 || !event.items[0].IsInteger()) {
      return refused;
    }
    watch.events.push_back({.revision = event.items[0].integer,
                            .key = event.items[1].Canonical(),
                            .value = event.items[2].Canonical()});
  }
  return watch;
}

std::string Shown(const Place& place) {
  return "revision " + std::to_string(place.first) + " of key " + place.second;
}

class WatchJudge {
 public:
  Status Add(const Operation& operation) {
    const bool is_write = operation.f == "put" || operation.f == "delete";
    if (operation.f == "watch" && operation.outcome == Outcome::kOk) {
      auto watch = ParseWatch(operation);
      if (!watch.ok()) return watch.status();
      watches_.push_back(*std::move(watch));
    } else if (is_write && operation.outcome != Outcome::kFailed) {
      const std::string key = operation.key.value_or(Value()).Canonical();
      const std::string value = operation.f == "delete" ? "nil" : operation.input.Canonical();
      const bool found_nothing =
          operation.f == "delete" && operation.output.IsInteger() && operation.output.integer == 0;
      if (operation.outcome == Outcome::kUnknown) {
        unknown_.emplace(key, value);
      } else if (!operation.revisions.store) {
        return BadOperation(operation, "an answered write needs its :revision");
      } else if (!found_nothing) {
        written_[{*operation.revisions.store, key}] = {value, &operation};
      }
    } else if (!is_write && operation.f != "watch") {
      return BadOperation(operation, "watches have :put, :delete and :watch");
    }
    return {};
  }

  Judgement Judge() {
    for (const Watch& watch : watches_) {
      if (auto wrong = CheckEvents(watch)) return *std::move(wrong);
    }
    for (const Watch& watch : watches_) {
      if (auto wrong = CheckComplete(watch)) return *std::move(wrong);
    }
    return {};
  }

 private:
  std::optional<Judgement> CheckEvents(const Watch& watch) {
    std::set<Place> told;
    int64_t last = 0;
    for (const Event& event : watch.events) {
      const Place place{event.revision, event.key};
      if (!told.insert(place).second) {
        return Wrong("duplicate", "a watcher was told twice of " + Shown(place), {watch.operation});
      }
      if (event.revision < last) {
        return Wrong(
            "order",
            "a watcher was told of revision " + std::to_string(last) + " before " + Shown(place),
            {watch.operation});
      }
      last = event.revision;
      if (!watch.Covers(place)) {
        return Wrong("unasked", "a watcher was told of what it does not watch, " + Shown(place),
                     {watch.operation});
      }
      const auto known = written_.try_emplace(place, event.value, nullptr).first->second;
      const bool nobody = known.second == nullptr && !unknown_.contains({event.key, event.value});
      if (known.first != event.value || nobody) {
        return Wrong("phantom",
                     "a watcher was told of a value that was not written then, " + event.value +
                         " at " + Shown(place),
                     {watch.operation, known.second});
      }
    }
    return std::nullopt;
  }

  // What was written, or told to another, is told to all.
  [[nodiscard]] std::optional<Judgement> CheckComplete(const Watch& watch) const {
    std::set<Place> told;
    for (const Event& event : watch.events) told.emplace(event.revision, event.key);
    const auto end = written_.upper_bound({watch.to, "\xFF"});
    for (auto at = written_.lower_bound({watch.from, ""}); at != end; ++at) {
      if (!watch.Covers(at->first) || told.contains(at->first)) continue;
      return Wrong("gap", "a watcher was not told of " + Shown(at->first),
                   {at->second.second, watch.operation});
    }
    return std::nullopt;
  }

  std::vector<Watch> watches_;
  // What was written at each place, and by whom: null for what only a watcher has told.
  std::map<Place, std::pair<std::string, const Operation*>> written_;
  std::set<std::pair<std::string, std::string>> unknown_;  // key, value
};

}  // namespace

Answer CheckWatch(const Question& question) {
  WatchJudge judge;
  for (const Operation& operation : question.operations) KEEL_RETURN_IF_ERROR(judge.Add(operation));
  return std::vector{judge.Judge()};
}

}  // namespace keel::jepsen
