// Faults by the cluster's own commands: a leader that is moved.
#include "api/etcdserverpb/maintenance.pb.h"
#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kMoveTimeoutUs = 1'500'000;

// A transfer that other faults make impossible has had no effect, and is counted as that.
class Transfer final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    const auto leader = arena->Leader();
    const std::vector<size_t> running = arena->cluster()->RunningNodes();
    if (!leader || running.size() < 2) return Effect::kNothing;
    size_t target = running[dice->Below(running.size())];
    if (target == *leader) target = running[running[0] == *leader ? 1 : 0];
    const uint64_t member = arena->MemberId(target);
    what_ = arena->cluster()->NameOf(*leader) + " to " + arena->cluster()->NameOf(target);
    if (member == 0) return Effect::kNothing;
    etcdserverpb::MoveLeaderRequest request;
    request.set_targetid(member);
    const auto answer = arena->Ask<etcdserverpb::MoveLeaderResponse>(
        {.node = *leader,
         .path = "/etcdserverpb.Maintenance/MoveLeader",
         .timeout_us = kMoveTimeoutUs,
         .metadata = {}},
        request);
    if (!answer.ok()) return Effect::kNothing;
    return Effect::kConfirmed;  // the server answers once the other leads
  }

  Status Stop(Arena* /*arena*/) override { return {}; }
};

}  // namespace

std::unique_ptr<Fault> MakeTransfer() { return std::make_unique<Transfer>(); }

}  // namespace keel::jepsen
