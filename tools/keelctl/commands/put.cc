#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"

namespace keel::ctl {

ExitCode RunPut(Context& context) {
  const auto request = PutRequestOf(context.flags(), context.words(),
                                    [&context] { return context.terminal().ReadAll(); });
  if (!request.ok()) return context.Fail(CodeFor(request.status()), request.status().message());
  const auto answer = context.calls().Any<pb::PutResponse>(method::kPut, *request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintPut(context.style(), *answer));
}

}  // namespace keel::ctl
