// Users and roles, and answers that say nothing.
#include "tools/keelctl/output/fields.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/printer.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

std::string SimplePermission(const authpb::Permission& permission) {
  const std::string& key = permission.key();
  const std::string& end = permission.range_end();
  if (end.empty()) return "\t" + key + "\n";
  const bool open = end == std::string(1, '\0');
  std::string out = "\t[" + key + (open ? ", <open ended>" : ", " + end + ")");
  if (PrefixEnd(key) == end) out += " (prefix " + key + ")";
  return out + "\n";
}

std::string SimpleRole(const std::string& name, const pb::AuthRoleGetResponse& answer) {
  const auto list = [&answer](authpb::Permission::Type wanted) {
    std::string out;
    for (const authpb::Permission& each : answer.perm()) {
      if (each.permtype() == wanted || each.permtype() == authpb::Permission::READWRITE) {
        out += SimplePermission(each);
      }
    }
    return out;
  };
  return "Role " + name + "\nKV Read:\n" + list(authpb::Permission::READ) + "KV Write:\n" +
         list(authpb::Permission::WRITE);
}

std::string RoleFields(const pb::AuthRoleGetResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const authpb::Permission& each : answer.perm()) {
    out += BareField("PermType", " " + authpb::Permission::Type_Name(each.permtype())) +
           TextField("Key", each.key()) + TextField("RangeEnd", each.range_end());
  }
  return out;
}

}  // namespace

Printed PrintAuthStatus(const Style& style, const pb::AuthStatusResponse& answer) {
  return Show(style, {.simple =
                          [&] {
                            return std::string("Authentication Status: ") +
                                   (answer.enabled() ? "true" : "false") +
                                   "\nAuthRevision: " + std::to_string(answer.authrevision()) +
                                   "\n";
                          },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintUser(const Style& style, const std::string& name,
                  const pb::AuthUserGetResponse& answer) {
  return Show(style, {.simple =
                          [&] {
                            std::string out = "User: " + name + "\nRoles:";
                            for (const std::string& role : answer.roles()) out += " " + role;
                            return out + "\n";
                          },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintRole(const Style& style, const std::string& name,
                  const pb::AuthRoleGetResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleRole(name, answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return RoleFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintNames(const Style& style, const std::vector<std::string>& names,
                   const google::protobuf::Message& answer) {
  return Show(style, {.simple =
                          [&] {
                            std::string out;
                            for (const std::string& name : names) out += name + "\n";
                            return out;
                          },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintDone(const Style& style, const std::string& simple,
                  const google::protobuf::Message& answer) {
  return Show(style, {.simple = [&] { return simple + "\n"; },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

}  // namespace keel::ctl
