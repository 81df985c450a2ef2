#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"

namespace keel::ctl {

ExitCode RunAlarmList(Context& context) {
  if (!context.words().empty()) {
    return context.Fail(ExitCode::kBadArguments, "alarm list command accepts no arguments");
  }
  const auto answer = context.calls().Any<pb::AlarmResponse>(method::kAlarm, pb::AlarmRequest());
  if (!answer.ok()) return context.Fail(answer.status());
  return context.Print(PrintAlarms(context.style(), *answer));
}

ExitCode RunAlarmDisarm(Context& context) {
  if (!context.words().empty()) {
    return context.Fail(ExitCode::kBadArguments, "alarm disarm command accepts no arguments");
  }
  const auto raised = context.calls().Any<pb::AlarmResponse>(method::kAlarm, pb::AlarmRequest());
  if (!raised.ok()) return context.Fail(raised.status());
  pb::AlarmResponse all;
  for (const pb::AlarmMember& alarm : raised->alarms()) {
    pb::AlarmRequest request;
    request.set_action(pb::AlarmRequest::DEACTIVATE);
    request.set_memberid(alarm.memberid());
    request.set_alarm(alarm.alarm());
    const auto answer = context.calls().Any<pb::AlarmResponse>(method::kAlarm, request);
    if (!answer.ok()) return context.Fail(answer.status());
    all.mutable_alarms()->MergeFrom(answer->alarms());
  }
  return context.Print(PrintAlarms(context.style(), all));
}

}  // namespace keel::ctl
