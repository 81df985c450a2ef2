// Elections by etcd's own service: who campaigns under a lease is elected when all before it have
// gone; the revision of its key is the token of its office, and it proclaims only while it holds
// that. Others ask who is elected.
#include "api/etcdserverpb/lease.pb.h"
#include "api/v3electionpb/v3election.pb.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr size_t kElections = 2;
constexpr int64_t kTtlSeconds = 3;
constexpr uint64_t kLooksOf100 = 30;
constexpr uint64_t kResignsOf100 = 30;
constexpr uint64_t kUsPerSecond = 1'000'000;

struct Office {
  int64_t lease = 0;
  v3electionpb::LeaderKey key;  // a revision of 0: it is not elected
  uint64_t certain_until_us = 0;
};

class ElectionWorkload final : public Workload {
 public:
  explicit ElectionWorkload(const Context& context)
      : Workload(context, kClients), offices_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    const Office& office = offices_[slot->place];
    if (dice_.Chance(kLooksOf100, 100)) return Look(slot, std::move(done));
    if (office.key.rev() == 0) return Grant(slot, std::move(done));
    // Past its certain time another may be elected already: it does not resign, but lets go.
    if (client_->clock().MonotonicUs() >= office.certain_until_us) return Forget(slot, done);
    if (dice_.Chance(kResignsOf100, 100)) return Resign(slot, std::move(done));
    Proclaim(slot, std::move(done));
  }

  bool LastStep(Slot* /*slot*/, Done /*done*/) override { return false; }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("lock"); }

 private:
  [[nodiscard]] size_t ElectionOf(const Slot& slot) const {
    return slot.place % (kElections * context_.crowd);
  }
  [[nodiscard]] std::string NameOf(const Slot& slot) const {
    return "/election/" + std::to_string(ElectionOf(slot));
  }
  [[nodiscard]] Call CallOf(const Slot& slot, const std::string& f, Value value) const {
    return {.f = f,
            .value = std::move(value),
            .key = Value::Integer(static_cast<int64_t>(ElectionOf(slot)))};
  }

  void Forget(Slot* slot, const Done& done) {
    offices_[slot->place] = {};
    client_->executor()->Post(done);
  }

  void Look(Slot* slot, Done done) {
    Call call = CallOf(*slot, "leader", Value::Nil());
    recorder_.Invoke(*slot, call);
    v3electionpb::LeaderRequest request;
    request.set_name(NameOf(*slot));
    Ask<v3electionpb::LeaderResponse>(
        slot, "/v3electionpb.Election/Leader", request,
        [this, slot, call, done](const Result<v3electionpb::LeaderResponse>& answer) mutable {
          if (answer.ok()) {
            call.value = Value::Integer(answer->kv().create_revision());
            recorder_.Ok(*slot, call);
          } else {
            recorder_.Fail(slot, call);  // nobody is elected, or nobody said; nothing has changed
            slot->node++;
          }
          done();
        });
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
          Office* office = &offices_[slot->place];
          *office = {};
          office->lease = answer->id();
          office->certain_until_us =
              called_us + kUsPerSecond * static_cast<uint64_t>(answer->ttl());
          Campaign(slot, done);
        });
  }

  void Campaign(Slot* slot, const Done& done) {
    const Call call = CallOf(*slot, "campaign", Value::Nil());
    recorder_.Invoke(*slot, call);
    v3electionpb::CampaignRequest request;
    request.set_name(NameOf(*slot));
    request.set_lease(offices_[slot->place].lease);
    request.set_value(std::to_string(slot->place));
    Ask<v3electionpb::CampaignResponse>(
        slot, "/v3electionpb.Election/Campaign", request,
        [this, slot, call, done](const Result<v3electionpb::CampaignResponse>& answer) {
          if (answer.ok()) {
            offices_[slot->place].key = answer->leader();
            recorder_.Ok(*slot, call, {.store = answer->leader().rev(), .mod = {}, .by_key = {}});
            return done();
          }
          recorder_.Failed(slot, call, answer.status());
          LeaveTheLine(slot, done);
        });
  }

  // Who has given up waiting may still be in the line, and would be elected: its lease ends that,
  // at once where it can be told to.
  void LeaveTheLine(Slot* slot, Done done) {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(offices_[slot->place].lease);
    offices_[slot->place] = {};
    Ask<etcdserverpb::LeaseRevokeResponse>(
        slot, "/etcdserverpb.Lease/LeaseRevoke", request,
        [done](const Result<etcdserverpb::LeaseRevokeResponse>& /*answer*/) { done(); });
  }

  void Proclaim(Slot* slot, Done done) {
    const v3electionpb::LeaderKey& key = offices_[slot->place].key;
    const Call call = CallOf(*slot, "proclaim", Value::Integer(key.rev()));
    recorder_.Invoke(*slot, call);
    v3electionpb::ProclaimRequest request;
    *request.mutable_leader() = key;
    request.set_value(std::to_string(key.rev()));
    Ask<v3electionpb::ProclaimResponse>(
        slot, "/v3electionpb.Election/Proclaim", request,
        [this, slot, call, done](const Result<v3electionpb::ProclaimResponse>& answer) {
          if (answer.ok()) {
            recorder_.Ok(*slot, call);
          } else {
            recorder_.Failed(slot, call, answer.status());
            offices_[slot->place] = {};
          }
          done();
        });
  }

  void Resign(Slot* slot, Done done) {
    const Call call = CallOf(*slot, "resign", Value::Nil());
    recorder_.Invoke(*slot, call);
    v3electionpb::ResignRequest request;
    *request.mutable_leader() = offices_[slot->place].key;
    offices_[slot->place] = {};
    Ask<v3electionpb::ResignResponse>(
        slot, "/v3electionpb.Election/Resign", request,
        [this, slot, call, done](const Result<v3electionpb::ResignResponse>& answer) {
          if (answer.ok()) {
            recorder_.Ok(*slot, call);
          } else {
            recorder_.Failed(slot, call, answer.status());
          }
          done();
        });
  }

  std::vector<Office> offices_;
};

}  // namespace

std::unique_ptr<Workload> MakeElection(const Workload::Context& context) {
  return std::make_unique<ElectionWorkload>(context);
}

}  // namespace keel::jepsen
