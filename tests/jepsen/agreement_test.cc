// Two judges that share no idea, on histories of a kv with revisions: the order of the revisions,
// and the search. They must agree on every one, mutated or not.
#include <gtest/gtest.h>

#include <map>

#include "jepsen/checker/by_revision.h"
#include "jepsen/checker/check.h"
#include "jepsen/checker/print.h"
#include "tests/jepsen/generate.h"

namespace keel::jepsen {
namespace {

constexpr int kHistories = 6000;  // of which most are mutated

// A store as etcd's: one revision for all keys, and the revision of each value.
class Store {
 public:
  // Fills in the answer; false, without effect, when a compare fails.
  bool Do(const Event& call, Event* answer) {
    Cell& cell = cells_[call.key->Canonical()];
    if (call.f == "cas" && !(cell.value == call.value.items[0])) return false;
    if (call.f == "get") {
      answer->value = cell.value;
      if (!cell.value.IsNil()) answer->revisions.mod = cell.mod;
    } else if (call.f == "delete" && cell.value.IsNil()) {
      answer->value = Value::Integer(0);
    } else {
      cell.mod = ++revision_;
      cell.value = call.f == "delete" ? Value()
                   : call.f == "cas"  ? Value(call.value.items[1])
                                      : call.value;
    }
    answer->revisions.store = revision_;
    return true;
  }

 private:
  struct Cell {
    Value value;
    int64_t mod = 0;
  };
  std::map<std::string, Cell> cells_;
  int64_t revision_ = 1;
};

class Recorder {
 public:
  explicit Recorder(Prng* prng) : prng_(prng) {}

  std::vector<Event> Record(size_t operation_count) {
    size_t left = operation_count;
    while (left > 0 || HasOpen()) {
      Client& client = clients_[prng_->Below(std::size(clients_))];
      if (client.stage == 0 && left > 0) {
        left--;
        Call(&client);
      } else if (client.stage == 1) {
        Apply(&client);
      } else if (client.stage == 2) {
        Answer(&client);
      }
    }
    return std::move(events_);
  }

 private:
  struct Client {
    int stage = 0;
    int64_t generation = 0;
    Event call;
    Event answer;
    bool is_lost = false;
  };

  [[nodiscard]] bool HasOpen() const {
    for (const Client& client : clients_) {
      if (client.stage != 0) return true;
    }
    return false;
  }

  [[nodiscard]] Value RandomValue() {
    // Few values, so that who wrote one is not always plain.
    return Value::Integer(static_cast<int64_t>(prng_->Below(4)));
  }

  void Call(Client* client) {
    static constexpr const char* kFunctions[] = {"get", "get", "get",    "get", "put",
                                                 "put", "put", "delete", "cas", "cas"};
    Event& call = client->call;
    call = Event();
    call.process = Value::Integer((client - clients_) + 10 * client->generation);
    call.f = kFunctions[prng_->Below(std::size(kFunctions))];
    call.key = Value::Integer(static_cast<int64_t>(prng_->Below(2)));
    if (call.f == "put") call.value = RandomValue();
    if (call.f == "cas") call.value = Value::Vector({RandomValue(), RandomValue()});
    client->stage = 1;
    events_.push_back(call);
  }

  void Apply(Client* client) {
    client->is_lost = prng_->OneIn(7);
    client->answer = client->call;
    client->stage = 2;
    if (client->is_lost && prng_->OneIn(2)) return;
    const bool is_done = store_.Do(client->call, &client->answer);
    client->answer.type = is_done ? EventType::kOk : EventType::kFail;
  }

  void Answer(Client* client) {
    client->stage = 0;
    if (client->is_lost) {
      client->generation++;
    } else {
      events_.push_back(client->answer);
    }
  }

  Prng* prng_;
  Store store_;
  Client clients_[4];
  std::vector<Event> events_;
};

void MutateRevisions(std::vector<Event>* events, Prng* prng) {
  for (uint64_t left = prng->Between(1, 3); left > 0; left--) {
    const size_t at = prng->Below(events->size());
    Event& event = (*events)[at];
    const Event& other = (*events)[prng->Below(events->size())];
    const bool is_read = event.type == EventType::kOk && event.f == "get";
    switch (prng->Below(5)) {
      case 0:  // the other way round in time
        if (at + 1 < events->size() && !(event.process == (*events)[at + 1].process)) {
          std::swap(event, (*events)[at + 1]);
        }
        break;
      case 1:  // what another read found
        if (is_read && other.type == EventType::kOk && other.f == "get" &&
            *other.key == *event.key) {
          event.value = other.value;
          event.revisions = other.revisions;
        }
        break;
      case 2:
        if (event.revisions.store) *event.revisions.store += prng->OneIn(2) ? 1 : -1;
        break;
      case 3:
        if (is_read && event.revisions.mod) *event.revisions.mod += prng->OneIn(2) ? 1 : -1;
        break;
      default:
        if (is_read && event.value.IsInteger()) event.value.integer = (event.value.integer + 1) % 4;
    }
  }
}

TEST(Agreement, TheOrderOfRevisionsAndTheSearchSayTheSame) {
  Prng prng(424242);
  std::map<Verdict, int> counts;
  int mutated_count = 0;
  for (int i = 0; i < kHistories; i++) {
    History history;
    history.events = Recorder(&prng).Record(prng.Between(5, 30));
    const bool is_mutated = prng.Chance(2, 3);
    if (is_mutated) MutateRevisions(&history.events, &prng);
    const auto paired = PairOperations(history);
    if (!paired.ok()) continue;  // an answer before its call
    mutated_count += is_mutated ? 1 : 0;
    if (!TellsRevisions(paired->operations)) continue;  // nothing was answered
    std::string text;
    for (const Event& event : history.events) text += ToEdn(event) + "\n";

    const Judgement by_revision = JudgeByRevision(paired->operations);
    const auto searched = SearchPart(paired->operations, {.name = kStoreModel}, Limits{});
    ASSERT_TRUE(searched.ok()) << searched.status();
    ASSERT_NE(searched->verdict, Verdict::kUnknown);
    if (!is_mutated) {
      ASSERT_EQ(searched->verdict, Verdict::kLinearizable) << text;
    }
    counts[by_revision.verdict]++;
    if (by_revision.verdict == Verdict::kUnknown) continue;  // it says that it cannot tell
    ASSERT_EQ(by_revision.verdict, searched->verdict) << by_revision.reason << "\n"
                                                      << searched->reason << "\n"
                                                      << text;
  }
  RecordProperty("linearizable", counts[Verdict::kLinearizable]);
  RecordProperty("not_linearizable", counts[Verdict::kNotLinearizable]);
  RecordProperty("undecided", counts[Verdict::kUnknown]);
  EXPECT_GE(mutated_count, 1000);
  EXPECT_GT(counts[Verdict::kLinearizable], kHistories / 5);
  EXPECT_GT(counts[Verdict::kNotLinearizable], kHistories / 10);
  EXPECT_LT(counts[Verdict::kUnknown], kHistories / 5);
}

}  // namespace
}  // namespace keel::jepsen
