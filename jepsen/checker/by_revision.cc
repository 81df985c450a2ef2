#include "jepsen/checker/by_revision.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jepsen/checker/real_time.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

constexpr std::string_view kNothing = "nil";

bool IsRead(const Operation& operation) {
  const bool found_nothing = operation.f == "delete" && operation.outcome == Outcome::kOk &&
                             operation.output.IsInteger() && operation.output.integer == 0;
  return operation.f == "get" || operation.f == "read" || found_nothing;
}

std::string Found(const Operation& read) {
  return read.f == "delete" ? std::string(kNothing) : read.output.Canonical();
}

// What it leaves behind.
std::string Written(const Operation& write) {
  if (write.f == "delete") return std::string(kNothing);
  return write.f == "cas" ? write.input.items[1].Canonical() : write.input.Canonical();
}

std::string KeyOf(const Operation& operation) {
  return operation.key.value_or(Value()).Canonical();
}

// A value that was at a key from a revision on.
struct Version {
  std::string value;
  const Operation* by = nullptr;  // null: a write of unknown outcome, which a read has shown
};

class RevisionJudge {
 public:
  explicit RevisionJudge(std::span<const Operation> operations) {
    for (const Operation& operation : operations) {
      if (operation.outcome == Outcome::kFailed) continue;
      if (operation.outcome == Outcome::kUnknown) {
        if (!IsRead(operation)) unknown_[KeyOf(operation)].push_back(&operation);
      } else {
        (IsRead(operation) ? reads_ : writes_).push_back(&operation);
      }
    }
  }

  Judgement Judge() {
    if (auto wrong = PlaceWrites()) return *std::move(wrong);
    if (auto wrong = CompareWithRealTime()) return *std::move(wrong);
    if (auto wrong = PlaceWhatReadsShow()) return *std::move(wrong);
    if (auto wrong = CheckReads()) return *std::move(wrong);
    if (auto wrong = CheckCompares()) return *std::move(wrong);
    if (auto wrong = AssignUnknown()) return *std::move(wrong);
    if (!undecided_.empty()) {
      Judgement judgement;
      judgement.verdict = Verdict::kUnknown;
      judgement.reason = undecided_;
      return judgement;
    }
    return {};
  }

 private:
  using Versions = std::map<int64_t, Version>;

  std::optional<Judgement> PlaceWrites() {
    for (const Operation* write : writes_) {
      const int64_t revision = *write->revisions.store;
      const auto [at, is_new] = by_revision_.try_emplace(revision, write);
      if (!is_new) {
        return Wrong("", "two writes have one revision, " + std::to_string(revision),
                     {at->second, write});
      }
      keys_[KeyOf(*write)][revision] = {.value = Written(*write), .by = write};
    }
    return std::nullopt;
  }

  std::optional<Judgement> CompareWithRealTime() {
    for (const Operation* write : writes_) {
      layers_.push_back({.operation = write, .layer = 2 * *write->revisions.store});
    }
    for (const Operation* read : reads_) {
      layers_.push_back({.operation = read, .layer = 2 * *read->revisions.store + 1});
    }
    const auto conflict = FindConflict(layers_);
    if (!conflict) return std::nullopt;
    return Wrong(
        "",
        "by the revisions of their answers the later of these came first, but it was called only "
        "after the other had ended",
        {conflict->first, conflict->second});
  }

  // A mod revision that is no known write's was that of a write of unknown outcome.
  std::optional<Judgement> PlaceWhatReadsShow() {
    for (const Operation* read : reads_) {
      const int64_t mod = read->revisions.mod.value_or(0);
      const std::string found = Found(*read);
      if (mod <= 0 || found == kNothing) continue;
      Versions& versions = keys_[KeyOf(*read)];
      if (versions.contains(mod)) continue;  // compared below
      if (by_revision_.contains(mod) || mod > *read->revisions.store) {
        return Wrong(
            "", "a read shows a mod revision that cannot be its value's: " + std::to_string(mod),
            {read, by_revision_.contains(mod) ? by_revision_[mod] : nullptr});
      }
      const auto [at, is_new] = shown_.try_emplace(mod, read);
      if (!is_new) {
        return Wrong("", "two keys show a value of one revision, " + std::to_string(mod),
                     {at->second, read});
      }
      versions[mod] = {.value = found};
    }
    return std::nullopt;
  }

  // The latest version before `end` of a key; null when there is none.
  [[nodiscard]] const std::pair<const int64_t, Version>* Latest(const std::string& key,
                                                                int64_t end) const {
    const auto versions = keys_.find(key);
    if (versions == keys_.end()) return nullptr;
    const auto after = versions->second.lower_bound(end);
    return after == versions->second.begin() ? nullptr : &*std::prev(after);
  }

