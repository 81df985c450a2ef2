// status: the cluster on one screen.
#include <algorithm>

#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/diagnosis.h"
#include "tools/keelctl/commands/screens.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

std::string Bytes(double bytes) { return HumanBytes(static_cast<uint64_t>(std::max(0.0, bytes))); }

std::string RoleOf(const SurveyedMember& member) {
  if (!member.answers) return "down";
  if (member.leads()) return "leader";
  return member.status.islearner() ? "learner" : "follower";
}

Colour ColourOf(const std::string& role) {
  if (role == "down") return Colour::kRed;
  if (role == "leader") return Colour::kGreen;
  return role == "learner" ? Colour::kYellow : Colour::kPlain;
}

std::string LagOf(const Survey& survey, const SurveyedMember& member) {
  const SurveyedMember* leader = survey.leader();
  if (leader == nullptr || !member.answers) return "-";
  const uint64_t head = leader->status.raftappliedindex();
  const uint64_t here = member.status.raftappliedindex();
  return here >= head ? "0" : std::to_string(head - here);
}

std::string VersionOf(const SurveyedMember& member) {
  if (!member.answers) return "-";
  const auto builds = member.metrics.ByLabel("keel_build_info", "version");
  return builds.empty() ? "etcd " + member.status.version() : "keel " + builds.begin()->first;
}

std::string Verdict(const Terminal& terminal, const Survey& survey) {
  const auto findings = Diagnose(survey, survey);
  const auto faults =
      static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [](const Finding& each) {
        return each.gravity == Finding::Gravity::kFault;
      }));
  if (findings.empty()) return terminal.Paint(Colour::kGreen, "healthy");
  std::string words = faults > 0 ? terminal.Paint(Colour::kRed, "unhealthy")
                                 : terminal.Paint(Colour::kYellow, "attention");
  std::vector<std::string> names;
  for (const Finding& each : findings) {
    if (std::find(names.begin(), names.end(), each.name) == names.end()) names.push_back(each.name);
  }
  return words + " (" + Join(names, ", ") + "; keelctl doctor tells more)";
}

std::string AsJson(const Survey& survey) {
  JsonArray members;
  for (const SurveyedMember& each : survey.members) {
    members.Add(JsonObject()
                    .Text("id", Hex(each.member.id()))
                    .Text("name", each.name())
                    .Text("endpoint", each.endpoint)
                    .Text("role", RoleOf(each))
                    .Text("version", VersionOf(each))
                    .Unsigned("raftTerm", each.status.raftterm())
                    .Unsigned("raftAppliedIndex", each.status.raftappliedindex())
                    .Number("dbSize", each.status.dbsize())
                    .Text("error", each.reason)
                    .End());
  }
  JsonArray alarms;
  for (const auto& alarm : survey.alarms) alarms.Add(JsonOf(alarm));
  JsonArray findings;
  for (const Finding& each : Diagnose(survey, survey)) findings.Add(JsonString(each.name));
  const SurveyedMember* leader = survey.leader();
  return JsonObject()
             .Text("leader", leader == nullptr ? "" : leader->name())
             .Raw("members", members.End())
             .Raw("alarms", alarms.End())
             .Raw("findings", findings.End())
             .End() +
         "\n";
}

}  // namespace

std::string StatusScreen(const Terminal& terminal, const Survey& survey) {
  const SurveyedMember* leader = survey.leader();
  const SurveyedMember* source = leader;
  for (const SurveyedMember& each : survey.members) {
    if (source == nullptr && each.answers) source = &each;
  }
  std::string out = terminal.Paint(Colour::kBold, "cluster ");
  if (source != nullptr) out += Hex(source->status.header().cluster_id()) + "  ";
  out += Verdict(terminal, survey) + "\n\n";
  Table table{.heading = {"NAME", "ID", "ENDPOINT", "ROLE", "LAG", "TERM", "APPLIED", "DISK",
                          "MEMORY", "ANSWER", "VERSION"}};
  for (const SurveyedMember& each : survey.members) {
    const std::string role = RoleOf(each);
    const bool up = each.answers;
    table.rows.push_back(
        {each.name(), Hex(each.member.id()), each.endpoint, terminal.Paint(ColourOf(role), role),
         LagOf(survey, each), up ? std::to_string(each.status.raftterm()) : "-",
         up ? std::to_string(each.status.raftappliedindex()) : "-",
         up ? Bytes(static_cast<double>(each.status.dbsize()) +
                    each.metrics.ValueOr("keel_log_size_bytes", 0))
            : "-",
         up ? Bytes(each.metrics.ValueOr("process_resident_memory_bytes", 0)) : "-",
         up ? Fixed(each.answered_in_ms, 1) + " ms" : each.reason, VersionOf(each)});
  }
  out += table.DrawPlain();
  if (source != nullptr) {
    const Metrics& m = source->metrics;
    const double quota = QuotaBytes(*source);
    out += "\nkeys " + HumanCount(m.ValueOr("etcd_debugging_mvcc_keys_total", 0)) + "   live " +
           Bytes(UsedBytes(*source)) +
           (quota > 0
                ? " of " + Bytes(quota) + " (" + Fixed(100 * UsedBytes(*source) / quota, 0) + "%)"
                : "") +
           "   revision " + std::to_string(source->status.header().revision()) + "   leases " +
           HumanCount(m.ValueOr("etcd_debugging_lease_leases", 0)) + "\n";
  }
  out += "read " + (survey.read_ms ? Fixed(*survey.read_ms, 1) + " ms through consensus"
                                   : terminal.Paint(Colour::kRed, "fails: " + survey.read_reason));
  std::vector<std::string> alarms;
  for (const auto& alarm : survey.alarms) {
    alarms.push_back(etcdserverpb::AlarmType_Name(alarm.alarm()) + " by " + Hex(alarm.memberid()));
  }
  return out + "   alarms " +
         (alarms.empty() ? "none" : terminal.Paint(Colour::kRed, Join(alarms, ", "))) + "\n";
}

ExitCode RunStatus(Context& context) {
  const auto survey = TakeSurvey(context.calls());
  if (!survey.ok()) return context.Fail(survey.status());
  const auto printed = context.Print(
      Show(context.style(), {.simple = [&] { return StatusScreen(context.terminal(), *survey); },
                             .json = [&] { return AsJson(*survey); }}));
  if (printed != ExitCode::kSuccess) return printed;
  const bool served = survey->leader() != nullptr && survey->read_ms.has_value();
  return served ? ExitCode::kSuccess : ExitCode::kError;
}

}  // namespace keel::ctl
