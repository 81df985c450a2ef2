// Elections by etcd's own service: who campaigns under a lease is elected when all before it have
// gone; the revision of its key is the token of its office, and it proclaims only while it holds
// that. Others ask who is elected.
#include "api/etcdserverpb/lease.pb.h"
#include "api/v3electionpb/v3election.pb.h"
#include "jepsen/workload/office.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr size_t kElections = 2;
constexpr uint64_t kLooksOf100 = 30;
constexpr uint64_t kResignsOf100 = 30;

class ElectionWorkload final : public OfficeWorkload {
 public:
  explicit ElectionWorkload(const Context& context)
      : OfficeWorkload(context, kClients, kElections), keys_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    if (dice_.Chance(kLooksOf100, 100)) return Look(slot, std::move(done));
    if (keys_[slot->place].rev() == 0) return Begin(slot, std::move(done));
    if (!IsCertain(*slot)) return Forget(slot, done);
    if (dice_.Chance(kResignsOf100, 100)) return Resign(slot, std::move(done));
    Proclaim(slot, std::move(done));
  }

 protected:
  void Drop(const Slot& slot) override { keys_[slot.place].Clear(); }

  void Take(Slot* slot, const Done& done) override {
    const Call call = CallOf(*slot, "campaign", Value::Nil());
    recorder_.Invoke(*slot, call);
    v3electionpb::CampaignRequest request;
    request.set_name(NameOf(*slot));
    request.set_lease(LeaseOf(*slot));
    request.set_value(std::to_string(slot->place));
    Ask<v3electionpb::CampaignResponse>(
        slot, "/v3electionpb.Election/Campaign", request,
        [this, slot, call, done](const Result<v3electionpb::CampaignResponse>& answer) {
          if (answer.ok()) {
            keys_[slot->place] = answer->leader();
            recorder_.Ok(*slot, call, {.store = answer->leader().rev(), .mod = {}, .by_key = {}});
            return done();
          }
          recorder_.Failed(slot, call, answer.status());
          LeaveTheLine(slot, done);
        });
  }

 private:
  [[nodiscard]] std::string NameOf(const Slot& slot) const {
    return "/election/" + std::to_string(OfficeOf(slot));
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

  // Who has given up waiting may still be in the line, and would be elected: its lease ends that,
  // at once where it can be told to.
  void LeaveTheLine(Slot* slot, Done done) {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(LeaseOf(*slot));
    Drop(*slot);
    Ask<etcdserverpb::LeaseRevokeResponse>(
        slot, "/etcdserverpb.Lease/LeaseRevoke", request,
        [done](const Result<etcdserverpb::LeaseRevokeResponse>& /*answer*/) { done(); });
  }

  void Proclaim(Slot* slot, Done done) {
    const v3electionpb::LeaderKey& key = keys_[slot->place];
    const Call call = CallOf(*slot, "proclaim", Value::Integer(key.rev()));
    recorder_.Invoke(*slot, call);
    v3electionpb::ProclaimRequest request;
    *request.mutable_leader() = key;
    request.set_value(std::to_string(key.rev()));
    Ask<v3electionpb::ProclaimResponse>(
        slot, "/v3electionpb.Election/Proclaim", request,
        [this, slot, call, done](const Result<v3electionpb::ProclaimResponse>& answer) {
          recorder_.Answered(slot, call, answer.status());
          if (!answer.ok()) Drop(*slot);
          done();
        });
  }

  void Resign(Slot* slot, Done done) {
    const Call call = CallOf(*slot, "resign", Value::Nil());
    recorder_.Invoke(*slot, call);
    v3electionpb::ResignRequest request;
    *request.mutable_leader() = keys_[slot->place];
    Drop(*slot);
    Ask<v3electionpb::ResignResponse>(
        slot, "/v3electionpb.Election/Resign", request,
        [this, slot, call, done](const Result<v3electionpb::ResignResponse>& answer) {
          recorder_.Answered(slot, call, answer.status());
          done();
        });
  }

  // Of each client; a revision of 0: it is not elected.
  std::vector<v3electionpb::LeaderKey> keys_;
};

}  // namespace

std::unique_ptr<Workload> MakeElection(const Workload::Context& context) {
  return std::make_unique<ElectionWorkload>(context);
}

}  // namespace keel::jepsen
