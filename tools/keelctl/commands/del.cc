#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"

namespace keel::ctl {

ExitCode RunDelete(Context& context) {
  const auto request = DeleteRequestOf(context.flags(), context.words());
  if (!request.ok()) return context.Fail(CodeFor(request.status()), request.status().message());
  const auto answer = context.calls().Any<pb::DeleteRangeResponse>(method::kDelete, *request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDelete(context.style(), *answer));
}

}  // namespace keel::ctl
