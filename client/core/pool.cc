#include "client/core/pool.h"

#include <algorithm>

#include "client/core/endpoint.h"

namespace keel::client {

namespace {

constexpr uint64_t kDownUsMin = 100'000;
constexpr uint64_t kDownUsMax = 5'000'000;
constexpr uint32_t kDoublingsMax = 6;

}  // namespace

Route Route::Of(const Target& target) {
  switch (target.kind) {
    case Target::Kind::kAny:
      return {.kind = Kind::kVoter};
    case Target::Kind::kLeader:
      return {.kind = Kind::kLeader};
    case Target::Kind::kEndpoint:
      return {.kind = Kind::kEndpoint, .endpoint = target.endpoint};
  }
  return {};
}

Route Route::Of(ReadMode mode) {
  switch (mode) {
    case ReadMode::kLinearizable:
      return {.kind = Kind::kVoter};
    case ReadMode::kLease:
      return {.kind = Kind::kPreferLeader};
    case ReadMode::kSerializable:
      return {.kind = Kind::kMember};
    case ReadMode::kNearest:
      return {.kind = Kind::kNearest};
  }
  return {};
}

Pool::Pool(Environment environment)
    : environment_(std::move(environment)), dice_(environment_.seed) {}

Status Pool::AddSeeds() {
  const Options& options = *environment_.options;
  if (options.endpoints.empty()) return InvalidArgument("no endpoints are given");
  for (const std::string& text : options.endpoints) {
    KEEL_RETURN_IF_ERROR(ParseEndpoint(text).status());
    Endpoint* const endpoint = Add(text);
    endpoint->seed = true;
  }
  for (const Weight& weight : options.weights) {
    KEEL_RETURN_IF_ERROR(ParseEndpoint(weight.endpoint).status());
    Add(weight.endpoint)->weight = weight.weight;
  }
  return {};
}

Pool::Endpoint* Pool::Add(const std::string& text) {
  const Result<net::Address> address = ParseEndpoint(text);
  if (!address.ok()) return nullptr;
  const std::string name = EndpointName(*address);
  for (const auto& endpoint : endpoints_) {
    if (endpoint->name == name) return endpoint.get();
  }
  endpoints_.push_back(std::make_unique<Endpoint>());
  endpoints_.back()->name = name;
  return endpoints_.back().get();
}

void Pool::SetListed(const std::vector<std::string>& addresses) {
  for (const auto& endpoint : endpoints_) endpoint->listed = false;
  for (const std::string& address : addresses) {
    if (Endpoint* const endpoint = Add(address)) endpoint->listed = true;
  }
}

bool Pool::IsUp(const Endpoint& endpoint) const {
  return endpoint.down_until_us <= environment_.clock->MonotonicUs();
}

Pool::Endpoint* Pool::Pick(const Route& route, const Endpoint* not_this) {
  if (route.kind == Route::Kind::kEndpoint) return Add(route.endpoint);
  const bool wants_leader =
      route.kind == Route::Kind::kLeader || route.kind == Route::Kind::kPreferLeader;
  if (wants_leader && leader_ != nullptr && IsUp(*leader_) && leader_ != not_this) return leader_;
  if (route.kind == Route::Kind::kLeader) return leader_;
  const bool learners = route.kind == Route::Kind::kMember || route.kind == Route::Kind::kNearest;
  // First those that are well, then those that are not.
  for (const bool down : {false, true}) {
    candidates_.clear();
    for (const auto& endpoint : endpoints_) {
      if (!endpoint->seed && !endpoint->listed) continue;
      if (endpoint->learner && !learners) continue;
      if (IsUp(*endpoint) != down) candidates_.push_back(endpoint.get());
    }
    if (candidates_.size() > 1) std::erase(candidates_, not_this);
    const bool only_the_last = candidates_.size() == 1 && candidates_.front() == not_this;
    if (candidates_.empty() || (only_the_last && !down && endpoints_.size() > 1)) continue;
    if (down) {
      return *std::min_element(
          candidates_.begin(), candidates_.end(),
          [](const Endpoint* a, const Endpoint* b) { return a->down_until_us < b->down_until_us; });
    }
    if (route.kind == Route::Kind::kNearest) return Nearest(candidates_);
    return Choose(candidates_, environment_.options->balance);
  }
  // Only learners, or only the one that has just failed.
  return endpoints_.front().get();
}

Pool::Endpoint* Pool::Choose(const std::vector<Endpoint*>& from, Balance balance) {
  if (balance == Balance::kLatency) {
    Endpoint* const a = from[dice_.Below(from.size())];
    Endpoint* const b = from[dice_.Below(from.size())];
    return a->latency_us <= b->latency_us ? a : b;
  }
  int64_t total = 0;
  Endpoint* best = nullptr;
  for (Endpoint* const endpoint : from) {
    const int64_t weight = balance == Balance::kWeighted ? endpoint->weight : 1;
    total += weight;
    endpoint->credit += weight;
    if (best == nullptr || endpoint->credit > best->credit) best = endpoint;
  }
  best->credit -= total;
  return best;
}

Pool::Endpoint* Pool::Nearest(const std::vector<Endpoint*>& from) {
  return *std::min_element(from.begin(), from.end(), [](const Endpoint* a, const Endpoint* b) {
    // One that was never measured is tried first.
    return a->latency_us < b->latency_us;
  });
}

net::Channel* Pool::ChannelOf(Endpoint* endpoint) {
  if (endpoint->channel == nullptr) {
    endpoint->channel = environment_.make_channel(endpoint->name);
  }
  return endpoint->channel.get();
}

void Pool::OnAnswered(Endpoint* endpoint, uint64_t latency_us) {
  endpoint->failures = 0;
  endpoint->down_until_us = 0;
  // An average over about the last eight.
  endpoint->latency_us = endpoint->latency_us == 0
                             ? std::max<uint64_t>(1, latency_us)
                             : (endpoint->latency_us * 7 + latency_us) / 8 + 1;
}

void Pool::OnUnreachable(Endpoint* endpoint) {
  const uint64_t wait_us =
      std::min(kDownUsMax, kDownUsMin << std::min(endpoint->failures, kDoublingsMax));
  ++endpoint->failures;
  const uint64_t jittered_us = dice_.Between(wait_us - wait_us / 4, wait_us);
  endpoint->down_until_us = environment_.clock->MonotonicUs() + jittered_us;
  if (leader_ == endpoint) leader_ = nullptr;
}

std::string Pool::Names() const {
  std::string names;
  for (const auto& endpoint : endpoints_) {
    if (!names.empty()) names += ",";
    names += endpoint->name;
  }
  return names;
}

void Pool::CloseChannels() {
  for (const auto& endpoint : endpoints_) endpoint->channel.reset();
}

}  // namespace keel::client
