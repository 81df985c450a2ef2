// Sets: elements are added, each under a key of its own, and the whole set is read.
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
// Then a new set is begun: a read grows with its set.
constexpr int64_t kStepsPerSet = 150;
constexpr uint64_t kReadsOf100 = 25;

std::string PrefixOfSet(int64_t set) { return "/set/" + std::to_string(set) + "/"; }

class SetWorkload final : public Workload {
 public:
  explicit SetWorkload(const Context& context) : Workload(context, kClients) {}

  void Step(Slot* slot, Done done) override {
    const int64_t set = steps_++ / kStepsPerSet;
    sets_ = std::max(sets_, set + 1);
    if (dice_.Chance(kReadsOf100, 100)) return Read(slot, set, std::move(done));
    const int64_t element = ++last_element_;
    const Call call{.f = "add", .value = Value::Integer(element), .key = Value::Integer(set)};
    recorder_.Invoke(*slot, call);
    Put(slot, PutOf(PrefixOfSet(set) + std::to_string(element), ""),
        [this, slot, call, done](const Result<etcdserverpb::PutResponse>& answer) {
          recorder_.Answered(slot, call, answer.status());
          done();
        });
  }

  bool LastStep(Slot* slot, Done done) override {
    if (read_at_end_ >= sets_) return false;
    Read(slot, read_at_end_++, std::move(done));
    return true;
  }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("set"); }

 private:
  void Read(Slot* slot, int64_t set, Done done) {
    Call call{.f = "read", .value = Value::Nil(), .key = Value::Integer(set)};
    recorder_.Invoke(*slot, call);
    etcdserverpb::RangeRequest request = RangeOfPrefix(PrefixOfSet(set));
    request.set_keys_only(true);
    Range(slot, request,
          [this, slot, call, set, done](const Result<etcdserverpb::RangeResponse>& answer) mutable {
            if (!answer.ok()) {
              recorder_.Failed(slot, call, answer.status());
              return done();
            }
            std::vector<Value> elements;
            for (const auto& kv : answer->kvs()) {
              elements.push_back(NumberOf(kv.key().substr(PrefixOfSet(set).size())));
            }
            call.value = Value::Set(std::move(elements));
            recorder_.Ok(*slot, call);
            done();
          });
  }

  int64_t steps_ = 0;
  int64_t sets_ = 0;
  int64_t read_at_end_ = 0;
  int64_t last_element_ = 0;
};

}  // namespace

std::unique_ptr<Workload> MakeSet(const Workload::Context& context) {
  return std::make_unique<SetWorkload>(context);
}

}  // namespace keel::jepsen
