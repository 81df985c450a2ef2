#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {

ExitCode RunMoveLeader(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "move-leader command needs 1 argument");
  }
  const auto target = ParseUint(context.words()[0], 16);
  if (!target.ok()) return context.Fail(ExitCode::kBadArguments, target.status().message());
  std::string leader_endpoint;
  uint64_t leader = 0;
  for (const std::string& endpoint : context.endpoints()) {
    const auto status =
        context.calls().At<pb::StatusResponse>(endpoint, method::kStatus, pb::StatusRequest());
    if (!status.ok()) return context.Fail(status.status());
    if (status->header().member_id() != status->leader()) continue;
    leader_endpoint = endpoint;
    leader = status->leader();
    break;
  }
  if (leader_endpoint.empty()) {
    return context.Fail(ExitCode::kBadArguments,
                        "no leader endpoint given at [" + Join(context.endpoints(), " ") + "]");
  }
  pb::MoveLeaderRequest request;
  request.set_targetid(*target);
  const auto answer =
      context.calls().At<pb::MoveLeaderResponse>(leader_endpoint, method::kMoveLeader, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintMoveLeader(context.style(), leader, *target, *answer));
}

}  // namespace keel::ctl
