#include "jepsen/checker/append_facts.h"

#include <algorithm>
#include <unordered_set>

#include "jepsen/checker/model.h"

namespace keel::jepsen {
namespace {

std::vector<AppendFacts::Element> ElementsOf(const Value& list) {
  std::vector<AppendFacts::Element> elements;
  for (const Value& element : list.items) elements.push_back(element.Canonical());
  return elements;
}

bool IsBeginning(const std::vector<std::string>& beginning, const std::vector<std::string>& of) {
  return beginning.size() <= of.size() &&
         std::equal(beginning.begin(), beginning.end(), of.begin());
}

bool IsEnd(const std::vector<std::string>& end, const std::vector<std::string>& of) {
  return end.size() <= of.size() && std::equal(end.rbegin(), end.rend(), of.rbegin());
}

}  // namespace

Result<AppendFacts> AppendFacts::Gather(std::span<const Operation> operations) {
  AppendFacts facts;
  for (const Operation& operation : operations) {
    auto parts = ParseTxn(operation, true);
    if (!parts.ok()) return parts.status();
    for (const MicroOp& part : *parts) {
      if (part.kind == MicroOp::Kind::kWrite) {
        return BadOperation(operation,
                            "lists are appended to and read, not written; is "
                            "--model multi-register meant?");
      }
      const bool is_list = part.value.IsNil() || part.value.IsSequence();
      if (part.kind == MicroOp::Kind::kRead && part.is_known && !is_list) {
        return BadOperation(operation,
                            "a list is read as [...], not " + part.value.ToString().substr(0, 60));
      }
    }
    facts.txns_.push_back({.operation = &operation, .parts = *std::move(parts)});
  }
  facts.is_observed_.resize(facts.txns_.size());
  for (size_t i = 0; i < facts.txns_.size(); i++) facts.NoteAppends(i);
  return facts;
}

bool AppendFacts::HasHappened(size_t txn) const {
  return txns_[txn].operation->outcome == Outcome::kOk || is_observed_[txn];
}

void AppendFacts::NoteAppends(size_t txn) {
  std::map<std::string, Append*> last;
  for (const MicroOp& part : txns_[txn].parts) {
    if (part.kind != MicroOp::Kind::kAppend) continue;
    List& list = lists_[part.key.Canonical()];
    list.key = part.key;
    const auto [found, is_new] = list.appends.try_emplace(
        part.value.Canonical(), Append{.txn = txn, .position = 0, .is_last = true});
    if (!is_new) has_ambiguous_elements_ = true;
    Append*& previous = last[part.key.Canonical()];
    if (!is_new) continue;
    if (previous != nullptr) {
      previous->is_last = false;
      found->second.position = previous->position + 1;
    }
    previous = &found->second;
  }
}

std::optional<Judgement> AppendFacts::FindAnomaly() {
  for (size_t i = 0; i < txns_.size(); i++) {
    if (txns_[i].operation->outcome != Outcome::kOk) continue;
    if (auto wrong = NoteReads(i)) return wrong;
  }
  for (auto& [name, list] : lists_) {
    for (const Read& read : list.reads) {
      if (auto wrong = CheckRead(list, read)) return wrong;
      for (const Element& element : read.elements) {
        is_observed_[list.appends.at(element).txn] = true;
      }
    }
    if (auto wrong = CheckOrder(&list)) return wrong;
  }
  return std::nullopt;
}

// Takes the transaction's own appends off its reads, which must agree with each other then.
std::optional<Judgement> AppendFacts::NoteReads(size_t txn) {
  struct Seen {
    std::optional<std::vector<Element>> before;  // what it found of others
    std::vector<Element> own;
  };
  std::map<std::string, Seen> seen;
  for (const MicroOp& part : txns_[txn].parts) {
    Seen& list = seen[part.key.Canonical()];
    if (part.kind == MicroOp::Kind::kAppend) {
      list.own.push_back(part.value.Canonical());
      continue;
    }
    if (!part.is_known) continue;
    std::vector<Element> elements = ElementsOf(part.value);
    const bool has_own = IsEnd(list.own, elements);
    if (has_own) elements.resize(elements.size() - list.own.size());
    if (!has_own || (list.before && *list.before != elements)) {
      return Wrong("internal",
                   "a transaction does not find what it read or appended itself before, at key " +
                       part.key.ToString(),
                   {txn});
    }
    if (list.before) continue;
    list.before = elements;
    List& whole = lists_[part.key.Canonical()];
    whole.key = part.key;
    whole.reads.push_back({.txn = txn, .elements = std::move(elements)});
  }
  return std::nullopt;
}

std::optional<Judgement> AppendFacts::CheckRead(const List& list, const Read& read) const {
  std::unordered_set<Element> once;
  for (const Element& element : read.elements) {
    const auto append = list.appends.find(element);
    const std::string where = element + " at key " + list.key.ToString();
    if (append == list.appends.end()) {
      return Wrong("unwritten", "an element was read that nobody appended: " + where, {read.txn});
    }
    const size_t writer = append->second.txn;
    if (txns_[writer].operation->outcome == Outcome::kFailed) {
      return Wrong("G1a", "an element of a transaction that failed was read: " + where,
                   {writer, read.txn});
    }
    if (!once.insert(element).second) {
      return Wrong("duplicate", "an element that was appended once was read twice: " + where,
                   {writer, read.txn});
    }
    if (writer == read.txn) {
      return Wrong("internal", "a transaction read its own element before it appended it: " + where,
                   {read.txn});
    }
  }
  if (read.elements.empty()) return std::nullopt;
  const Append& last = list.appends.at(read.elements.back());
  if (last.is_last) return std::nullopt;
  return Wrong("G1b",
               "the middle of a transaction was read: it went on after " + read.elements.back() +
                   " at key " + list.key.ToString(),
               {last.txn, read.txn});
}

std::optional<Judgement> AppendFacts::CheckOrder(List* list) {
  for (const Read& read : list->reads) {
    if (read.elements.size() <= list->order.size()) continue;
    list->order = read.elements;
    list->longest_reader = read.txn;
  }
  for (const Read& read : list->reads) {
    if (IsBeginning(read.elements, list->order)) continue;
    return Wrong("incompatible-order",
                 "two reads of key " + list->key.ToString() +
                     " have the list in different orders: neither is a beginning of the other",
                 {read.txn, list->longest_reader});
  }
  return CheckOwnOrder(*list);
}

// What one transaction appends stays in its order, and none of it is missing before the rest.
std::optional<Judgement> AppendFacts::CheckOwnOrder(const List& list) const {
  std::set<std::pair<size_t, size_t>> seen;
  for (const Element& element : list.order) {
    const Append& append = list.appends.at(element);
    seen.emplace(append.txn, append.position);
    if (append.position == 0 || seen.contains({append.txn, append.position - 1})) continue;
    return Wrong("G1b",
                 "what one transaction appended to key " + list.key.ToString() +
                     " was read in another order, or with a part missing before " + element,
                 {append.txn, list.longest_reader});
  }
  return std::nullopt;
}

Judgement AppendFacts::Wrong(std::string anomaly, std::string reason,
                             const std::set<size_t>& txns) const {
  Judgement judgement;
  judgement.verdict = Verdict::kNotLinearizable;
  judgement.anomaly = std::move(anomaly);
  judgement.reason = std::move(reason);
  for (const size_t txn : txns) judgement.counterexample.push_back(*txns_[txn].operation);
  return judgement;
}

}  // namespace keel::jepsen
