// The vocabulary of the log on disk: what is stored, and where the log begins and ends.
//
// The log stores what the consensus core hands down without looking into it: a kind is a byte and a
// payload is bytes. Plain values; a view borrows its bytes for as long as the call that it is
// passed to, unless its maker says otherwise.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/status.h"

namespace keel::wal {

// An entry's place in the log. Index 0 with term 0 is what an empty log follows.
struct Position {
  Index index;
  Term term;

  friend bool operator==(const Position&, const Position&) = default;
};

struct EntryView {
  Term term;
  Index index;
  uint8_t kind = 0;
  std::string_view payload;
};

// Is told what a log holds, in the order in which it was written.
class LogVisitor {
 public:
  LogVisitor() = default;
  LogVisitor(const LogVisitor&) = delete;
  LogVisitor& operator=(const LogVisitor&) = delete;
  virtual ~LogVisitor() = default;

  // The log holds `entry` now, and nothing behind it: entries told of earlier at its index and
  // beyond are gone. A failure ends the visit and is handed back to whoever asked for it.
  virtual Status OnEntry(const EntryView& entry) = 0;
  // Entries at and below `base` are not part of the log any more.
  virtual void OnBase(const Position& base) = 0;
  // Nothing that was told of so far is part of the log, which is empty and follows `base`.
  virtual void OnCleared(const Position& base) = 0;
};

}  // namespace keel::wal
