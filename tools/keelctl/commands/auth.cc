// auth enable, disable, status; role add, get, list, delete, grant-permission, revoke-permission.
#include <array>

#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

ExitCode WrongArguments(Context& context, std::string_view complaint) {
  return context.Fail(ExitCode::kBadArguments, complaint);
}

std::vector<std::string> NamesOf(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return {names.begin(), names.end()};
}

struct KeyRange {
  std::string key;
  std::string end;
};

// The range of a permission: of a key, a key and an end, a prefix, or a key and all behind it.
Result<KeyRange> PermissionRange(const Context& context, size_t first) {
  const auto& words = context.words();
  const bool prefix = context.flags().Switch("prefix");
  const bool from_key = context.flags().Switch("from-key");
  if (prefix && from_key) {
    return InvalidArgument("--from-key and --prefix flags are mutually exclusive");
  }
  KeyRange range{.key = words[first]};
  if (words.size() > first + 1) {
    if (prefix) return InvalidArgument("unexpected endkey argument with --prefix flag");
    if (from_key) return InvalidArgument("unexpected endkey argument with --from-key flag");
    range.end = words[first + 1];
    return range;
  }
  const std::string zero(1, '\0');
  const bool everything = range.key.empty();
  if (everything) range.key = zero;
  if (prefix) range.end = everything ? zero : PrefixEnd(range.key);
  if (from_key) range.end = zero;
  return range;
}

Result<authpb::Permission::Type> PermissionNamed(const std::string& name) {
  struct Row {
    std::string_view name;
    authpb::Permission::Type type;
  };
  constexpr std::array<Row, 3> kRows = {{{"read", authpb::Permission::READ},
                                         {"write", authpb::Permission::WRITE},
                                         {"readwrite", authpb::Permission::READWRITE}}};
  for (const Row& row : kRows) {
    if (row.name == name) return row.type;
  }
  return InvalidArgument("invalid permission type " + Quote(name) + ": read, write or readwrite");
}

}  // namespace

ExitCode RunAuthEnable(Context& context) {
  if (!context.words().empty()) {
    return WrongArguments(context, "auth enable command does not accept any arguments");
  }
  auto answer =
      context.calls().Any<pb::AuthEnableResponse>(method::kAuthEnable, pb::AuthEnableRequest());
  const bool roleless =
      !answer.ok() &&
      answer.status().message().find("root user does not have root role") != std::string_view::npos;
  if (roleless) {  // as etcdctl does: the root user gets the root role, made if need be
    pb::AuthRoleAddRequest role;
    role.set_name("root");
    const auto added = context.calls().Any<pb::AuthRoleAddResponse>(method::kRoleAdd, role);
    if (!added.ok() && added.status().message().find("already exists") == std::string_view::npos) {
      return context.Fail(added.status());
    }
    pb::AuthUserGrantRoleRequest grant;
    grant.set_user("root");
    grant.set_role("root");
    const auto granted =
        context.calls().Any<pb::AuthUserGrantRoleResponse>(method::kUserGrantRole, grant);
    if (!granted.ok()) return context.Fail(granted.status());
    answer =
        context.calls().Any<pb::AuthEnableResponse>(method::kAuthEnable, pb::AuthEnableRequest());
  }
  if (!answer.ok()) return context.Fail(answer.status());
  context.Out("Authentication Enabled\n");
  return ExitCode::kSuccess;
}

ExitCode RunAuthDisable(Context& context) {
  if (!context.words().empty()) {
    return WrongArguments(context, "auth disable command does not accept any arguments");
  }
  const auto answer =
      context.calls().Any<pb::AuthDisableResponse>(method::kAuthDisable, pb::AuthDisableRequest());
  if (!answer.ok()) return context.Fail(answer.status());
  context.Out("Authentication Disabled\n");
  return ExitCode::kSuccess;
}

