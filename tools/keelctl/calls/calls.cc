#include "tools/keelctl/calls/calls.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/etcdserverpb/auth.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

constexpr std::chrono::milliseconds kLook(10);
constexpr std::chrono::milliseconds kLeaderLook(100);
// A member that has no leader in sight is taken only when no better one has answered in this time.
constexpr std::chrono::milliseconds kBetterOne(300);

// Who has answered so far, as the waiting thread and the wire's share it.
struct Probes {
  std::mutex mutex;
  std::condition_variable changed;
  size_t answered = 0;
  std::string best;    // has a leader
  std::string second;  // answers, without one
  std::vector<std::string> refusals;
};

}  // namespace

Calls::Calls(CallsOptions options)
    : options_(std::move(options)), wire_(options_.endpoints, options_.wire) {}
Calls::~Calls() = default;

Calls::Metadata Calls::Credentials() const {
  const std::lock_guard lock(mutex_);
  Metadata metadata;
  if (!token_.empty()) metadata.emplace_back("token", token_);
  return metadata;
}

Result<std::string> Calls::LiveEndpoint(bool uninterruptible) {
  if (!live_.empty()) return live_;
  if (options_.endpoints.empty()) return InvalidArgument("no endpoint is given");
  if (options_.endpoints.size() == 1) return live_ = options_.endpoints.front();
  auto probes = std::make_shared<Probes>();
  const uint64_t patience_us = std::min(options_.wire.dial_timeout_us, options_.command_timeout_us);
  for (const std::string& endpoint : options_.endpoints) {
    KEEL_RETURN_IF_ERROR(ParseEndpoint(endpoint).status());
    wire_.UnaryLater({.endpoint = endpoint,
                      .method = std::string(method::kStatus),
                      .metadata = Credentials(),
                      .timeout_us = patience_us},
                     "", [probes, endpoint](const Result<std::string>& answer) {
                       const std::lock_guard lock(probes->mutex);
                       ++probes->answered;
                       etcdserverpb::StatusResponse status;
                       if (!answer.ok()) {
                         probes->refusals.push_back(endpoint + ": " + Words(answer.status()));
                       } else if (status.ParseFromString(*answer) && status.leader() != 0) {
                         if (probes->best.empty()) probes->best = endpoint;
                       } else if (probes->second.empty()) {
                         probes->second = endpoint;
                       }
                       probes->changed.notify_one();
                     });
  }
  const auto began = std::chrono::steady_clock::now();
  std::unique_lock lock(probes->mutex);
  while (probes->best.empty() && probes->answered < options_.endpoints.size()) {
    if (interrupt::Asked() && !uninterruptible) return Cancelled("interrupted");
    if (!probes->second.empty() && std::chrono::steady_clock::now() - began > kBetterOne) break;
    probes->changed.wait_for(lock, kLook);
  }
  live_ = probes->best.empty() ? probes->second : probes->best;
  if (live_.empty()) return Unavailable("no endpoint answers: " + Join(probes->refusals, "; "));
  return live_;
}

Status Calls::AwaitLeader() {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::microseconds(options_.command_timeout_us);
  while (true) {
    const auto endpoint = LiveEndpoint();
    if (!endpoint.ok()) return endpoint.status();
    const auto answer =
        At<etcdserverpb::StatusResponse>(*endpoint, method::kStatus, etcdserverpb::StatusRequest());
    if (answer.ok() && answer->leader() != 0) return {};
    if (!answer.ok()) return answer.status();
    Forget();
    if (interrupt::Asked()) return Cancelled("interrupted");
    if (std::chrono::steady_clock::now() >= deadline) return Unavailable("etcdserver: no leader");
    std::this_thread::sleep_for(kLeaderLook);
  }
}

Status Calls::LogIn(const std::string& endpoint) {
  if (options_.user.empty()) return {};
  const std::lock_guard lock(mutex_);
  if (logged_in_) return {};
  etcdserverpb::AuthenticateRequest request;
  request.set_name(options_.user);
  request.set_password(options_.password);
  auto answer = wire_.Unary({.endpoint = endpoint,
                             .method = std::string(method::kAuthenticate),
                             .timeout_us = options_.command_timeout_us},
                            request.SerializeAsString());
  if (!answer.ok()) {
    const bool off = answer.status().message().find("not enabled") != std::string_view::npos;
    if (!off) return answer.status();
  } else {
    etcdserverpb::AuthenticateResponse response;
    if (!response.ParseFromString(*answer)) return Internal("the answer cannot be read");
    token_ = response.token();
  }
  logged_in_ = true;
  return {};
}

Result<Calls::Metadata> Calls::LoggedIn() {
  if (!options_.user.empty()) {
    KEEL_ASSIGN_OR_RETURN(const std::string endpoint, LiveEndpoint());
    KEEL_RETURN_IF_ERROR(LogIn(endpoint));
  }
  return Credentials();
}

Status Calls::AskAt(const std::string& endpoint, std::string_view method, const Message& request,
                    Message* answer, const Limits& limits) {
  KEEL_RETURN_IF_ERROR(LogIn(endpoint));
  const auto bytes =
      wire_.Unary({.endpoint = endpoint,
                   .method = std::string(method),
                   .metadata = Credentials(),
                   .timeout_us = limits.timeout_us.value_or(options_.command_timeout_us),
                   .uninterruptible = limits.uninterruptible},
                  request.SerializeAsString());
  if (!bytes.ok()) return bytes.status();
  if (!answer->ParseFromString(*bytes)) return Internal("the answer cannot be read");
  return {};
}

Status Calls::AskAny(std::string_view method, const Message& request, Message* answer,
                     const Limits& limits) {
  for (int attempt = 0;; ++attempt) {
    const auto endpoint = LiveEndpoint(limits.uninterruptible);
    if (!endpoint.ok()) return endpoint.status();
    Status status = AskAt(*endpoint, method, request, answer, limits);
    if (status.ok() || !NeverSent(status)) return status;
    Forget();
    if (attempt > 0 || options_.endpoints.size() == 1) return status;
  }
}

Result<std::unique_ptr<Stream>> Calls::Open(std::string_view method, const Metadata& metadata) {
  const auto live = LiveEndpoint();
  if (!live.ok()) return live.status();
  KEEL_RETURN_IF_ERROR(LogIn(*live));
  Metadata all = Credentials();
  all.insert(all.end(), metadata.begin(), metadata.end());
  return wire_.Open({.endpoint = *live, .method = std::string(method), .metadata = std::move(all)});
}

void Calls::Later(const std::string& endpoint, std::string_view method, std::string request,
                  std::function<void(Result<std::string>)> done) {
  wire_.UnaryLater({.endpoint = endpoint,
                    .method = std::string(method),
                    .metadata = Credentials(),
                    .timeout_us = options_.command_timeout_us},
                   std::move(request), std::move(done));
}

bool NeverSent(const Status& status) {
  const std::string_view words = status.message();
  return status.code() == Code::kUnavailable &&
         (words.starts_with("connecting to ") || words.starts_with("no endpoint answers"));
}

std::string Words(const Status& status) {
  std::string words(status.message());
  std::replace(words.begin(), words.end(), '\n', ' ');
  if (words.starts_with("etcdserver: ") || words.starts_with("auth: ")) return words;
  if (status.code() == Code::kDeadlineExceeded) return "context deadline exceeded";
  if (status.code() == Code::kUnimplemented && words.find("TLS") == std::string::npos) {
    return "the server does not serve this" + (words.empty() ? "" : " (" + words + ")");
  }
  if (words.empty()) return std::string(CodeName(status.code()));
  return words;
}

}  // namespace keel::ctl
