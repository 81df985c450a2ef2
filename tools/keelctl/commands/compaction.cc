#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {

ExitCode RunCompaction(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "compaction command needs 1 argument");
  }
  const auto revision = ParseInt(context.words()[0], 10);
  if (!revision.ok()) return context.Fail(ExitCode::kError, revision.status().message());
  pb::CompactionRequest request;
  request.set_revision(*revision);
  request.set_physical(context.flags().Switch("physical"));
  const auto answer = context.calls().Any<pb::CompactionResponse>(method::kCompact, request);
  if (!answer.ok()) return context.Fail(answer.status());
  context.Out("compacted revision " + std::to_string(*revision) + "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