  // Whether a write of unknown outcome could have left this value.
  [[nodiscard]] bool MayHaveWritten(const std::string& key, const std::string& value) const {
    const auto found = unknown_.find(key);
    if (found == unknown_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const Operation* write) { return Written(*write) == value; });
  }

  std::optional<Judgement> CheckReads() {
    for (const Operation* read : reads_) {
      const auto* latest = Latest(KeyOf(*read), *read->revisions.store + 1);
      const std::string actual = latest == nullptr ? std::string(kNothing) : latest->second.value;
      const std::string found = Found(*read);
      const int64_t mod = read->revisions.mod.value_or(0);
      const bool is_dated = mod > 0 && found != kNothing;
      const bool has_date = !is_dated || (latest != nullptr && latest->first == mod);
      if (actual == found && has_date) continue;
      if (!is_dated && MayHaveWritten(KeyOf(*read), found)) {
        undecided_ = "a write of unknown outcome, which no read dates, may explain \"" +
                     read->Describe() + "\" of line " + std::to_string(read->call_line);
        continue;
      }
      return Wrong("",
                   "at revision " + std::to_string(*read->revisions.store) + " the value was " +
                       actual +
                       (latest == nullptr ? "" : " of revision " + std::to_string(latest->first)) +
                       ", not what this read found",
                   {latest == nullptr ? nullptr : latest->second.by, read});
    }
    return std::nullopt;
  }

  std::optional<Judgement> CheckCompares() {
    for (const Operation* write : writes_) {
      if (write->f != "cas") continue;
      const auto* latest = Latest(KeyOf(*write), *write->revisions.store);
      const std::string actual = latest == nullptr ? std::string(kNothing) : latest->second.value;
      const std::string expected = write->input.items[0].Canonical();
      if (actual == expected) continue;
      if (MayHaveWritten(KeyOf(*write), expected)) {
        undecided_ = "a write of unknown outcome, which no read dates, may explain \"" +
                     write->Describe() + "\" of line " + std::to_string(write->call_line);
        continue;
      }
      return Wrong("",
                   "before revision " + std::to_string(*write->revisions.store) +
                       " the value was " + actual + ", which this compare-and-set did not expect",
                   {latest == nullptr ? nullptr : latest->second.by, write});
    }
    return std::nullopt;
  }

  // Before this place a write at `revision` must have been called: some answer tells of what came
  // after it. For all revisions at once, from the highest down.
  void FindDeadlines() {
    std::sort(layers_.begin(), layers_.end(),
              [](const Layered& a, const Layered& b) { return a.layer > b.layer; });
    size_t at = 0;
    size_t earliest = kNever;
    for (auto shown = shown_.rbegin(); shown != shown_.rend(); ++shown) {
      for (; at < layers_.size() && layers_[at].layer > 2 * shown->first; at++) {
        earliest = std::min(earliest, layers_[at].operation->answered);
      }
      deadlines_[shown->first] = earliest;
    }
  }

  [[nodiscard]] bool CanBe(const Operation& write, int64_t revision, const Operation& reader,
                           bool heeds_compares) const {
    if (KeyOf(write) != KeyOf(reader) || Written(write) != Found(reader)) return false;
    if (write.called > deadlines_.at(revision)) return false;
    if (write.f != "cas" || !heeds_compares) return true;
    const auto* latest = Latest(KeyOf(write), revision);
    const std::string before = latest == nullptr ? std::string(kNothing) : latest->second.value;
    return before == write.input.items[0].Canonical();
  }

  // Gives every revision that reads have shown a write of its own (augmenting paths).
  std::optional<Judgement> AssignUnknown() {
    FindDeadlines();
    for (const bool heeds_compares : {true, false}) {
      std::unordered_map<const Operation*, int64_t> taken;
      const Operation* unexplained = nullptr;
      for (const auto& [revision, reader] : shown_) {
        std::map<const Operation*, bool> tried;
        if (!Assign(revision, heeds_compares, &tried, &taken)) {
          unexplained = reader;
          break;
        }
      }
      if (unexplained == nullptr) {
        if (!heeds_compares) {
          undecided_ = "a compare-and-set of unknown outcome may follow a write that no read dates";
        }
        return std::nullopt;
      }
      if (!heeds_compares) {
        return Wrong("", "a value was read that no write can have left there by then",
                     {unexplained});
      }
    }
    return std::nullopt;
  }

  bool Assign(int64_t revision, bool heeds_compares, std::map<const Operation*, bool>* tried,
              std::unordered_map<const Operation*, int64_t>* taken) {
    const Operation& reader = *shown_.at(revision);
    for (const Operation* write : unknown_[KeyOf(reader)]) {
      if ((*tried)[write] || !CanBe(*write, revision, reader, heeds_compares)) continue;
      (*tried)[write] = true;
      const auto other = taken->find(write);
      if (other == taken->end() || Assign(other->second, heeds_compares, tried, taken)) {
        (*taken)[write] = revision;
        return true;
      }
    }
    return false;
  }

  std::vector<const Operation*> reads_;
  std::vector<const Operation*> writes_;
  std::unordered_map<std::string, std::vector<const Operation*>> unknown_;
  std::map<int64_t, const Operation*> by_revision_;
  std::unordered_map<std::string, Versions> keys_;
  std::map<int64_t, const Operation*> shown_;  // by mod revision, the read that shows it
  std::map<int64_t, size_t> deadlines_;
  std::vector<Layered> layers_;
  std::string undecided_;
};

}  // namespace

bool TellsRevisions(std::span<const Operation> operations) {
  bool has_any = false;
  for (const Operation& operation : operations) {
    const bool is_cas = operation.f == "cas" && operation.input.IsPair();
    const bool is_known = operation.f == "get" || operation.f == "read" || operation.f == "put" ||
                          operation.f == "write" || operation.f == "delete" || is_cas;
    if (!is_known) return false;
    if (operation.outcome != Outcome::kOk) continue;
    if (!operation.revisions.store) return false;
    has_any = true;
  }
  return has_any;
}

Judgement JudgeByRevision(std::span<const Operation> operations) {
  return RevisionJudge(operations).Judge();
}

}  // namespace keel::jepsen
