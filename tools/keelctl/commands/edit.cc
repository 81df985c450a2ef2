// edit KEY: its value in $EDITOR; written back only if nobody else has changed it meanwhile.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/calls/program.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// A file of ours alone, gone with this object.
class DraftFile {
 public:
  DraftFile() {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory != nullptr ? directory : "/tmp") + "/keelctl-edit-XXXXXX";
    const int file = mkstemp(path_.data());
    made_ = file >= 0;
    if (made_) close(file);
  }
  ~DraftFile() {
    if (made_) unlink(path_.c_str());
  }
  DraftFile(const DraftFile&) = delete;
  DraftFile& operator=(const DraftFile&) = delete;

  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // What the user has written stays there when it could not be put.
  void Keep() { made_ = false; }

 private:
  std::string path_;
  bool made_ = false;
};

Result<std::string> Edited(const Context& context, const DraftFile& draft,
                           const std::string& value) {
  KEEL_RETURN_IF_ERROR(WriteFile(draft.path(), value));
  std::string editor = context.Variable("VISUAL");
  if (editor.empty()) editor = context.Variable("EDITOR");
  if (editor.empty()) editor = "vi";
  auto words = SplitWords(editor);
  if (!words.ok() || words->empty()) return InvalidArgument("$EDITOR is empty");
  words->push_back(draft.path());
  const auto ended = RunProgram(*words, {});
  if (!ended.ok()) return ended.status();
  if (*ended != 0) {
    return Aborted("the editor ended with exit code " + std::to_string(*ended) +
                   ": nothing is changed");
  }
  auto text = ReadFile(draft.path());
  if (!text.ok()) return text.status();
  // Editors end the last line; a value that had no newline there gets none.
  if (!value.ends_with("\n") && text->ends_with("\n")) text->pop_back();
  return text;
}

}  // namespace

ExitCode RunEdit(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "edit needs one argument, the key");
  }
  const std::string& key = context.words()[0];
  pb::RangeRequest read;
  read.set_key(key);
  const auto before = context.calls().Any<pb::RangeResponse>(method::kRange, read);
  if (!before.ok()) return context.Fail(before.status());
  const bool exists = !before->kvs().empty();
  const std::string value = exists ? before->kvs(0).value() : "";
  DraftFile draft;
  if (!draft.made()) return context.Fail(ExitCode::kIo, "no temporary file could be made");
  const auto text = Edited(context, draft, value);
  if (!text.ok()) return context.Fail(ExitCode::kError, text.status().message());
  if (*text == value) {
    context.Out("unchanged\n");
    return ExitCode::kSuccess;
  }
  pb::TxnRequest request;
  pb::Compare* compare = request.add_compare();
  compare->set_target(pb::Compare::MOD);
  compare->set_key(key);
  compare->set_mod_revision(exists ? before->kvs(0).mod_revision() : 0);
  pb::PutRequest* put = request.add_success()->mutable_request_put();
  put->set_key(key);
  put->set_value(*text);
  put->set_ignore_lease(exists);
  const auto answer = context.calls().Any<pb::TxnResponse>(method::kTxn, request);
  if (!answer.ok() || !answer->succeeded()) draft.Keep();
  if (!answer.ok()) return context.Fail(answer.status());
  if (!answer->succeeded()) {
    return context.Fail(ExitCode::kError, key +
                                              " was changed by somebody else meanwhile; what you "
                                              "wrote is in " +
                                              draft.path());
  }
  context.Out("OK, revision " + std::to_string(answer->header().revision()) + "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
