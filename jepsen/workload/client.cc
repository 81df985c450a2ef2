#include "jepsen/workload/client.h"

#include <algorithm>
#include <array>

namespace keel::jepsen {
namespace {

// Said by servers before anything was proposed, and by our channel before anything was sent.
constexpr std::array<std::string_view, 5> kRefusals = {
    "etcdserver: no leader", "etcdserver: not leader", "etcdserver: too many requests",
    "mvcc: database space exceeded", kNotSent};

constexpr uint64_t kBackoffUsMax = 250'000;
// Without an answer for so long, while calls wait for one, a node is passed over.
constexpr uint64_t kQuietUsMax = 400'000;
constexpr uint64_t kShunnedUs = 400'000;

}  // namespace

bool CertainlyNotDone(const Status& status) {
  // libkeel's words for all its attempts; what the last of them met is no more than that.
  if (client::IsOutcomeUnknown(status)) return false;
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return true;
    default:
      break;
  }
  return std::any_of(kRefusals.begin(), kRefusals.end(), [&](std::string_view refusal) {
    return status.message().find(refusal) != std::string_view::npos;
  });
}

Client::Client(Network* network, size_t nodes, uint64_t seed) : network_(network), pulses_(nodes) {
  for (size_t i = 0; i < nodes; i++) {
    net::AsioChannelOptions options;
    options.address = {.host = network->PortsOf(i).host, .port = network->PortsOf(i).client};
    options.backoff_us_max = kBackoffUsMax;
    options.seed = seed + i;
    channels_.push_back(std::make_unique<net::AsioChannel>(network->executor(), options));
  }
  sdk_ = std::make_unique<Sdk>(network, nodes, seed + nodes);
}

// The channels stay in their places, empty: what a call's end does may still ask for them.
void Client::Close() {
  is_closed_ = true;
  sdk_.reset();
  for (auto& channel : channels_) channel.reset();
}

size_t Client::Connected(size_t wanted) {
  if (is_closed_) return wanted % nodes();
  for (size_t i = 0; i < nodes(); i++) {
    const size_t node = (wanted + i) % nodes();
    channels_[node]->Connect();
    if (channels_[node]->state() == net::AsioChannel::State::kReady) return node;
  }
  return wanted % nodes();
}

size_t Client::Responsive(size_t wanted) {
  if (is_closed_) return wanted % nodes();
  for (size_t i = 0; i < nodes(); i++) {
    const size_t node = (wanted + i) % nodes();
    channels_[node]->Connect();
    const bool is_ready = channels_[node]->state() == net::AsioChannel::State::kReady;
    if (is_ready && IsResponsive(node)) return node;
  }
  return Connected(wanted);
}

bool Client::IsResponsive(size_t node) const {
  const Pulse& pulse = pulses_[node];
  const uint64_t now_us = clock().MonotonicUs();
  if (now_us < pulse.shunned_until_us) return false;
  return pulse.waiting == 0 || now_us < pulse.quiet_since_us + kQuietUsMax;
}

void Client::NoteAnswer(size_t node, const Status& status) {
  Pulse& pulse = pulses_[node];
  pulse.waiting--;
  const uint64_t now_us = clock().MonotonicUs();
  const bool is_deaf =
      status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
  pulse.shunned_until_us = is_deaf ? now_us + kShunnedUs : 0;
  if (status.code() != Code::kDeadlineExceeded) pulse.quiet_since_us = now_us;
}

void Client::AskBytes(Where where, std::string request,
                      std::function<void(net::UnaryResult)> done) {
  if (is_closed_) return;
  if (where.through_sdk) {
    return sdk_->Ask(where.path, std::move(request), where.timeout_us,
                     [done = std::move(done)](Result<std::string> answer) {
                       done({.status = answer.status(),
                             .response = answer.ok() ? *std::move(answer) : std::string(),
                             .trailers = {}});
                     });
  }
  net::AsioChannel* channel = channels_[where.node].get();
  if (channel->state() != net::AsioChannel::State::kReady) {
    channel->Connect();
    executor()->Post([done = std::move(done)] {
      done({.status = Unavailable(std::string(kNotSent)), .response = {}, .trailers = {}});
    });
    return;
  }
  net::CallOptions options;
  options.path = where.path;
  options.metadata = std::move(where.metadata);
  options.timeout_us = where.timeout_us;
  Pulse& pulse = pulses_[where.node];
  if (pulse.waiting++ == 0) pulse.quiet_since_us = clock().MonotonicUs();
  net::CallUnary(channel, std::move(options), Payload::Of(std::move(request)),
                 [this, node = where.node, done = std::move(done)](net::UnaryResult result) {
                   NoteAnswer(node, result.status);
                   done(std::move(result));
                 });
}

}  // namespace keel::jepsen
