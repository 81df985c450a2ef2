// The words of one command line, taken from left to right, and the first thing wrong with them.
//
// A taker that fails gives a harmless value and records why; a command reads all that it needs and
// asks ok() once before it acts. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "raft/types.h"
#include "tests/support/wire.h"

namespace keel::raft {

class Words {
 public:
  explicit Words(std::string_view line);

  [[nodiscard]] bool AtEnd() const { return next_ == words_.size(); }
  // Whether the next word is this one; then it is taken.
  bool TakeIf(std::string_view word);
  [[nodiscard]] std::string Peek() const { return AtEnd() ? "" : words_[next_]; }
  std::string Take(std::string_view what);
  uint64_t TakeNumber(std::string_view what);
  NodeId TakeNode() { return NodeId(TakeNumber("a member")); }
  Index TakeIndex() { return Index(TakeNumber("an index")); }
  Term TakeTerm() { return Term(TakeNumber("a term")); }
  // Ids up to the end, or up to a word that is no number.
  std::vector<NodeId> TakeNodes();
  // "1>2"
  Link TakeLink();
  // "4:2"
  Position TakePosition();
  // All that is left, as it stood there but for double spaces.
  std::string TakeRest();

  void Fail(std::string why);
  [[nodiscard]] bool ok() const { return failure_.empty(); }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  std::vector<std::string> words_;
  size_t next_ = 0;
  std::string failure_;
};

}  // namespace keel::raft
