// Single keys: put, get and compare-and-set, with values that are written once only. The answers
// tell revisions, by which the history of all keys together is judged.
#include <map>

#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 10;
constexpr size_t kKeysAtOnce = 4;
// Then the key is left for a new one, until the last steps read them all.
constexpr int64_t kStepsPerKey = 300;
constexpr uint64_t kReadsOf100 = 45;
constexpr uint64_t kComparesOf100 = 20;

class RegisterWorkload final : public Workload {
 public:
  explicit RegisterWorkload(const Context& context) : Workload(context, kClients) {}

  void Step(Slot* slot, Done done) override {
    const size_t at_once = kKeysAtOnce * context_.crowd;
    const auto count = static_cast<int64_t>(at_once);
    const int64_t key =
        steps_++ / kStepsPerKey / count * count + static_cast<int64_t>(dice_.Below(at_once));
    keys_ = std::max(keys_, key + 1);
    const uint64_t choice = dice_.Below(100);
    const auto seen = seen_.find(key);
    if (choice < kReadsOf100) return Get(slot, key, std::move(done));
    if (choice < kReadsOf100 + kComparesOf100 && seen != seen_.end()) {
      return CompareAndSet(slot, key, seen->second, std::move(done));
    }
    Write(slot, key, std::move(done));
  }

  bool LastStep(Slot* slot, Done done) override {
    if (read_at_end_ >= keys_) return false;
    Get(slot, read_at_end_++, std::move(done));
    return true;
  }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("kv"); }

 private:
  static std::string NameOf(int64_t key) { return "/register/" + std::to_string(key); }

  void Get(Slot* slot, int64_t key, Done done) {
    Call call{.f = "get", .value = Value::Nil(), .key = Value::Integer(key)};
    recorder_.Invoke(*slot, call);
    Range(slot, RangeOf(NameOf(key)),
          [this, slot, call, key, done](Result<etcdserverpb::RangeResponse> answer) mutable {
            if (!answer.ok()) {
              recorder_.Failed(slot, call, answer.status());
              return done();
            }
            Revisions revisions{
                .store = answer->header().revision(), .mod = std::nullopt, .by_key = {}};
            if (answer->kvs_size() > 0) {
              call.value = NumberOf(answer->kvs(0).value());
              revisions.mod = answer->kvs(0).mod_revision();
              seen_[key] = call.value.integer;
            }
            recorder_.Ok(*slot, call, revisions);
            done();
          });
  }

  void Write(Slot* slot, int64_t key, Done done) {
    const int64_t value = ++last_value_;
    const Call call{.f = "put", .value = Value::Integer(value), .key = Value::Integer(key)};
    recorder_.Invoke(*slot, call);
    Put(slot, PutOf(NameOf(key), std::to_string(value)),
        [this, slot, call, key, value, done](Result<etcdserverpb::PutResponse> answer) {
          if (answer.ok()) {
            seen_[key] = value;
            recorder_.Ok(*slot, call,
                         {.store = answer->header().revision(), .mod = {}, .by_key = {}});
          } else {
            recorder_.Failed(slot, call, answer.status());
          }
          done();
        });
  }

  void CompareAndSet(Slot* slot, int64_t key, int64_t expected, Done done) {
    const int64_t value = ++last_value_;
    const Call call{.f = "cas",
                    .value = Value::Vector({Value::Integer(expected), Value::Integer(value)}),
                    .key = Value::Integer(key)};
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    etcdserverpb::Compare* compare = txn.add_compare();
    compare->set_target(etcdserverpb::Compare::VALUE);
    compare->set_key(NameOf(key));
    compare->set_value(std::to_string(expected));
    ThenPut(&txn, NameOf(key), std::to_string(value));
    Txn(slot, txn, [this, slot, call, key, value, done](Result<etcdserverpb::TxnResponse> answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else if (answer->succeeded()) {
        seen_[key] = value;
        recorder_.Ok(*slot, call, {.store = answer->header().revision(), .mod = {}, .by_key = {}});
      } else {
        recorder_.Fail(slot, call);
      }
      done();
    });
  }

  int64_t steps_ = 0;
  int64_t keys_ = 0;
  int64_t read_at_end_ = 0;
  int64_t last_value_ = 0;
  std::map<int64_t, int64_t> seen_;  // by key: a value that was certainly there
};

}  // namespace

std::unique_ptr<Workload> MakeRegister(const Workload::Context& context) {
  return std::make_unique<RegisterWorkload>(context);
}

}  // namespace keel::jepsen
