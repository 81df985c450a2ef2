// What all members of a cluster say of themselves at one moment: what status, top and doctor show.
//
// Everything is asked of every member at once; who does not answer is in the survey all the same,
// with the reason. A plain value once it is made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/etcdserverpb/cluster.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "tools/keelctl/calls/calls.h"
#include "tools/keelctl/calls/metrics.h"

namespace keel::ctl {

struct SurveyedMember {
  etcdserverpb::Member member;  // without an id if the member list could not be had
  std::string endpoint;         // where it was asked; empty if it has told no address
  bool answers = false;
  std::string reason;  // why not
  double answered_in_ms = 0;
  etcdserverpb::StatusResponse status;
  Metrics metrics;  // empty if they could not be had
  // Its wall clock less ours, in seconds, where it told it; within `clock_doubt_seconds`.
  std::optional<double> clock_ahead_seconds;
  double clock_doubt_seconds = 0;

  [[nodiscard]] bool leads() const {
    return answers && status.leader() != 0 && status.leader() == status.header().member_id();
  }
  [[nodiscard]] std::string name() const;
};

struct Survey {
  std::vector<SurveyedMember> members;
  bool has_list = false;
  // Of the endpoints that were given, those that answer for another cluster than the list is of.
  std::vector<SurveyedMember> strangers;
  std::vector<etcdserverpb::AlarmMember> alarms;
  // Of a read through consensus; nothing with the reason if it failed.
  std::optional<double> read_ms;
  std::string read_reason;

  [[nodiscard]] const SurveyedMember* leader() const;
  [[nodiscard]] size_t voters() const;
  [[nodiscard]] size_t answering_voters() const;
};

// UNAVAILABLE if nobody at all can be reached.
[[nodiscard]] Result<Survey> TakeSurvey(Calls& calls);

// The bytes of live keys, and the bound on them (0: none).
[[nodiscard]] double UsedBytes(const SurveyedMember& member);
[[nodiscard]] double QuotaBytes(const SurveyedMember& member);

}  // namespace keel::ctl
