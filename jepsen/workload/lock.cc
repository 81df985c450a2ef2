// Locks that fence: a lock is a key that somebody created, under a lease; the revision of its
// creation is the token, and what is done under the lock is done only while the key has it.
#include "jepsen/workload/office.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr size_t kLocks = 2;
constexpr uint64_t kReleaseOf100 = 30;

std::string NameOf(size_t lock) { return "/lock/" + std::to_string(lock); }

void CompareCreation(etcdserverpb::TxnRequest* txn, const std::string& key, int64_t revision) {
  etcdserverpb::Compare* compare = txn->add_compare();
  compare->set_target(etcdserverpb::Compare::CREATE);
  compare->set_key(key);
  compare->set_create_revision(revision);
}

class LockWorkload final : public OfficeWorkload {
 public:
  explicit LockWorkload(const Context& context)
      : OfficeWorkload(context, kClients, kLocks), tokens_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    if (tokens_[slot->place] == 0) return Begin(slot, std::move(done));
    if (!IsCertain(*slot)) return Forget(slot, done);
    if (dice_.Chance(kReleaseOf100, 100)) return Release(slot, std::move(done));
    Guarded(slot, std::move(done));
  }

 protected:
  void Drop(const Slot& slot) override { tokens_[slot.place] = 0; }

  void Take(Slot* slot, const Done& done) override {
    const Call call = CallOf(*slot, "acquire", Value::Nil());
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(OfficeOf(*slot)), 0);
    auto* put = txn.add_success()->mutable_request_put();
    *put = PutOf(NameOf(OfficeOf(*slot)), std::to_string(slot->place));
    put->set_lease(LeaseOf(*slot));
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else if (answer->succeeded()) {
        tokens_[slot->place] = answer->header().revision();
        recorder_.Ok(*slot, call, {.store = answer->header().revision(), .mod = {}, .by_key = {}});
      } else {
        recorder_.Fail(slot, call);
      }
      done();
    });
  }

 private:
  void Guarded(Slot* slot, Done done) {
    const int64_t token = tokens_[slot->place];
    const Call call = CallOf(*slot, "guarded", Value::Integer(token));
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(OfficeOf(*slot)), token);
    ThenPut(&txn, "/lock/done/" + std::to_string(OfficeOf(*slot)), std::to_string(token));
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
        Drop(*slot);  // a new process has come, which holds nothing
      } else if (answer->succeeded()) {
        recorder_.Ok(*slot, call);
      } else {
        recorder_.Fail(slot, call);
        Drop(*slot);
      }
      done();
    });
  }

  void Release(Slot* slot, Done done) {
    const Call call = CallOf(*slot, "release", Value::Nil());
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(OfficeOf(*slot)), tokens_[slot->place]);
    txn.add_success()->mutable_request_delete_range()->set_key(NameOf(OfficeOf(*slot)));
    Drop(*slot);
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      recorder_.Answered(slot, call, answer.status());
      done();
    });
  }

  // Of each client, 0: it does not hold the lock.
  std::vector<int64_t> tokens_;
};

}  // namespace

std::unique_ptr<Workload> MakeLock(const Workload::Context& context) {
  return std::make_unique<LockWorkload>(context);
}

}  // namespace keel::jepsen
