// Leases: none ends before its time to live is over, none stays long after. A client grants one,
// puts a key under it, renews it for a while, then waits for the key to go. The key is the lease's
// sign of life: it is read as any key is.
#include "api/etcdserverpb/lease.pb.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 8;
constexpr int64_t kTtlSeconds = 2;
constexpr int64_t kMsPerSecond = 1'000;
constexpr uint64_t kRenewalsMax = 5;

enum class Stage : uint8_t { kNone, kGranted, kRenewed, kLeft };

struct Held {
  Stage stage = Stage::kNone;
  int64_t id = 0;
  int64_t ttl_ms = 0;
  uint64_t renewals_left = 0;
};

class LeaseWorkload final : public Workload {
 public:
  explicit LeaseWorkload(const Context& context)
      : Workload(context, kClients), held_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    Held& held = held_[slot->place];
    switch (held.stage) {
      case Stage::kNone:
        return Grant(slot, std::move(done));
      case Stage::kGranted:
        return PutKey(slot, std::move(done));
      case Stage::kRenewed:
        if (held.renewals_left > 0 && dice_.OneIn(8)) return KeepAlive(slot, std::move(done));
        if (held.renewals_left == 0) held.stage = Stage::kLeft;
        return LookFor(slot, std::move(done));
      case Stage::kLeft:
        return LookFor(slot, std::move(done));
    }
  }

  bool LastStep(Slot* /*slot*/, Done /*done*/) override { return false; }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("lease"); }

 private:
  static Revisions TermOf(const etcdserverpb::ResponseHeader& header) {
    return {.store = {}, .mod = {}, .term = static_cast<int64_t>(header.raft_term()), .by_key = {}};
  }
  static std::string NameOf(int64_t lease) { return "/lease/" + std::to_string(lease); }

  void Grant(Slot* slot, Done done) {
    const int64_t id = ++last_id_;
    Call call{
        .f = "grant",
        .value = Value::Vector({Value::Integer(id), Value::Integer(kTtlSeconds * kMsPerSecond)})};
    recorder_.Invoke(*slot, call);
    etcdserverpb::LeaseGrantRequest request;
    request.set_id(id);
    request.set_ttl(kTtlSeconds);
    Ask<etcdserverpb::LeaseGrantResponse>(
        slot, "/etcdserverpb.Lease/LeaseGrant", request,
        [this, slot, call, id, done](const Result<etcdserverpb::LeaseGrantResponse>& answer) {
          if (!answer.ok()) {
            recorder_.Failed(slot, call, answer.status());
            return done();
          }
          Call granted = call;
          const int64_t ttl_ms = answer->ttl() * kMsPerSecond;
          granted.value.items[1] = Value::Integer(ttl_ms);
          held_[slot->place] = {.stage = Stage::kGranted,
                                .id = id,
                                .ttl_ms = ttl_ms,
                                .renewals_left = dice_.Below(kRenewalsMax + 1)};
          recorder_.Ok(*slot, granted, TermOf(answer->header()));
          done();
        });
  }

  // No operation of the history; without its key a lease cannot be seen, and is left.
  void PutKey(Slot* slot, Done done) {
    Held& held = held_[slot->place];
    etcdserverpb::PutRequest request = PutOf(NameOf(held.id), "held");
    request.set_lease(held.id);
    Put(slot, request, [this, slot, done](const Result<etcdserverpb::PutResponse>& answer) {
      Held& then = held_[slot->place];
      then.stage = answer.ok() ? Stage::kRenewed : Stage::kNone;
      if (!answer.ok()) slot->node++;
      done();
    });
  }

  void KeepAlive(Slot* slot, Done done) {
    Held& held = held_[slot->place];
    held.renewals_left--;
    const Call call{.f = "keepalive",
                    .value = Value::Vector({Value::Integer(held.id), Value::Integer(held.ttl_ms)})};
    recorder_.Invoke(*slot, call);
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(held.id);
    Ask<etcdserverpb::LeaseKeepAliveResponse>(
        slot, "/etcdserverpb.Lease/LeaseKeepAlive", request,
        [this, slot, call, done](const Result<etcdserverpb::LeaseKeepAliveResponse>& answer) {
          if (!answer.ok()) {
            recorder_.Failed(slot, call, answer.status());
          } else if (answer->ttl() > 0) {
            Call renewed = call;
            renewed.value.items[1] = Value::Integer(answer->ttl() * kMsPerSecond);
            recorder_.Ok(*slot, renewed, TermOf(answer->header()));
          } else {
            recorder_.Fail(slot, call);  // there is no such lease any more
          }
          done();
        });
  }

  void LookFor(Slot* slot, Done done) {
    const int64_t id = held_[slot->place].id;
    const Call call{.f = "check", .value = Value::Vector({Value::Integer(id), Value::Nil()})};
    recorder_.Invoke(*slot, call);
    Range(slot, RangeOf(NameOf(id)),
          [this, slot, call, done](const Result<etcdserverpb::RangeResponse>& answer) {
            if (!answer.ok()) {
              recorder_.Failed(slot, call, answer.status());
              return done();
            }
            Call seen = call;
            const bool is_there = answer->kvs_size() > 0;
            seen.value.items[1] = Value::Bool(is_there);
            recorder_.Ok(*slot, seen, TermOf(answer->header()));
            if (!is_there) held_[slot->place] = {};
            done();
          });
  }

  int64_t last_id_ = 0;
  std::vector<Held> held_;
};

}  // namespace

std::unique_ptr<Workload> MakeLease(const Workload::Context& context) {
  return std::make_unique<LeaseWorkload>(context);
}

}  // namespace keel::jepsen
