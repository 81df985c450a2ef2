// What single members say of themselves: health, status, hashes, alarms, leadership.
#include "tools/keelctl/output/fields.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/printer.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

std::string_view BoolName(bool value) { return value ? "true" : "false"; }

std::string RowsAsLines(const Table& table) {
  std::string out;
  for (const auto& row : table.rows) out += Join(row, ", ") + "\n";
  return out;
}

Table HealthTable(const std::vector<EndpointHealth>& all) {
  Table table{.heading = {"endpoint", "health", "took", "error"}};
  for (const EndpointHealth& each : all) {
    table.rows.push_back(
        {each.endpoint, std::string(BoolName(each.healthy)), each.took, each.error});
  }
  return table;
}

std::string SimpleHealth(const std::vector<EndpointHealth>& all) {
  std::string out;
  for (const EndpointHealth& each : all) {
    if (!each.error.empty()) continue;
    out +=
        each.endpoint + " is healthy: successfully committed proposal: took = " + each.took + "\n";
  }
  return out;
}

std::string JsonHealth(const std::vector<EndpointHealth>& all) {
  JsonArray array;
  for (const EndpointHealth& each : all) {
    JsonObject object;
    object.Text("endpoint", each.endpoint).Bool("health", each.healthy).Text("took", each.took);
    if (!each.error.empty()) object.Text("error", each.error);
    array.Add(object.End());
  }
  return array.End() + "\n";
}

std::string HealthFields(const std::vector<EndpointHealth>& all) {
  std::string out;
  for (const EndpointHealth& each : all) {
    out += TextField("Endpoint", each.endpoint) + BoolField("Health", each.healthy) +
           BareField("Took", each.took) + BareField("Error", each.error) + "\n";
  }
  return out;
}

std::vector<std::string> ErrorsOf(const pb::StatusResponse& status) {
  return {status.errors().begin(), status.errors().end()};
}

Table StatusTable(const std::vector<EndpointStatus>& all) {
  Table table{.heading = {"endpoint", "ID", "version", "db size", "is leader", "is learner",
                          "raft term", "raft index", "raft applied index", "errors"}};
  for (const auto& [endpoint, status] : all) {
    table.rows.push_back({endpoint, Hex(status.header().member_id()), status.version(),
                          HumanBytes(static_cast<uint64_t>(status.dbsize())),
                          std::string(BoolName(status.leader() == status.header().member_id())),
                          std::string(BoolName(status.islearner())),
                          std::to_string(status.raftterm()), std::to_string(status.raftindex()),
                          std::to_string(status.raftappliedindex()), Join(ErrorsOf(status), ", ")});
  }
  return table;
}

std::string JsonStatus(const std::vector<EndpointStatus>& all) {
  JsonArray array;
  for (const auto& [endpoint, status] : all) {
    array.Add(JsonObject().Text("Endpoint", endpoint).Raw("Status", JsonOf(status)).End());
  }
  return array.End() + "\n";
}

std::string StatusFields(const std::vector<EndpointStatus>& all) {
  std::string out;
  for (const auto& [endpoint, status] : all) {
    out += HeaderFields(status.header()) + TextField("Version", status.version()) +
           Field("DBSize", status.dbsize()) + UnsignedField("Leader", status.leader()) +
           BoolField("IsLearner", status.islearner()) +
           UnsignedField("RaftIndex", status.raftindex()) +
           UnsignedField("RaftTerm", status.raftterm()) +
           UnsignedField("RaftAppliedIndex", status.raftappliedindex()) +
           BareField("Errors", "[" + Join(ErrorsOf(status), " ") + "]") +
           TextField("Endpoint", endpoint) + "\n";
  }
  return out;
}

Table HashTable(const std::vector<EndpointHash>& all) {
  Table table{.heading = {"endpoint", "hash"}};
  for (const auto& [endpoint, hash] : all) {
    table.rows.push_back({endpoint, std::to_string(hash.hash())});
  }
  return table;
}

std::string JsonHash(const std::vector<EndpointHash>& all) {
  JsonArray array;
  for (const auto& [endpoint, hash] : all) {
    array.Add(JsonObject().Text("Endpoint", endpoint).Raw("HashKV", JsonOf(hash)).End());
  }
  return array.End() + "\n";
}

std::string HashFields(const std::vector<EndpointHash>& all) {
  std::string out;
  for (const auto& [endpoint, hash] : all) {
    out += HeaderFields(hash.header()) + TextField("Endpoint", endpoint) +
           Field("Hash", hash.hash()) + "\n";
  }
  return out;
}

std::string SimpleAlarms(const pb::AlarmResponse& answer) {
  std::string out;
  for (const pb::AlarmMember& alarm : answer.alarms()) {
    if (alarm.memberid() != 0) out += "memberID:" + std::to_string(alarm.memberid()) + " ";
    if (alarm.alarm() != pb::NONE) out += "alarm:" + pb::AlarmType_Name(alarm.alarm()) + " ";
    out += '\n';
  }
  return out;
}

std::string AlarmFields(const pb::AlarmResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const pb::AlarmMember& alarm : answer.alarms()) {
    out += UnsignedField("MemberID", alarm.memberid()) +
           BareField("AlarmType", pb::AlarmType_Name(alarm.alarm())) + "\n";
  }
  return out;
}

}  // namespace

Printed PrintHealth(const Style& style, const std::vector<EndpointHealth>& all) {
  return Show(style, {.simple = [&] { return SimpleHealth(all); },
                      .json = [&] { return JsonHealth(all); },
                      .table = [&] { return HealthTable(all).Draw(); },
                      .fields = [&] { return HealthFields(all); }});
}

Printed PrintStatus(const Style& style, const std::vector<EndpointStatus>& all) {
  return Show(style, {.simple = [&] { return RowsAsLines(StatusTable(all)); },
                      .json = [&] { return JsonStatus(all); },
                      .table = [&] { return StatusTable(all).Draw(); },
                      .fields = [&] { return StatusFields(all); }});
}

Printed PrintHash(const Style& style, const std::vector<EndpointHash>& all) {
  return Show(style, {.simple = [&] { return RowsAsLines(HashTable(all)); },
                      .json = [&] { return JsonHash(all); },
                      .table = [&] { return HashTable(all).Draw(); },
                      .fields = [&] { return HashFields(all); }});
}

Printed PrintMoveLeader(const Style& style, uint64_t from, uint64_t to,
                        const pb::MoveLeaderResponse& answer) {
  return Show(
      style,
      {.simple =
           [&] { return "Leadership transferred from " + Hex(from) + " to " + Hex(to) + "\n"; },
       .json = [&] { return JsonOf(answer) + "\n"; },
       .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintAlarms(const Style& style, const pb::AlarmResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleAlarms(answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return AlarmFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

}  // namespace keel::ctl
