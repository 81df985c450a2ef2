#include "jepsen/checker/wgl.h"

#include <algorithm>
#include <utility>

#include "jepsen/checker/tried_table.h"
#include "jepsen/checker/tried_with_crowds.h"

namespace keel::jepsen {
namespace {

constexpr size_t kShownStatesMax = 4;
// How far the search looks ahead for reads that must still be possible.
constexpr size_t kEntriesAheadMax = 64;
constexpr size_t kReadsAheadMax = 4;

// The calls and answers that are not yet in the order, by place; taking a call out and putting it
// back is a change of four links. Entry 2i + 1 is call i, entry 2i + 2 its answer, 0 the start.
class OpenEntries {
 public:
  explicit OpenEntries(std::span<const Operation> operations) : operations_(operations) {
    std::vector<std::pair<size_t, size_t>> places;
    for (size_t i = 0; i < operations.size(); i++) {
      if (operations[i].answered == kNever) continue;
      places.emplace_back(operations[i].called, 2 * i + 1);
      places.emplace_back(operations[i].answered, 2 * i + 2);
    }
    std::sort(places.begin(), places.end());
    next_.resize(2 * operations.size() + 1, kEnd);
    previous_.resize(2 * operations.size() + 1, 0);
    size_t last = 0;
    for (const auto& [place, entry] : places) {
      next_[last] = entry;
      previous_[entry] = last;
      last = entry;
    }
  }

  static constexpr size_t kEnd = static_cast<size_t>(-1);

  [[nodiscard]] size_t First() const { return next_[0]; }
  [[nodiscard]] size_t After(size_t entry) const { return next_[entry]; }
  [[nodiscard]] static bool IsCall(size_t entry) { return entry % 2 == 1; }
  [[nodiscard]] static size_t CallOf(size_t entry) { return (entry - 1) / 2; }
  [[nodiscard]] static size_t EntryOf(size_t call) { return 2 * call + 1; }

  void Take(size_t call) {
    Unlink(2 * call + 1);
    Unlink(2 * call + 2);
  }
  void PutBack(size_t call) {
    Link(2 * call + 2);
    Link(2 * call + 1);
  }

 private:
  void Unlink(size_t entry) {
    next_[previous_[entry]] = next_[entry];
    if (next_[entry] != kEnd) previous_[next_[entry]] = previous_[entry];
  }
  void Link(size_t entry) {
    next_[previous_[entry]] = entry;
    if (next_[entry] != kEnd) previous_[next_[entry]] = entry;
  }

  std::span<const Operation> operations_;
  std::vector<size_t> next_;
  std::vector<size_t> previous_;
};

// Calls without an answer that are alike; they are taken in the order in which they were made.
struct Crowd {
  std::vector<size_t> calls;
  size_t taken = 0;
};

// Where to go on at one point of the search: first through the answered calls, then the crowds.
struct Cursor {
  bool in_crowds = false;
  size_t entry = 0;
  size_t crowd = 0;
  size_t choice = 0;
};

struct Frame {
  size_t call;
  size_t choice;
  size_t crowd;  // of a call without an answer
  StateId before;
  bool is_final;  // a read that fits: there is nothing else to try at this point
};

class Search {
 public:
  Search(std::span<const Operation> operations, Model* model, const Limits& limits,
         bool looks_ahead)
      : operations_(operations),
        model_(model),
        limits_(limits),
        looks_ahead_(looks_ahead && model->LooksAhead()),
        entries_(operations),
        tried_(limits.cache_bytes_max) {
    std::vector<std::pair<uint32_t, size_t>> kinds;
    crowd_of_.resize(operations.size());
    is_taken_.resize(operations.size());
    for (size_t i = 0; i < operations.size(); i++) {
      if (IsAnswered(i)) {
        remaining_++;
      } else {
        kinds.emplace_back(model->Kind(i), i);
      }
    }
    std::sort(kinds.begin(), kinds.end());
    for (size_t i = 0; i < kinds.size(); i++) {
      if (i == 0 || kinds[i].first != kinds[i - 1].first) crowds_.emplace_back();
      crowd_of_[kinds[i].second] = crowds_.size() - 1;
      crowds_.back().calls.push_back(kinds[i].second);
    }
    taken_counts_.resize(crowds_.size());
    state_ = model->Initial();
  }

