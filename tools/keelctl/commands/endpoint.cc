// endpoint health, status, hashkv; defrag.
#include <chrono>

#include "tools/keelctl/calls/each.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/endpoints.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

std::string AlarmNames(const pb::AlarmResponse& alarms) {
  std::string out = "Active Alarm(s): ";
  for (const pb::AlarmMember& alarm : alarms.alarms()) {
    const bool known = alarm.alarm() == pb::NOSPACE || alarm.alarm() == pb::CORRUPT;
    out += (known ? pb::AlarmType_Name(alarm.alarm()) : "UNKNOWN") + " ";
  }
  return out;
}

}  // namespace

Result<pb::MemberListResponse> MembersOf(Calls& calls) {
  // Not through consensus: it must work without a majority.
  return calls.Any<pb::MemberListResponse>(method::kMemberList, pb::MemberListRequest());
}

Result<std::vector<std::string>> EndpointsOf(Context& context) {
  if (!context.flags().Switch("cluster")) return context.endpoints();
  const auto members = MembersOf(context.calls());
  if (!members.ok()) {
    return Status(
        members.status().code(),
        "failed to fetch endpoints from etcd cluster member list: " + Words(members.status()));
  }
  std::vector<std::string> endpoints;
  for (const pb::Member& member : members->members()) {
    endpoints.insert(endpoints.end(), member.clienturls().begin(), member.clienturls().end());
  }
  return endpoints;
}

EndpointHealth HealthOf(Calls& calls, const std::string& endpoint) {
  EndpointHealth health{.endpoint = endpoint};
  const auto began = std::chrono::steady_clock::now();
  pb::RangeRequest read;
  read.set_key("health");
  const auto answer = calls.At<pb::RangeResponse>(endpoint, method::kRange, read);
  const auto took = std::chrono::steady_clock::now() - began;
  health.took = FormatDuration(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count()));
  // One who may not read has still been answered by the cluster.
  if (!answer.ok() && answer.status().code() != Code::kPermissionDenied) {
    health.error = Words(answer.status());
    return health;
  }
  const auto alarms = calls.At<pb::AlarmResponse>(endpoint, method::kAlarm, pb::AlarmRequest());
  if (!alarms.ok()) {
    health.error = "Unable to fetch the alarm list";
  } else if (!alarms->alarms().empty()) {
    health.error = AlarmNames(*alarms);
  }
  health.healthy = health.error.empty();
  return health;
}

ExitCode RunEndpointHealth(Context& context) {
  const auto endpoints = EndpointsOf(context);
  if (!endpoints.ok()) return context.Fail(endpoints.status());
  Calls& calls = context.calls();
  const auto all = AskEach(
      *endpoints, [&calls](const std::string& endpoint) { return HealthOf(calls, endpoint); });
  bool healthy = true;
  const bool simple = context.style().format == Format::kSimple;
  for (const EndpointHealth& each : all) {
    if (each.error.empty()) continue;
    healthy = false;
    if (simple) {
      context.terminal().Note(each.endpoint +
                              " is unhealthy: failed to commit proposal: " + each.error);
    }
  }
  const ExitCode printed = context.Print(PrintHealth(context.style(), all));
  if (printed != ExitCode::kSuccess || healthy) return printed;
  return context.Fail(ExitCode::kError, "unhealthy cluster");
}

ExitCode RunEndpointStatus(Context& context) {
  const auto endpoints = EndpointsOf(context);
  if (!endpoints.ok()) return context.Fail(endpoints.status());
  Calls& calls = context.calls();
  const auto answers = AskEach(*endpoints, [&calls](const std::string& endpoint) {
    return std::make_unique<Result<pb::StatusResponse>>(
        calls.At<pb::StatusResponse>(endpoint, method::kStatus, pb::StatusRequest()));
  });
  std::vector<EndpointStatus> all;
  bool failed = false;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]->ok()) {
      all.push_back({.endpoint = (*endpoints)[i], .status = **answers[i]});
      continue;
    }
    failed = true;
    context.terminal().Note("Failed to get the status of endpoint " + (*endpoints)[i] + " (" +
                            Words(answers[i]->status()) + ")");
  }
  const ExitCode printed = context.Print(PrintStatus(context.style(), all));
  return failed && printed == ExitCode::kSuccess ? ExitCode::kError : printed;
}

ExitCode RunEndpointHashKv(Context& context) {
  const auto endpoints = EndpointsOf(context);
  if (!endpoints.ok()) return context.Fail(endpoints.status());
  pb::HashKVRequest request;
  request.set_revision(context.flags().Integer("rev"));
  std::vector<EndpointHash> all;
  Status failure;
  for (const std::string& endpoint : *endpoints) {
    const auto answer = context.calls().At<pb::HashKVResponse>(endpoint, method::kHashKv, request);
    if (answer.ok()) {
      all.push_back({.endpoint = endpoint, .hash = *answer});
      continue;
    }
    failure = answer.status();
    context.terminal().Note("Failed to get the hash of endpoint " + endpoint + " (" +
                            Words(failure) + ")");
  }
  const ExitCode printed = context.Print(PrintHash(context.style(), all));
  return failure.ok() || printed != ExitCode::kSuccess ? printed : context.Fail(failure);
}

ExitCode RunDefrag(Context& context) {
  if (!context.flags().Text("data-dir").empty()) {
    return context.Fail(ExitCode::kBadFeature,
                        "--data-dir: a member compacts its own files; defragment it while it runs");
  }
  const auto endpoints = EndpointsOf(context);
  if (!endpoints.ok()) return context.Fail(endpoints.status());
  bool failed = false;
  for (const std::string& endpoint : *endpoints) {
    const auto answer = context.calls().At<pb::DefragmentResponse>(endpoint, method::kDefragment,
                                                                   pb::DefragmentRequest());
    if (answer.ok()) {
      context.Out("Finished defragmenting etcd member[" + endpoint + "]\n");
      continue;
    }
    failed = true;
    context.terminal().Note("Failed to defragment etcd member[" + endpoint + "] (" +
                            Words(answer.status()) + ")");
  }
  return failed ? ExitCode::kError : ExitCode::kSuccess;
}

}  // namespace keel::ctl
