// Lists: transactions that read some and append to some. etcd's API has no read and write in one
// step, so a transaction reads first and then writes if nothing that it read has changed.
#include <map>
#include <set>
#include <sstream>

#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 10;
constexpr size_t kListsAtOnce = 4;
constexpr int64_t kStepsPerList = 60;
constexpr int kTriesMax = 4;
constexpr size_t kListsPerTxnMax = 3;

// What a transaction is asked to do, and what it has read of the lists.
struct Plan {
  std::set<int64_t> reads;
  std::set<int64_t> appends;
  int64_t element = 0;
  int tries = 0;
  std::map<int64_t, std::pair<std::string, int64_t>> found;  // list -> text, mod revision
};

Value ListOf(const std::string& text) {
  std::vector<Value> items;
  std::istringstream words(text);
  for (std::string word; words >> word;) items.push_back(NumberOf(word));
  return Value::Vector(std::move(items));
}

std::string NameOf(int64_t list) { return "/append/" + std::to_string(list); }

class AppendWorkload final : public Workload {
 public:
  explicit AppendWorkload(const Context& context) : Workload(context, kClients) {}

  void Step(Slot* slot, Done done) override {
    const size_t at_once = kListsAtOnce * context_.crowd;
    const auto lists = static_cast<int64_t>(at_once);
    const int64_t first = steps_++ / kStepsPerList / lists * lists;
    auto plan = std::make_shared<Plan>();
    const size_t count = 1 + dice_.Below(kListsPerTxnMax);
    for (size_t i = 0; i < count; i++) {
      const int64_t list = first + static_cast<int64_t>(dice_.Below(at_once));
      (dice_.OneIn(2) ? plan->reads : plan->appends).insert(list);
      lists_ = std::max(lists_, list + 1);
    }
    Begin(slot, std::move(plan), std::move(done));
  }

  bool LastStep(Slot* slot, Done done) override {
    if (read_at_end_ >= lists_) return false;
    auto plan = std::make_shared<Plan>();
    plan->reads.insert(read_at_end_++);
    Begin(slot, std::move(plan), std::move(done));
    return true;
  }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("append"); }

 private:
  void Begin(Slot* slot, std::shared_ptr<Plan> plan, Done done) {
    if (!plan->appends.empty()) plan->element = ++last_element_;
    recorder_.Invoke(*slot, CallOf(*plan));
    Read(slot, std::move(plan), std::move(done));
  }

  // The reads come first, and find what the lists held before the appends.
  [[nodiscard]] static Call CallOf(const Plan& plan) {
    std::vector<Value> parts;
    for (const int64_t list : plan.reads) {
      const auto found = plan.found.find(list);
      parts.push_back(
          Value::Vector({Value::Keyword("r"), Value::Integer(list),
                         found == plan.found.end() ? Value::Nil() : ListOf(found->second.first)}));
    }
    for (const int64_t list : plan.appends) {
      parts.push_back(Value::Vector(
          {Value::Keyword("append"), Value::Integer(list), Value::Integer(plan.element)}));
    }
    return {.f = "txn", .value = Value::Vector(std::move(parts))};
  }

  // All lists of the transaction at one moment; without appends that is all of it.
  void Read(Slot* slot, std::shared_ptr<Plan> plan, Done done) {
    std::set<int64_t> lists = plan->reads;
    lists.insert(plan->appends.begin(), plan->appends.end());
    etcdserverpb::TxnRequest txn;
    for (const int64_t list : lists) ThenRange(&txn, NameOf(list));
    Txn(slot, txn, [this, slot, plan, lists, done](Result<etcdserverpb::TxnResponse> answer) {
      if (!answer.ok()) {
        recorder_.Fail(slot, CallOf(*plan));  // it has only read
        slot->node++;
        return done();
      }
      int place = 0;
      for (const int64_t list : lists) {
        const auto& range = answer->responses(place++).response_range();
        plan->found[list] = range.kvs_size() == 0
                                ? std::pair<std::string, int64_t>()
                                : std::pair(range.kvs(0).value(), range.kvs(0).mod_revision());
      }
      if (!plan->appends.empty()) return Write(slot, plan, done);
      recorder_.Ok(*slot, CallOf(*plan));
      done();
    });
  }

  void Write(Slot* slot, std::shared_ptr<Plan> plan, Done done) {
    etcdserverpb::TxnRequest txn;
    for (const auto& [list, found] : plan->found) CompareMod(&txn, NameOf(list), found.second);
    for (const int64_t list : plan->appends) {
      ThenPut(&txn, NameOf(list), plan->found[list].first + " " + std::to_string(plan->element));
    }
    Txn(slot, txn, [this, slot, plan, done](Result<etcdserverpb::TxnResponse> answer) {
      const Call call = CallOf(*plan);
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else if (answer->succeeded()) {
        recorder_.Ok(*slot, call);
      } else if (++plan->tries < kTriesMax) {
        return Read(slot, plan, done);
      } else {
        recorder_.Fail(slot, call);
      }
      done();
    });
  }

  int64_t steps_ = 0;
  int64_t lists_ = 0;
  int64_t read_at_end_ = 0;
  int64_t last_element_ = 0;
};

}  // namespace

std::unique_ptr<Workload> MakeAppend(const Workload::Context& context) {
  return std::make_unique<AppendWorkload>(context);
}

}  // namespace keel::jepsen
