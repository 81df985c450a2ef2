#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"

namespace keel::ctl {

ExitCode RunGet(Context& context) {
  const auto request = RangeRequestOf(context.flags(), context.words());
  if (!request.ok()) return context.Fail(CodeFor(request.status()), request.status().message());
  const bool simple = context.style().format == Format::kSimple;
  if (request->count_only() && simple) {
    return context.Fail(ExitCode::kBadArguments,
                        "--count-only is only for `--write-out=fields` and `--write-out=json`");
  }
  if (context.flags().Switch("print-value-only")) {
    if (!simple) {
      return context.Fail(ExitCode::kBadArguments,
                          "print-value-only is only for `--write-out=simple`");
    }
    context.style().value_only = true;
  }
  const auto answer = context.calls().Any<pb::RangeResponse>(method::kRange, *request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintGet(context.style(), *answer));
}

}  // namespace keel::ctl
