// member add, remove, update, list, promote.
#include <optional>

#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// The member that the only argument names; nothing, and *code, when the failure is told already.
std::optional<uint64_t> TakeMember(Context& context, ExitCode* code) {
  if (context.words().size() != 1) {
    *code = context.Fail(ExitCode::kBadArguments, "member ID is not provided");
    return std::nullopt;
  }
  const auto id = MemberOf(context.words()[0]);
  if (id.ok()) return *id;
  *code = context.Fail(ExitCode::kBadArguments, id.status().message());
  return std::nullopt;
}

}  // namespace

ExitCode RunMemberAdd(Context& context) {
  const auto& words = context.words();
  if (words.empty()) return context.Fail(ExitCode::kBadArguments, "member name not provided");
  if (words.size() > 1) {
    std::string complaint = "too many arguments";
    for (const std::string& word : words) {
      if (word.starts_with("http")) complaint += ", did you mean --peer-urls=" + word;
    }
    return context.Fail(ExitCode::kBadArguments, complaint);
  }
  const std::string& urls = context.flags().Text("peer-urls");
  if (urls.empty()) return context.Fail(ExitCode::kBadArguments, "member peer urls not provided");
  pb::MemberAddRequest request;
  for (const std::string& url : Split(urls, ',')) request.add_peerurls(url);
  request.set_islearner(context.flags().Switch("learner"));
  const auto answer = context.calls().Any<pb::MemberAddResponse>(method::kMemberAdd, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(
      PrintMemberAdd(context.style(), {.name = words[0], .peer_urls = urls}, *answer));
}

ExitCode RunMemberRemove(Context& context) {
  ExitCode code{};
  const auto id = TakeMember(context, &code);
  if (!id) return code;
  pb::MemberRemoveRequest request;
  request.set_id(*id);
  const auto answer = context.calls().Any<pb::MemberRemoveResponse>(method::kMemberRemove, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintMemberRemove(context.style(), *id, *answer));
}

ExitCode RunMemberUpdate(Context& context) {
  ExitCode code{};
  const auto id = TakeMember(context, &code);
  if (!id) return code;
  const std::string& urls = context.flags().Text("peer-urls");
  if (urls.empty()) return context.Fail(ExitCode::kBadArguments, "member peer urls not provided");
  pb::MemberUpdateRequest request;
  request.set_id(*id);
  for (const std::string& url : Split(urls, ',')) request.add_peerurls(url);
  const auto answer = context.calls().Any<pb::MemberUpdateResponse>(method::kMemberUpdate, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintMemberUpdate(context.style(), *id, *answer));
}

ExitCode RunMemberList(Context& context) {
  pb::MemberListRequest request;
  request.set_linearizable(true);
  const auto answer = context.calls().Any<pb::MemberListResponse>(method::kMemberList, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintMemberList(context.style(), *answer));
}

ExitCode RunMemberPromote(Context& context) {
  ExitCode code{};
  const auto id = TakeMember(context, &code);
  if (!id) return code;
  pb::MemberPromoteRequest request;
  request.set_id(*id);
  const auto answer =
      context.calls().Any<pb::MemberPromoteResponse>(method::kMemberPromote, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintMemberPromote(context.style(), *id, *answer));
}

}  // namespace keel::ctl
