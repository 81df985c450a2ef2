// The checker of lists: a graph of what the reads tell of the order of the transactions, and of
// real time. It is exact: where the graph has no cycle, any order that follows it explains every
// read. Only where two transactions append one element to one list is that left to the search.
#include <algorithm>
#include <array>

#include "jepsen/checker/append_facts.h"
#include "jepsen/checker/check.h"
#include "jepsen/checker/cycle_report.h"
#include "jepsen/checker/dependency_graph.h"
#include "jepsen/checker/parts.h"

namespace keel::jepsen {
namespace {

// Histories of one list have values without keys; those of many, pairs. Here all get their key.
Result<std::vector<Operation>> WithKeys(std::span<const Operation> operations) {
  const bool has_txns = std::any_of(operations.begin(), operations.end(),
                                    [](const Operation& o) { return o.f == "txn"; });
  if (has_txns) return std::vector<Operation>(operations.begin(), operations.end());
  auto keyed = TakeKeys(operations);
  if (!keyed.ok()) return keyed;
  for (Operation& operation : *keyed) {
    if (!operation.key && !operation.input.IsMap() && !operation.output.IsMap()) {
      operation.key = Value::Nil();
    }
  }
  return keyed;
}

class AppendGraph {
 public:
  explicit AppendGraph(const AppendFacts& facts) : facts_(facts) {
    node_of_.resize(facts.txns().size());
    for (size_t i = 0; i < facts.txns().size(); i++) {
      if (!facts.HasHappened(i)) continue;  // as if it never had
      node_of_[i] = operations_.size();
      operations_.push_back(facts.txns()[i].operation);
    }
  }

  [[nodiscard]] std::optional<Judgement> FindCycle() {
    DependencyGraph graph(operations_.size());
    for (const auto& [name, list] : facts_.lists()) AddList(list, &graph);
    graph.AddRealTime(operations_);
    const auto cycle = graph.FindCycle();
    if (!cycle) return std::nullopt;
    return ReportCycle(*cycle, operations_);
  }

 private:
  [[nodiscard]] size_t WriterOf(const AppendFacts::List& list, const std::string& element) const {
    return node_of_[list.appends.at(element).txn];
  }

  void AddList(const AppendFacts::List& list, DependencyGraph* graph) const {
    for (size_t i = 0; i + 1 < list.order.size(); i++) {
      graph->Add(WriterOf(list, list.order[i]), WriterOf(list, list.order[i + 1]), kWriteWrite);
    }
    // What was never read comes after all that was, in whatever order.
    const size_t unread = graph->AddHelper();
    const std::set<std::string> read_elements(list.order.begin(), list.order.end());
    for (const auto& [element, append] : list.appends) {
      if (read_elements.contains(element) || !facts_.HasHappened(append.txn)) continue;
      graph->Add(unread, node_of_[append.txn], kThrough);
      if (!list.order.empty()) {
        graph->Add(WriterOf(list, list.order.back()), node_of_[append.txn], kWriteWrite);
      }
    }
    AddReads(list, unread, graph);
  }

  void AddReads(const AppendFacts::List& list, size_t unread, DependencyGraph* graph) const {
    for (const AppendFacts::Read& read : list.reads) {
      const size_t reader = node_of_[read.txn];
      if (!read.elements.empty()) {
        graph->Add(WriterOf(list, read.elements.back()), reader, kWriteRead);
      }
      if (read.elements.size() < list.order.size()) {
        graph->Add(reader, WriterOf(list, list.order[read.elements.size()]), kReadWrite);
      } else if (!AppendsUnread(list, read.txn)) {
        graph->Add(reader, unread, kReadWrite);
      } else {
        AddAfterOwn(list, read.txn, graph);
      }
    }
  }

  // Whether the reader itself appends to what nobody read: the helper would lead back to it.
  [[nodiscard]] bool AppendsUnread(const AppendFacts::List& list, size_t txn) const {
    for (const MicroOp& part : facts_.txns()[txn].parts) {
      if (part.kind == MicroOp::Kind::kAppend && part.key == list.key) return true;
    }
    return false;
  }

  // It read the end of the list and appended: all others that were never read come after it.
  void AddAfterOwn(const AppendFacts::List& list, size_t txn, DependencyGraph* graph) const {
    const std::set<std::string> read_elements(list.order.begin(), list.order.end());
    for (const auto& [element, append] : list.appends) {
      if (append.txn == txn || read_elements.contains(element)) continue;
      if (facts_.HasHappened(append.txn)) {
        graph->Add(node_of_[txn], node_of_[append.txn], kReadWrite);
      }
    }
  }

  const AppendFacts& facts_;
  std::vector<const Operation*> operations_;
  std::vector<size_t> node_of_;
};

}  // namespace

Answer CheckAppend(const Question& question) {
  auto operations = WithKeys(question.operations);
  if (!operations.ok()) return operations.status();
  auto facts = AppendFacts::Gather(*operations);
  if (!facts.ok()) return facts.status();
  if (facts->has_ambiguous_elements() || !question.model.initial.IsNil()) {
    Question searched = question;
    searched.operations = *operations;
    return CheckBySearch(searched);
  }
  if (auto anomaly = facts->FindAnomaly()) return std::vector{*std::move(anomaly)};
  if (auto cycle = AppendGraph(*facts).FindCycle()) return std::vector{*std::move(cycle)};
  return std::vector{Judgement{}};
}

}  // namespace keel::jepsen
