// What a history is made of: events as they were written down, and the operations that they make.
//
// An Event is one line of a history: somebody called something (:invoke), or learned how it ended:
// it was done (:ok), it certainly was not (:fail), or nobody knows (:info). An Operation is a call
// with what became of it. Plain values; any thread may hold its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jepsen/history/value.h"

namespace keel::jepsen {

enum class EventType : uint8_t { kInvoke, kOk, kFail, kInfo };
[[nodiscard]] std::string_view ToString(EventType type);
[[nodiscard]] std::optional<EventType> EventTypeOf(std::string_view name);

// What an answer says about revisions, when it does, as etcd's and Keel's answers do.
struct Revisions {
  std::optional<int64_t>
      store;                    // :revision, the store's at the answer; of a write, the write's own
  std::optional<int64_t> mod;   // :mod-revision, of the value that was read
  std::optional<int64_t> term;  // :term, of the node that answered
  Value by_key;                 // :revisions, a map from keys to the mod revisions of their values
};

struct Event {
  Value process;
  EventType type = EventType::kInvoke;
  std::string f;
  Value value;
  std::optional<Value> key;  // :key
  std::optional<int64_t> index;
  std::optional<int64_t> time_ns;  // :time
  Revisions revisions;
  size_t line = 0;

  // Clients have numbers or names; keywords, such as :nemesis, are not clients.
  [[nodiscard]] bool IsOfClient() const { return process.kind != ValueKind::kKeyword; }
};

// The event as one line of EDN, without the line's end.
[[nodiscard]] std::string ToEdn(const Event& event);

enum class Outcome : uint8_t {
  kOk,       // it took effect, once, between its call and its answer
  kFailed,   // it never took effect
  kUnknown,  // it took effect once after its call, or never
};

// The place of an answer that never came: after everything.
constexpr size_t kNever = std::numeric_limits<size_t>::max();

struct Operation {
  std::string process;
  std::string f;
  Value input;   // the value that it was called with
  Value output;  // the value that it was answered with; nil unless kOk
  std::optional<Value> key;
  Outcome outcome = Outcome::kUnknown;
  Revisions revisions;  // of the answer
  // Places in the history: a comes before b in real time when a.answered < b.called.
  size_t called = 0;
  size_t answered = kNever;
  size_t call_line = 0;
  size_t answer_line = 0;  // 0: none
  std::optional<int64_t> call_time_ns;
  std::optional<int64_t> answer_time_ns;

  // "write 3", "read -> 3": as in a counterexample.
  [[nodiscard]] std::string Describe() const;
};

}  // namespace keel::jepsen