  SearchResult Run() {
    Cursor cursor = Beginning();
    while (remaining_ > 0) {
      if (TryFrom(cursor)) {
        cursor = Beginning();
        if (IsOutOfBounds()) return Finish(Verdict::kUnknown);
        continue;
      }
      do {
        if (stack_.empty()) return Finish(Verdict::kNotLinearizable);
      } while (!GoBack(&cursor));
    }
    return Finish(Verdict::kLinearizable);
  }

 private:
  [[nodiscard]] bool IsAnswered(size_t call) const { return operations_[call].answered != kNever; }

  [[nodiscard]] Cursor Beginning() const { return {.entry = entries_.First()}; }

  bool TryFrom(Cursor cursor) {
    if (!cursor.in_crowds) {
      size_t entry = cursor.entry;
      for (; OpenEntries::IsCall(entry); entry = entries_.After(entry)) {
        if (Try(OpenEntries::CallOf(entry), std::exchange(cursor.choice, 0))) return true;
      }
    }
    size_t answer = entries_.First();
    while (OpenEntries::IsCall(answer)) answer = entries_.After(answer);
    const size_t first_answered = (answer - 2) / 2;
    const size_t bound = operations_[first_answered].answered;
    for (size_t i = cursor.crowd; i < crowds_.size(); i++) {
      const size_t choice = std::exchange(cursor.choice, 0);
      if (crowds_[i].taken == crowds_[i].calls.size()) continue;
      const size_t call = crowds_[i].calls[crowds_[i].taken];
      if (operations_[call].called < bound && Try(call, choice)) return true;
    }
    NoteBlocked(first_answered);
    return false;
  }

  // Takes the call into the order, unless no answer fits or all that follows has been tried.
  bool Try(size_t call, size_t first_choice) {
    next_states_.clear();
    model_->Step(state_, call, &next_states_);
    const std::vector<StateId> choices =
        next_states_.size() > 1 ? next_states_ : std::vector<StateId>();
    const size_t count = next_states_.size();
    const StateId only = count == 1 ? next_states_[0] : 0;
    for (size_t choice = first_choice; choice < count; choice++) {
      const StateId next = count == 1 ? only : choices[choice];
      const bool changes_nothing = next == state_;
      if (!IsAnswered(call) && changes_nothing) continue;
      if (IsPreviousUseless(call, next)) continue;
      if (!changes_nothing && StrandsARead(call, next)) continue;
      SetFingerprint set = set_;
      if (IsAnswered(call)) set.Toggle(call);
      if (IsTried(call, set, next)) continue;
      set_ = set;
      stack_.push_back({.call = call,
                        .choice = choice,
                        .crowd = crowd_of_[call],
                        .before = state_,
                        .is_final = changes_nothing && model_->IsRead(call)});
      state_ = next;
      is_taken_[call] = true;
      if (IsAnswered(call)) {
        entries_.Take(call);
        remaining_--;
      } else {
        crowds_[crowd_of_[call]].taken++;
        taken_counts_[crowd_of_[call]]++;
      }
      return true;
    }
    return false;
  }

  // Whether the call before this one, of unknown outcome, could as well not have happened.
  bool IsPreviousUseless(size_t call, StateId next) {
    if (stack_.empty() || IsAnswered(stack_.back().call)) return false;
    if (!IsAnswered(call) && crowd_of_[call] == stack_.back().crowd) return false;
    next_states_.clear();
    model_->Step(stack_.back().before, call, &next_states_);
    return std::find(next_states_.begin(), next_states_.end(), next) != next_states_.end();
  }

  // Whether all that follows from here has been tried, or will be; notes it, if not.
  bool IsTried(size_t call, const SetFingerprint& set, StateId next) {
    if (crowds_.empty()) return !tried_.Insert(set.With(next));
    if (IsAnswered(call)) return !tried_with_crowds_.Insert(set.With(next), taken_counts_);
    TriedWithCrowds::Counts counts = taken_counts_;
    counts[crowd_of_[call]]++;
    return !tried_with_crowds_.Insert(set.With(next), counts);
  }

  [[nodiscard]] size_t TriedCount() const {
    return crowds_.empty() ? tried_.count() : tried_with_crowds_.count();
  }

  // Whether, with this call taken, one of the next reads could never find its answer.
  bool StrandsARead(size_t call, StateId next) {
    if (!looks_ahead_) return false;
    size_t reads = 0;
    size_t entry = entries_.First();
    for (size_t seen = 0; seen < kEntriesAheadMax && entry != OpenEntries::kEnd; seen++) {
      const size_t read = OpenEntries::CallOf(entry);
      if (OpenEntries::IsCall(entry) && read != call && model_->IsRead(read)) {
        if (!model_->MayLeadTo(next, read) && !MayBeOverwritten(call, read)) {
          NoteBlocked(read);  // what is impossible is so because of this read, too
          return true;
        }
        if (++reads == kReadsAheadMax) break;
      }
      entry = entries_.After(entry);
    }
    return false;
  }

