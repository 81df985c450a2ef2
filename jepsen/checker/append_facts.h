// What transactions on lists tell of each other: who wrote each element, and in which order each
// list grew.
//
// Reads of a list show all of it, so that the longest read is the order in which its elements were
// appended, and every other read must be a beginning of it. What no order could explain (an element
// of a transaction that failed, two orders of one list) is found on the way. One thread; borrows
// the operations.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "jepsen/checker/txn.h"
#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

class AppendFacts {
 public:
  struct Txn {
    const Operation* operation;
    std::vector<MicroOp> parts;
  };
  // One element of a list: its text.
  using Element = std::string;
  struct Append {
    size_t txn;
    size_t position;  // among those of its transaction to its list
    bool is_last;     // of these
  };
  struct Read {
    size_t txn;
    std::vector<Element> elements;  // without what the transaction had appended itself
  };
  struct List {
    Value key;
    std::unordered_map<Element, Append> appends;
    std::vector<Read> reads;
    std::vector<Element> order;  // the longest read
    size_t longest_reader = 0;
  };

  // An operation that is no transaction is an error.
  static Result<AppendFacts> Gather(std::span<const Operation> operations);

  // An anomaly that needs no cycle: G1a, G1b, internal, incompatible-order and the like.
  [[nodiscard]] std::optional<Judgement> FindAnomaly();

  // An element that two transactions append to one list: who wrote it cannot be told.
  [[nodiscard]] bool has_ambiguous_elements() const { return has_ambiguous_elements_; }
  [[nodiscard]] const std::vector<Txn>& txns() const { return txns_; }
  [[nodiscard]] const std::map<std::string, List>& lists() const { return lists_; }
  // Whether the transaction certainly took effect: it was answered, or an element of it was read.
  [[nodiscard]] bool HasHappened(size_t txn) const;

 private:
  void NoteAppends(size_t txn);
  [[nodiscard]] std::optional<Judgement> NoteReads(size_t txn);
  [[nodiscard]] std::optional<Judgement> CheckRead(const List& list, const Read& read) const;
  [[nodiscard]] std::optional<Judgement> CheckOrder(List* list);
  [[nodiscard]] std::optional<Judgement> CheckOwnOrder(const List& list) const;
  [[nodiscard]] Judgement Wrong(std::string anomaly, std::string reason,
                                const std::set<size_t>& txns) const;

  std::vector<Txn> txns_;
  std::map<std::string, List> lists_;
  std::vector<bool> is_observed_;
  bool has_ambiguous_elements_ = false;
};

}  // namespace keel::jepsen
