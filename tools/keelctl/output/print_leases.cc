// Leases. In JSON they are a client's own structures: the header's fields are theirs, and nothing
// but the header's zeroes is left out.
#include "tools/keelctl/output/fields.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/printer.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

std::string JsonTimeToLive(const pb::LeaseTimeToLiveResponse& answer) {
  JsonArray keys;
  for (const std::string& key : answer.keys()) keys.Add("\"" + Base64(key) + "\"");
  return JsonObject()
      .Fields(answer.header())
      .Number("id", answer.id())
      .Number("ttl", answer.ttl())
      .Number("granted-ttl", answer.grantedttl())
      .Raw("keys", answer.keys().empty() ? "null" : keys.End())
      .End();
}

std::string SimpleTimeToLive(const pb::LeaseTimeToLiveResponse& answer, bool keys) {
  const std::string lease = "lease " + SignedHex16(answer.id());
  if (answer.grantedttl() == 0 && answer.ttl() == -1) return lease + " already expired\n";
  std::string out = lease + " granted with TTL(" + std::to_string(answer.grantedttl()) +
                    "s), remaining(" + std::to_string(answer.ttl()) + "s)";
  if (keys) {
    out += ", attached keys([" +
           Join(std::vector<std::string>(answer.keys().begin(), answer.keys().end()), " ") + "])";
  }
  return out + "\n";
}

std::string TimeToLiveFields(const pb::LeaseTimeToLiveResponse& answer) {
  std::string out = HeaderFields(answer.header()) + Field("ID", answer.id()) +
                    Field("TTL", answer.ttl()) + Field("GrantedTTL", answer.grantedttl());
  for (const std::string& key : answer.keys()) out += TextField("Key", key);
  return out;
}

std::string SimpleLeases(const pb::LeaseLeasesResponse& answer) {
  std::string out = "found " + std::to_string(answer.leases_size()) + " leases\n";
  for (const auto& lease : answer.leases()) out += SignedHex16(lease.id()) + "\n";
  return out;
}

std::string JsonLeases(const pb::LeaseLeasesResponse& answer) {
  JsonArray leases;
  for (const auto& lease : answer.leases()) {
    leases.Add(JsonObject().Number("id", lease.id()).End());
  }
  return JsonObject().Fields(answer.header()).Raw("leases", leases.End()).End();
}

std::string LeasesFields(const pb::LeaseLeasesResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const auto& lease : answer.leases()) out += Field("ID", lease.id());
  return out;
}

// What a grant and a renewal have in common.
template <class Answer>
JsonObject IdAndTtlJson(const Answer& answer) {
  JsonObject object;
  object.Fields(answer.header()).Number("ID", answer.id()).Number("TTL", answer.ttl());
  return object;
}

template <class Answer>
std::string IdAndTtlFields(const Answer& answer) {
  return HeaderFields(answer.header()) + Field("ID", answer.id()) + Field("TTL", answer.ttl());
}

}  // namespace

Printed PrintGrant(const Style& style, const pb::LeaseGrantResponse& answer) {
  return Show(
      style,
      {.simple =
           [&] {
             return "lease " + SignedHex16(answer.id()) + " granted with TTL(" +
                    std::to_string(answer.ttl()) + "s)\n";
           },
       .json = [&] { return IdAndTtlJson(answer).Text("Error", answer.error()).End() + "\n"; },
       .fields = [&] { return IdAndTtlFields(answer); },
       .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintRevoke(const Style& style, int64_t lease, const pb::LeaseRevokeResponse& answer) {
  return Show(style, {.simple = [&] { return "lease " + SignedHex16(lease) + " revoked\n"; },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return HeaderFields(answer.header()); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintKeepAlive(const Style& style, const pb::LeaseKeepAliveResponse& answer) {
  return Show(style, {.simple =
                          [&] {
                            return "lease " + SignedHex16(answer.id()) + " keepalived with TTL(" +
                                   std::to_string(answer.ttl()) + ")\n";
                          },
                      .json = [&] { return IdAndTtlJson(answer).End() + "\n"; },
                      .fields = [&] { return IdAndTtlFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintTimeToLive(const Style& style, const pb::LeaseTimeToLiveResponse& answer, bool keys) {
  return Show(style, {.simple = [&] { return SimpleTimeToLive(answer, keys); },
                      .json = [&] { return JsonTimeToLive(answer) + "\n"; },
                      .fields = [&] { return TimeToLiveFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintLeases(const Style& style, const pb::LeaseLeasesResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleLeases(answer); },
                      .json = [&] { return JsonLeases(answer) + "\n"; },
                      .fields = [&] { return LeasesFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

}  // namespace keel::ctl
