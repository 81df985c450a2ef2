// Locks that fence: a lock is a key that somebody created, under a lease; the revision of its
// creation is the token, and what is done under the lock is done only while the key has it.
#include "api/etcdserverpb/lease.pb.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr size_t kLocks = 2;
constexpr int64_t kTtlSeconds = 3;
constexpr uint64_t kReleaseOf100 = 30;
constexpr uint64_t kUsPerSecond = 1'000'000;

std::string NameOf(size_t lock) { return "/lock/" + std::to_string(lock); }

struct Holder {
  int64_t lease = 0;
  int64_t token = 0;  // 0: it does not hold the lock
  uint64_t certain_until_us = 0;
};

void CompareCreation(etcdserverpb::TxnRequest* txn, const std::string& key, int64_t revision) {
  etcdserverpb::Compare* compare = txn->add_compare();
  compare->set_target(etcdserverpb::Compare::CREATE);
  compare->set_key(key);
  compare->set_create_revision(revision);
}

class LockWorkload final : public Workload {
 public:
  explicit LockWorkload(const Context& context)
      : Workload(context, kClients), holders_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    const Holder& holder = holders_[slot->place];
    if (holder.token == 0) return Grant(slot, std::move(done));
    // Past its certain time the lock may be another's already: it is not released, but let go.
    if (client_->clock().MonotonicUs() >= holder.certain_until_us) return Forget(slot, done);
    if (dice_.Chance(kReleaseOf100, 100)) return Release(slot, std::move(done));
    Guarded(slot, std::move(done));
  }

  bool LastStep(Slot* /*slot*/, Done /*done*/) override { return false; }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("lock"); }

 private:
  [[nodiscard]] size_t LockOf(const Slot& slot) const {
    return slot.place % (kLocks * context_.crowd);
  }
  [[nodiscard]] Call CallOf(const Slot& slot, const std::string& f, Value value) const {
    return {.f = f,
            .value = std::move(value),
            .key = Value::Integer(static_cast<int64_t>(LockOf(slot)))};
  }

  // The last chance to let go of a lock in peace was missed; its lease ends it.
  void Forget(Slot* slot, const Done& done) {
    holders_[slot->place] = {};
    client_->executor()->Post(done);
  }

  void Grant(Slot* slot, Done done) {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(kTtlSeconds);
    const uint64_t called_us = client_->clock().MonotonicUs();
    Ask<etcdserverpb::LeaseGrantResponse>(
        slot, "/etcdserverpb.Lease/LeaseGrant", request,
        [this, slot, called_us, done](const Result<etcdserverpb::LeaseGrantResponse>& answer) {
          if (!answer.ok()) {
            slot->node++;
            return done();
          }
          holders_[slot->place] = {
              .lease = answer->id(),
              .token = 0,
              .certain_until_us = called_us + kUsPerSecond * static_cast<uint64_t>(answer->ttl())};
          Acquire(slot, done);
        });
  }

  void Acquire(Slot* slot, const Done& done) {
    const Call call = CallOf(*slot, "acquire", Value::Nil());
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(LockOf(*slot)), 0);
    auto* put = txn.add_success()->mutable_request_put();
    *put = PutOf(NameOf(LockOf(*slot)), std::to_string(slot->place));
    put->set_lease(holders_[slot->place].lease);
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else if (answer->succeeded()) {
        holders_[slot->place].token = answer->header().revision();
        recorder_.Ok(*slot, call, {.store = answer->header().revision(), .mod = {}, .by_key = {}});
      } else {
        recorder_.Fail(slot, call);
      }
      done();
    });
  }

  void Guarded(Slot* slot, Done done) {
    const int64_t token = holders_[slot->place].token;
    const Call call = CallOf(*slot, "guarded", Value::Integer(token));
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(LockOf(*slot)), token);
    ThenPut(&txn, "/lock/done/" + std::to_string(LockOf(*slot)), std::to_string(token));
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
        holders_[slot->place] = {};  // a new process has come, which holds nothing
      } else if (answer->succeeded()) {
        recorder_.Ok(*slot, call);
      } else {
        recorder_.Fail(slot, call);
        holders_[slot->place] = {};
      }
      done();
    });
  }

  void Release(Slot* slot, Done done) {
    const Call call = CallOf(*slot, "release", Value::Nil());
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    CompareCreation(&txn, NameOf(LockOf(*slot)), holders_[slot->place].token);
    txn.add_success()->mutable_request_delete_range()->set_key(NameOf(LockOf(*slot)));
    holders_[slot->place] = {};
    Txn(slot, txn, [this, slot, call, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else {
        recorder_.Ok(*slot, call);
      }
      done();
    });
  }

  std::vector<Holder> holders_;
};

}  // namespace

std::unique_ptr<Workload> MakeLock(const Workload::Context& context) {
  return std::make_unique<LockWorkload>(context);
}

}  // namespace keel::jepsen
