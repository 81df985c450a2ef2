#include "tools/keelctl/output/fields.h"

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {

std::string BareField(std::string_view name, std::string_view value) {
  return "\"" + std::string(name) + "\" : " + std::string(value) + "\n";
}
std::string Field(std::string_view name, int64_t value) {
  return BareField(name, std::to_string(value));
}
std::string UnsignedField(std::string_view name, uint64_t value) {
  return BareField(name, std::to_string(value));
}
std::string BoolField(std::string_view name, bool value) {
  return BareField(name, value ? "true" : "false");
}
std::string TextField(std::string_view name, std::string_view value) {
  return BareField(name, Quote(value));
}

std::string HeaderFields(const etcdserverpb::ResponseHeader& header) {
  return UnsignedField("ClusterID", header.cluster_id()) +
         UnsignedField("MemberID", header.member_id()) + Field("Revision", header.revision()) +
         UnsignedField("RaftTerm", header.raft_term());
}

std::string KeyFields(std::string_view prefix, const mvccpb::KeyValue& kv) {
  const std::string start(prefix);
  return TextField(start + "Key", kv.key()) +
         Field(start + "CreateRevision", kv.create_revision()) +
         Field(start + "ModRevision", kv.mod_revision()) + Field(start + "Version", kv.version()) +
         TextField(start + "Value", kv.value()) + Field(start + "Lease", kv.lease());
}

}  // namespace keel::ctl
