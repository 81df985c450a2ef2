// Who belongs to the cluster, and what was changed about it.
#include "tools/keelctl/output/fields.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/printer.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

std::vector<std::string> Listed(const google::protobuf::RepeatedPtrField<std::string>& list) {
  return {list.begin(), list.end()};
}

Table MemberTable(const pb::MemberListResponse& answer) {
  Table table{.heading = {"ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"}};
  for (const pb::Member& member : answer.members()) {
    table.rows.push_back({Hex(member.id()), member.name().empty() ? "unstarted" : "started",
                          member.name(), Join(Listed(member.peerurls()), ","),
                          Join(Listed(member.clienturls()), ","),
                          member.islearner() ? "true" : "false"});
  }
  return table;
}

std::string SimpleMembers(const pb::MemberListResponse& answer) {
  std::string out;
  for (const auto& row : MemberTable(answer).rows) out += Join(row, ", ") + "\n";
  return out;
}

std::string JsonStrings(const google::protobuf::RepeatedPtrField<std::string>& list) {
  JsonArray array;
  for (const std::string& text : list) array.Add(JsonString(text));
  return list.empty() ? "null" : array.End();
}

// Ids as hexadecimal strings; the shape, with its odd clientURLS, is etcdctl's.
std::string HexMembers(const pb::MemberListResponse& answer) {
  JsonArray members;
  for (const pb::Member& member : answer.members()) {
    members.Add(JsonObject()
                    .Text("ID", Hex(member.id()))
                    .Text("name", member.name())
                    .Raw("peerURLs", JsonStrings(member.peerurls()))
                    .Raw("clientURLS", JsonStrings(member.clienturls()))
                    .End());
  }
  JsonObject out;
  out.Raw("header", JsonObject()
                        .Text("cluster_id", Hex(answer.header().cluster_id()))
                        .Text("member_id", Hex(answer.header().member_id()))
                        .Unsigned("raft_term", answer.header().raft_term())
                        .End());
  if (!answer.members().empty()) out.Raw("members", members.End());
  return out.End();
}

std::string MemberFields(const pb::MemberListResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const pb::Member& member : answer.members()) {
    out += UnsignedField("ID", member.id()) + TextField("Name", member.name());
    for (const std::string& url : member.peerurls()) out += TextField("PeerURL", url);
    for (const std::string& url : member.clienturls()) out += TextField("ClientURL", url);
    out += BoolField("IsLearner", member.islearner()) + "\n";
  }
  return out;
}

std::string SimpleAdd(const AddedMember& added, const pb::MemberAddResponse& answer) {
  std::vector<std::string> cluster;
  for (const pb::Member& member : answer.members()) {
    const bool is_new = member.id() == answer.member().id();
    for (const std::string& url : member.peerurls()) {
      cluster.push_back((is_new ? added.name : member.name()) + "=" + url);
    }
  }
  return "Member " + Hex(answer.member().id(), 16, ' ') + " added to cluster " +
         Hex(answer.header().cluster_id(), 16, ' ') + "\n\nETCD_NAME=" + Quote(added.name) +
         "\nETCD_INITIAL_CLUSTER=" + Quote(Join(cluster, ",")) +
         "\nETCD_INITIAL_ADVERTISE_PEER_URLS=" + Quote(added.peer_urls) +
         "\nETCD_INITIAL_CLUSTER_STATE=\"existing\"\n";
}

template <class Answer>
Printed PrintChange(const Style& style, uint64_t member, std::string_view words,
                    const Answer& answer) {
  return Show(style, {.simple =
                          [&] {
                            return "Member " + Hex(member, 16, ' ') + " " + std::string(words) +
                                   " cluster " + Hex(answer.header().cluster_id(), 16, ' ') + "\n";
                          },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

}  // namespace

Printed PrintMemberAdd(const Style& style, const AddedMember& added,
                       const pb::MemberAddResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleAdd(added, answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintMemberRemove(const Style& style, uint64_t member,
                          const pb::MemberRemoveResponse& answer) {
  return PrintChange(style, member, "removed from", answer);
}
Printed PrintMemberUpdate(const Style& style, uint64_t member,
                          const pb::MemberUpdateResponse& answer) {
  return PrintChange(style, member, "updated in", answer);
}
Printed PrintMemberPromote(const Style& style, uint64_t member,
                           const pb::MemberPromoteResponse& answer) {
  return PrintChange(style, member, "promoted in", answer);
}

Printed PrintMemberList(const Style& style, const pb::MemberListResponse& answer) {
  return Show(style,
              {.simple = [&] { return SimpleMembers(answer); },
               .json = [&] { return (style.hex ? HexMembers(answer) : JsonOf(answer)) + "\n"; },
               .table = [&] { return MemberTable(answer).Draw(); },
               .fields = [&] { return MemberFields(answer); },
               .protobuf = [&] { return answer.SerializeAsString(); }});
}

}  // namespace keel::ctl