ExitCode RunAuthStatus(Context& context) {
  if (!context.words().empty()) {
    return WrongArguments(context, "auth status command does not accept any arguments");
  }
  const auto answer =
      context.calls().Any<pb::AuthStatusResponse>(method::kAuthStatus, pb::AuthStatusRequest());
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintAuthStatus(context.style(), *answer));
}

ExitCode RunRoleAdd(Context& context) {
  if (context.words().size() != 1) {
    return WrongArguments(context, "role add command requires role name as its argument");
  }
  const std::string& name = context.words()[0];
  pb::AuthRoleAddRequest request;
  request.set_name(name);
  const auto answer = context.calls().Any<pb::AuthRoleAddResponse>(method::kRoleAdd, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "Role " + name + " created", *answer));
}

ExitCode RunRoleGet(Context& context) {
  if (context.words().size() != 1) {
    return WrongArguments(context, "role get command requires role name as its argument");
  }
  const std::string& name = context.words()[0];
  pb::AuthRoleGetRequest request;
  request.set_role(name);
  const auto answer = context.calls().Any<pb::AuthRoleGetResponse>(method::kRoleGet, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintRole(context.style(), name, *answer));
}

ExitCode RunRoleList(Context& context) {
  if (!context.words().empty()) {
    return WrongArguments(context, "role list command requires no arguments");
  }
  const auto answer =
      context.calls().Any<pb::AuthRoleListResponse>(method::kRoleList, pb::AuthRoleListRequest());
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintNames(context.style(), NamesOf(answer->roles()), *answer));
}

ExitCode RunRoleDelete(Context& context) {
  if (context.words().size() != 1) {
    return WrongArguments(context, "role delete command requires role name as its argument");
  }
  const std::string& name = context.words()[0];
  pb::AuthRoleDeleteRequest request;
  request.set_role(name);
  const auto answer = context.calls().Any<pb::AuthRoleDeleteResponse>(method::kRoleDelete, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "Role " + name + " deleted", *answer));
}

ExitCode RunRoleGrant(Context& context) {
  const auto& words = context.words();
  if (words.size() < 3 || words.size() > 4) {
    return WrongArguments(context,
                          "role grant command requires role name, permission type, and key "
                          "[endkey] as its argument");
  }
  const auto type = PermissionNamed(words[1]);
  if (!type.ok()) return WrongArguments(context, type.status().message());
  const auto range = PermissionRange(context, 2);
  if (!range.ok()) return WrongArguments(context, range.status().message());
  pb::AuthRoleGrantPermissionRequest request;
  request.set_name(words[0]);
  request.mutable_perm()->set_permtype(*type);
  request.mutable_perm()->set_key(range->key);
  request.mutable_perm()->set_range_end(range->end);
  const auto answer =
      context.calls().Any<pb::AuthRoleGrantPermissionResponse>(method::kRoleGrant, request);
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintDone(context.style(), "Role " + words[0] + " updated", *answer));
}

ExitCode RunRoleRevoke(Context& context) {
  const auto& words = context.words();
  if (words.size() < 2 || words.size() > 3) {
    return WrongArguments(context,
                          "role revoke-permission command requires role name and key [endkey] as "
                          "its argument");
  }
  const auto range = PermissionRange(context, 1);
  if (!range.ok()) return WrongArguments(context, range.status().message());
  pb::AuthRoleRevokePermissionRequest request;
  request.set_role(words[0]);
  request.set_key(range->key);
  request.set_range_end(range->end);
  const auto answer =
      context.calls().Any<pb::AuthRoleRevokePermissionResponse>(method::kRoleRevoke, request);
  if (!answer.ok()) return context.Fail(answer.status());
  std::string what = "Permission of key " + words[1];
  if (!range->end.empty()) {
    const bool open = range->end == std::string(1, '\0');
    what = "Permission of range [" + words[1] + ", " + (open ? "<open ended>" : range->end + ")");
  }
  return context.Print(
      PrintDone(context.style(), what + " is revoked from role " + words[0], *answer));
}

}  // namespace keel::ctl
