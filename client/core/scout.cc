#include "client/core/scout.h"

#include <string>
#include <utility>
#include <vector>

#include "api/etcdserverpb/cluster.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"

namespace keel::client {

namespace {

constexpr uint64_t kRoundGapUs = 50'000;
constexpr uint64_t kAnswerTimeoutUs = 1'000'000;

}  // namespace

Scout::~Scout() { environment_.executor->Cancel(timer_); }

void Scout::OnUse() {
  if (running_ > 0) return;
  const uint64_t now_us = environment_.clock->MonotonicUs();
  if (last_round_us_ != 0 && now_us - last_round_us_ < environment_.refresh_us) return;
  Round();
}

void Scout::LookSoon() {
  if (running_ > 0) {
    again_ = true;
    return;
  }
  if (!timer_.IsNone()) return;
  const uint64_t now_us = environment_.clock->MonotonicUs();
  const uint64_t next_us = last_round_us_ == 0 ? now_us : last_round_us_ + kRoundGapUs;
  if (next_us <= now_us) return Round();
  timer_ = environment_.executor->PostAfter(next_us - now_us, [this] {
    timer_ = {};
    if (running_ == 0) Round();
  });
}

void Scout::Round() {
  last_round_us_ = environment_.clock->MonotonicUs();
  again_ = false;
  listed_ = false;
  leader_term_ = 0;
  // Adding endpoints meanwhile is fine: they are for the next round.
  std::vector<Pool::Endpoint*> all;
  for (const auto& endpoint : environment_.pool->endpoints()) {
    if (endpoint->seed || endpoint->listed) all.push_back(endpoint.get());
  }
  running_ = all.size();
  for (Pool::Endpoint* const endpoint : all) Ask(endpoint);
}

void Scout::Ask(Pool::Endpoint* endpoint) {
  endpoint->asked = true;
  const uint64_t now_us = environment_.clock->MonotonicUs();
  net::CallUnary(environment_.pool->ChannelOf(endpoint),
                 {.path = "/etcdserverpb.Maintenance/Status",
                  .metadata = environment_.credentials(),
                  .timeout_us = kAnswerTimeoutUs},
                 Payload(), alive_.Guard([this, endpoint, now_us](const net::UnaryResult& result) {
                   OnStatus(endpoint, now_us, result);
                   OnAnswer();
                 }));
}

void Scout::OnStatus(Pool::Endpoint* endpoint, uint64_t began_us, const net::UnaryResult& result) {
  Pool* const pool = environment_.pool;
  etcdserverpb::StatusResponse status;
  if (!result.status.ok() || !status.ParseFromString(result.response)) {
    if (result.status.code() == Code::kUnavailable ||
        result.status.code() == Code::kDeadlineExceeded) {
      pool->OnUnreachable(endpoint);
    }
    return;
  }
  pool->OnAnswered(endpoint, environment_.clock->MonotonicUs() - began_us);
  endpoint->member = NodeId(status.header().member_id());
  endpoint->learner = status.islearner();
  if (environment_.discover && !std::exchange(listed_, true)) AskForMembers(endpoint);
  // Of two opinions the one of the higher term is the newer.
  if (status.leader() == 0 || status.raftterm() < leader_term_) return;
  leader_term_ = status.raftterm();
  for (const auto& other : pool->endpoints()) {
    if (other->member.value() != status.leader()) continue;
    // A leader that says so itself can surely be reached; of another that is down we have to hear.
    if (other.get() != endpoint && !pool->IsUp(*other)) continue;
    pool->SetLeader(other.get());
  }
}

void Scout::AskForMembers(Pool::Endpoint* endpoint) {
  ++running_;
  net::CallUnary(environment_.pool->ChannelOf(endpoint),
                 {.path = "/etcdserverpb.Cluster/MemberList",
                  .metadata = environment_.credentials(),
                  .timeout_us = kAnswerTimeoutUs},
                 Payload(), alive_.Guard([this](const net::UnaryResult& result) {
                   etcdserverpb::MemberListResponse list;
                   if (result.status.ok() && list.ParseFromString(result.response)) {
                     std::vector<std::string> addresses;
                     for (const auto& member : list.members()) {
                       for (const auto& url : member.clienturls()) addresses.push_back(url);
                     }
                     environment_.pool->SetListed(addresses);
                   }
                   OnAnswer();
                 }));
}

void Scout::OnAnswer() {
  if (--running_ > 0) return;
  // Newly listed: who are they?
  std::vector<Pool::Endpoint*> strangers;
  for (const auto& endpoint : environment_.pool->endpoints()) {
    if (endpoint->listed && !endpoint->asked) strangers.push_back(endpoint.get());
  }
  running_ = strangers.size();
  for (Pool::Endpoint* const endpoint : strangers) Ask(endpoint);
  if (running_ == 0 && again_) LookSoon();
}

}  // namespace keel::client
