// Which unary calls take long, and where their time goes: one line of the log for each, up to a
// bound per second, and a count of all.
//
// A Trace goes with its call and is written by whichever role has the call at the time: it notes
// the end of each wait, and nothing is made of that unless the call turns out to be slow. Of what a
// client sends, only the beginning of a key is kept. SlowRequests belongs to the transport's
// executor.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "server/node/outcome.h"
#include "server/node/reads.h"

namespace keel::api {

class Trace {
 public:
  // What a call waits for, in order; each call has some of them.
  enum class Stage : uint8_t {
    kQueue,   // until the node takes it up
    kLeader,  // held: nobody leads, or the leader hands over
    kCommit,  // proposed, until it is known to be committed
    kIndex,   // a read, until a majority has confirmed the index that it must see
    kApply,   // until the state has it
    kRead,    // the reading itself, and the wait for a thread that may block
  };
  static constexpr size_t kStages = 6;
  static constexpr size_t kKeyBytesMax = 32;

  Trace(std::string_view method, uint64_t began_ms) : method_(method), began_ms_(began_ms) {}

  void SetKey(std::string_view key);
  // Where the outcome is none that was applied, the wait under way ended at `now_ms`.
  void Note(const node::ProposalTimes& times, uint64_t now_ms);
  void Note(const node::ReadTimes& times);
  void NoteEnd(Stage stage, uint64_t now_ms) { ended_ms_[static_cast<size_t>(stage)] = now_ms; }

  [[nodiscard]] uint64_t began_ms() const { return began_ms_; }
  // "event=slow_request method=... code=... took_ms=...", and each stage that it came to.
  [[nodiscard]] std::string ToString(uint64_t now_ms, Code code) const;

 private:
  std::string_view method_;  // outlives the call
  uint64_t began_ms_ = 0;
  std::array<uint64_t, kStages> ended_ms_{};  // 0: it did not come to that
  std::array<char, kKeyBytesMax> key_{};
  uint8_t key_bytes_ = 0;
  bool key_is_cut_ = false;
};

class SlowRequests {
 public:
  struct Options {
    uint64_t threshold_ms = 0;  // 0: none is slow
    uint64_t lines_per_s_max = 10;
    std::function<void(const std::string& line)> log;  // must not block; may be null
  };
  explicit SlowRequests(Options options) : options_(std::move(options)) {}

  [[nodiscard]] bool is_on() const { return options_.threshold_ms != 0; }
  // Lines beyond the bound are left out; the next one that is logged says how many were.
  void OnAnswered(const Trace& trace, uint64_t now_ms, Code code) {
    if (now_ms >= trace.began_ms() + options_.threshold_ms) Log(trace, now_ms, code);
  }
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  void Log(const Trace& trace, uint64_t now_ms, Code code);

  const Options options_;
  uint64_t count_ = 0;
  uint64_t second_began_ms_ = 0;
  uint64_t lines_ = 0;  // in that second
  uint64_t left_out_ = 0;
};

}  // namespace keel::api