  // Whether a call that is not in the order yet, and is not `call`, may make the read possible.
  bool MayBeOverwritten(size_t call, size_t read) {
    if (enabling_.empty()) enabling_.resize(operations_.size());
    auto& calls = enabling_[read];
    if (!calls) {
      calls.emplace();
      for (size_t i = 0; i < operations_.size(); i++) {
        if (operations_[i].called > operations_[read].answered) break;
        if (model_->MayEnable(i, read)) calls->push_back(i);
      }
    }
    return std::any_of(calls->rbegin(), calls->rend(),
                       [&](size_t i) { return i != call && !is_taken_[i]; });
  }

  // Takes the last call out of the order again; false when that point has nothing else to try.
  bool GoBack(Cursor* cursor) {
    const Frame frame = stack_.back();
    stack_.pop_back();
    state_ = frame.before;
    is_taken_[frame.call] = false;
    if (IsAnswered(frame.call)) set_.Toggle(frame.call);
    if (IsAnswered(frame.call)) {
      entries_.PutBack(frame.call);
      remaining_++;
      *cursor = {.entry = OpenEntries::EntryOf(frame.call), .choice = frame.choice + 1};
      return !frame.is_final;
    }
    crowds_[frame.crowd].taken--;
    taken_counts_[frame.crowd]--;
    *cursor = {.in_crowds = true, .crowd = frame.crowd, .choice = frame.choice + 1};
    return true;
  }

  void NoteBlocked(size_t call) {
    if (blocked_ == kNever || operations_[call].answered > operations_[blocked_].answered) {
      blocked_ = call;
      blocked_states_.clear();
    }
    if (call != blocked_ || blocked_states_.size() >= kShownStatesMax) return;
    if (std::find(blocked_states_.begin(), blocked_states_.end(), state_) ==
        blocked_states_.end()) {
      blocked_states_.push_back(state_);
    }
  }

  bool IsOutOfBounds() {
    const size_t bytes = tried_.bytes() + tried_with_crowds_.bytes() + model_->memory_bytes();
    if (tried_.is_full() || bytes > limits_.cache_bytes_max) {
      reason_ = "the search's memory is full (--cache-mb gives it more)";
      return true;
    }
    if (TriedCount() % 1024 == 0 && std::chrono::steady_clock::now() > limits_.deadline) {
      reason_ = "the search's time is over (--seconds gives it more)";
      return true;
    }
    return false;
  }

  SearchResult Finish(Verdict verdict) {
    SearchResult result;
    result.verdict = verdict;
    result.tried_count = TriedCount();
    result.reason = reason_;
    if (verdict == Verdict::kLinearizable) {
      for (const Frame& frame : stack_) result.order.push_back(frame.call);
    } else if (blocked_ != kNever) {
      result.blocked = blocked_;
      for (const StateId state : blocked_states_) result.states.push_back(model_->Show(state));
    }
    return result;
  }

  std::span<const Operation> operations_;
  Model* model_;
  Limits limits_;
  bool looks_ahead_;
  OpenEntries entries_;
  TriedTable tried_;
  TriedWithCrowds tried_with_crowds_;
  TriedWithCrowds::Counts taken_counts_;
  std::vector<Crowd> crowds_;
  std::vector<size_t> crowd_of_;
  std::vector<bool> is_taken_;
  // By read, the calls that may make it possible whatever the state is; made when needed.
  std::vector<std::optional<std::vector<size_t>>> enabling_;
  std::vector<Frame> stack_;
  std::vector<StateId> next_states_;
  StateId state_ = 0;
  SetFingerprint set_;
  size_t remaining_ = 0;
  size_t blocked_ = kNever;
  std::vector<StateId> blocked_states_;
  std::string reason_;
};

}  // namespace

SearchResult SearchOrder(std::span<const Operation> operations, Model* model,
                         const Limits& limits) {
  return Search(operations, model, limits, true).Run();
}

SearchResult SearchOrderPlainly(std::span<const Operation> operations, Model* model,
                                const Limits& limits) {
  return Search(operations, model, limits, false).Run();
}

}  // namespace keel::jepsen
