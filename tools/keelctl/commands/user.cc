// user add, get, list, delete, passwd, grant-role, revoke-role.
#include <optional>

#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"

namespace keel::ctl {
namespace {

// Asked for twice on a terminal; one line of standard input with --interactive=false.
Result<std::string> NewPassword(Context& context, const std::string& user) {
  Terminal& terminal = context.terminal();
  if (!context.flags().Switch("interactive")) return terminal.ReadLine(true).value_or("");
  const auto first = terminal.AskPassword("Password of " + user + ": ");
  if (!first || first->empty()) return InvalidArgument("empty password");
  const auto second =
      terminal.AskPassword("Type password of " + user + " again for confirmation: ");
  if (first != second) return InvalidArgument("given passwords are different");
  return *first;
}

bool WrongCount(Context& context, size_t count, std::string_view complaint, ExitCode* code) {
  if (context.words().size() == count) return false;
  *code = context.Fail(ExitCode::kBadArguments, complaint);
  return true;
}

}  // namespace

ExitCode RunUserAdd(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 1, "user add command requires user name as its argument", &code)) {
    return code;
  }
  std::string user = context.words()[0];
  pb::AuthUserAddRequest request;
  const std::string& given = context.flags().Text("new-user-password");
  if (context.flags().Switch("no-password")) {
    request.mutable_options()->set_no_password(true);
  } else if (!given.empty()) {
    request.set_password(given);
  } else if (const size_t colon = user.find(':'); colon != std::string::npos) {
    request.set_password(user.substr(colon + 1));
    user.resize(colon);
    if (user.empty()) {
      return context.Fail(ExitCode::kBadArguments, "empty user name is not allowed");
    }
  } else {
    const auto password = NewPassword(context, user);
    if (!password.ok()) {
      return context.Fail(ExitCode::kBadArguments, password.status().message());
    }
    request.set_password(*password);
  }
  request.set_name(user);
  const auto answer = context.calls().Any<pb::AuthUserAddResponse>(method::kUserAdd, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "User " + user + " created", *answer));
}

ExitCode RunUserGet(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 1, "user get command requires user name as its argument", &code)) {
    return code;
  }
  const std::string& name = context.words()[0];
  pb::AuthUserGetRequest request;
  request.set_name(name);
  const auto answer = context.calls().Any<pb::AuthUserGetResponse>(method::kUserGet, request);
  if (!answer.ok()) return context.Fail(answer.status());
  if (!context.flags().Switch("detail")) {
    return context.Print(PrintUser(context.style(), name, *answer));
  }
  context.Out("User: " + name + "\n");
  for (const std::string& role : answer->roles()) {
    pb::AuthRoleGetRequest ask;
    ask.set_role(role);
    const auto detail = context.calls().Any<pb::AuthRoleGetResponse>(method::kRoleGet, ask);
    if (!detail.ok()) return context.Fail(detail.status());
    context.Out("\n");
    if (const auto printed = context.Print(PrintRole(context.style(), role, *detail));
        printed != ExitCode::kSuccess) {
      return printed;
    }
  }
  return ExitCode::kSuccess;
}

ExitCode RunUserList(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 0, "user list command requires no arguments", &code)) return code;
  const auto answer =
      context.calls().Any<pb::AuthUserListResponse>(method::kUserList, pb::AuthUserListRequest());
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(
      PrintNames(context.style(), {answer->users().begin(), answer->users().end()}, *answer));
}

ExitCode RunUserDelete(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 1, "user delete command requires user name as its argument", &code)) {
    return code;
  }
  const std::string& name = context.words()[0];
  pb::AuthUserDeleteRequest request;
  request.set_name(name);
  const auto answer = context.calls().Any<pb::AuthUserDeleteResponse>(method::kUserDelete, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "User " + name + " deleted", *answer));
}

ExitCode RunUserPassword(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 1, "user passwd command requires user name as its argument", &code)) {
    return code;
  }
  const auto password = NewPassword(context, context.words()[0]);
  if (!password.ok()) return context.Fail(ExitCode::kBadArguments, password.status().message());
  pb::AuthUserChangePasswordRequest request;
  request.set_name(context.words()[0]);
  request.set_password(*password);
  const auto answer =
      context.calls().Any<pb::AuthUserChangePasswordResponse>(method::kUserPassword, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "Password updated", *answer));
}

ExitCode RunUserGrantRole(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 2, "user grant command requires user name and role name as its argument",
                 &code)) {
    return code;
  }
  const auto& words = context.words();
  pb::AuthUserGrantRoleRequest request;
  request.set_user(words[0]);
  request.set_role(words[1]);
  const auto answer =
      context.calls().Any<pb::AuthUserGrantRoleResponse>(method::kUserGrantRole, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(
      PrintDone(context.style(), "Role " + words[1] + " is granted to user " + words[0], *answer));
}

ExitCode RunUserRevokeRole(Context& context) {
  ExitCode code{};
  if (WrongCount(context, 2, "user revoke-role requires user name and role name as its argument",
                 &code)) {
    return code;
  }
  const auto& words = context.words();
  pb::AuthUserRevokeRoleRequest request;
  request.set_name(words[0]);
  request.set_role(words[1]);
  const auto answer =
      context.calls().Any<pb::AuthUserRevokeRoleResponse>(method::kUserRevokeRole, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(
      context.style(), "Role " + words[1] + " is revoked from user " + words[0], *answer));
}

}  // namespace keel::ctl
