#include "tools/keelctl/commands/survey.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "api/etcdserverpb/kv.pb.h"
#include "tools/keelctl/calls/each.h"
#include "tools/keelctl/calls/http.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

namespace pb = etcdserverpb;
using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// One page for the metrics and the clock: Keel tells its own as a metric, etcd's is the answer's
// Date, in whole seconds.
void AskHttp(SurveyedMember* member, uint64_t timeout_us) {
  const double before = WallSeconds();
  const auto page = HttpGet(member->endpoint, "/metrics", timeout_us);
  const double after = WallSeconds();
  if (!page.ok() || page->code != 200) return;
  member->metrics = Metrics::Parse(page->body);
  if (const auto told = member->metrics.Find("keel_clock_seconds")) {
    member->clock_ahead_seconds = *told - (before + after) / 2;
    member->clock_doubt_seconds = (after - before) / 2;
    return;
  }
  if (page->date_seconds == 0) return;
  const double told = static_cast<double>(page->date_seconds) + 0.5;
  member->clock_ahead_seconds = told - (before + after) / 2;
  member->clock_doubt_seconds = 0.5 + (after - before) / 2;
}

SurveyedMember Ask(Calls& calls, const std::string& endpoint, uint64_t timeout_us) {
  SurveyedMember member{.endpoint = endpoint};
  if (endpoint.empty()) {
    member.reason = "it has not started yet";
    return member;
  }
  const auto began = Clock::now();
  const auto status = calls.At<pb::StatusResponse>(endpoint, method::kStatus, pb::StatusRequest(),
                                                   {.timeout_us = timeout_us});
  member.answered_in_ms = MillisecondsSince(began);
  if (!status.ok()) {
    member.reason = Words(status.status());
    return member;
  }
  member.answers = true;
  member.status = *status;
  AskHttp(&member, timeout_us);
  return member;
}

std::vector<SurveyedMember> AskStrangers(Calls& calls, const pb::MemberListResponse& list,
                                         uint64_t timeout_us) {
  const auto name = [](const std::string& endpoint) {
    const auto address = ParseEndpoint(endpoint);
    return address.ok() ? address->ToString() : endpoint;
  };
  std::set<std::string> known;
  for (const pb::Member& member : list.members()) {
    for (const std::string& url : member.clienturls()) known.insert(name(url));
  }
  std::vector<std::string> others;
  for (const std::string& endpoint : calls.options().endpoints) {
    if (!known.contains(name(endpoint))) others.push_back(endpoint);
  }
  std::vector<SurveyedMember> asked = AskEach(
      others, [&](const std::string& endpoint) { return Ask(calls, endpoint, timeout_us); });
  std::erase_if(asked, [&](const SurveyedMember& each) {
    return !each.answers || each.status.header().cluster_id() == list.header().cluster_id();
  });
  return asked;
}

void ReadThroughConsensus(Calls& calls, Survey* survey, uint64_t timeout_us) {
  pb::RangeRequest read;
  read.set_key("health");
  read.set_limit(1);
  const auto began = Clock::now();
  const auto answer =
      calls.Any<pb::RangeResponse>(method::kRange, read, {.timeout_us = timeout_us});
  if (answer.ok() || answer.status().code() == Code::kPermissionDenied) {
    survey->read_ms = MillisecondsSince(began);
  } else {
    survey->read_reason = Words(answer.status());
  }
}

}  // namespace

std::string SurveyedMember::name() const {
  if (!member.name().empty()) return member.name();
  if (member.id() != 0) return Hex(member.id());
  return endpoint;
}

const SurveyedMember* Survey::leader() const {
  const SurveyedMember* best = nullptr;
  for (const SurveyedMember& each : members) {
    if (!each.leads()) continue;
    // One that was cut off may still think so.
    if (best == nullptr || each.status.raftterm() > best->status.raftterm()) best = &each;
  }
  return best;
}

size_t Survey::voters() const {
  return static_cast<size_t>(
      std::count_if(members.begin(), members.end(),
                    [](const SurveyedMember& each) { return !each.member.islearner(); }));
}

size_t Survey::answering_voters() const {
  return static_cast<size_t>(std::count_if(
      members.begin(), members.end(),
      [](const SurveyedMember& each) { return each.answers && !each.member.islearner(); }));
}

Result<Survey> TakeSurvey(Calls& calls) {
  Survey survey;
  const uint64_t timeout_us =
      std::min<uint64_t>(calls.options().command_timeout_us, calls.options().wire.dial_timeout_us);
  const auto list = calls.Any<pb::MemberListResponse>(method::kMemberList, pb::MemberListRequest());
  if (!list.ok() && NeverSent(list.status())) return list.status();
  std::vector<std::string> endpoints;
  if (list.ok()) {
    survey.has_list = true;
    for (const pb::Member& member : list->members()) {
      endpoints.push_back(member.clienturls().empty() ? "" : member.clienturls(0));
    }
  } else {
    endpoints = calls.options().endpoints;
  }
  survey.members = AskEach(
      endpoints, [&](const std::string& endpoint) { return Ask(calls, endpoint, timeout_us); });
  for (size_t i = 0; list.ok() && i < survey.members.size(); ++i) {
    survey.members[i].member = list->members(static_cast<int>(i));
  }
  if (list.ok()) survey.strangers = AskStrangers(calls, *list, timeout_us);
  std::sort(survey.members.begin(), survey.members.end(),
            [](const SurveyedMember& a, const SurveyedMember& b) { return a.name() < b.name(); });
  const auto alarms =
      calls.Any<pb::AlarmResponse>(method::kAlarm, pb::AlarmRequest(), {.timeout_us = timeout_us});
  if (alarms.ok()) survey.alarms.assign(alarms->alarms().begin(), alarms->alarms().end());
  ReadThroughConsensus(calls, &survey, timeout_us);
  return survey;
}

double UsedBytes(const SurveyedMember& member) {
  return member.metrics.ValueOr("keel_live_bytes",
                                static_cast<double>(member.status.dbsizeinuse()));
}

double QuotaBytes(const SurveyedMember& member) {
  return member.metrics.ValueOr("etcd_server_quota_backend_bytes",
                                static_cast<double>(member.status.dbsizequota()));
}

}  // namespace keel::ctl
