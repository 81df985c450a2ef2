// version, completion, man: what needs no cluster.
#include "api/version.h"
#include "tools/keelctl/command/help.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {

ExitCode RunVersion(Context& context) {
  const std::string api(kEtcdVersion.substr(0, kEtcdVersion.rfind('.')));
  context.Out("keelctl version: " KEEL_VERSION "\nAPI version: " + api + "\n");
  return ExitCode::kSuccess;
}

ExitCode RunCompletion(Context& context) {
  const auto& words = context.words();
  if (words.size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "completion needs a shell: bash, zsh or fish");
  }
  const auto script = CompletionFor(words[0]);
  if (!script) {
    return context.Fail(ExitCode::kBadFeature,
                        "no completion for " + Quote(words[0]) + ": bash, zsh or fish");
  }
  context.Out(*script);
  return ExitCode::kSuccess;
}

ExitCode RunMan(Context& context) {
  context.Out(ManPage());
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
