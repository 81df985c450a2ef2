// A log as a plain value: the naive model that the real one is held against, and what a test
// collects from a recovery.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "wal/types.h"

namespace keel::wal {

struct StoredEntry {
  Term term;
  Index index;
  uint8_t kind = 0;
  std::string payload;

  [[nodiscard]] EntryView View() const {
    return {.term = term, .index = index, .kind = kind, .payload = payload};
  }
  friend bool operator==(const StoredEntry&, const StoredEntry&) = default;
};

struct LogContents {
  Position base;
  std::vector<StoredEntry> entries;  // contiguous

  [[nodiscard]] Position Last() const;
  [[nodiscard]] Index First() const { return base.index.Next(); }
  // The entry goes in, and what was at its index and behind it goes out.
  void Put(StoredEntry entry);
  // Entries at and below it go.
  void DropTo(const Position& to);
  // "base 3/1, 4..9 (6 entries, last term 2)".
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const LogContents&, const LogContents&) = default;
};

// Collects what a recovery hands over.
class Collector final : public LogVisitor {
 public:
  Status OnEntry(const EntryView& entry) override;
  void OnBase(const Position& base) override { contents_.DropTo(base); }
  void OnCleared(const Position& base) override { contents_ = {.base = base, .entries = {}}; }

  [[nodiscard]] const LogContents& contents() const { return contents_; }

 private:
  LogContents contents_;
};

}  // namespace keel::wal
