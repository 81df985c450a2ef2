#include "client/core/core.h"

#include <algorithm>
#include <random>

#include "base/check.h"
#include "base/run_on.h"
#include "client/core/call.h"
#include "client/core/endpoint.h"
#include "net/asio_channel.h"

namespace keel::client {

namespace {

uint64_t Us(Milliseconds duration) {
  return static_cast<uint64_t>(std::max<int64_t>(0, duration.count())) * 1000;
}

uint64_t SeedOf(const Options& options) {
  if (options.seed != 0) return options.seed;
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

Core::Core(Options options)
    : options_(std::move(options)),
      dice_(SeedOf(options_)),
      session_(options_.writes_in_flight_max),
      executor_(std::make_unique<net::AsioExecutor>(&clock_)),
      pool_({.options = &options_,
             .executor = executor_.get(),
             .clock = &clock_,
             .make_channel = [this](const std::string& name) { return MakeChannel(name); },
             .seed = dice_.Next()}),
      scout_({.pool = &pool_,
              .executor = executor_.get(),
              .clock = &clock_,
              .refresh_us = Us(options_.refresh_interval),
              .discover = options_.discover,
              .credentials = [this] { return Credentials(); }}) {
  bad_options_ = pool_.AddSeeds();
  if (!options_.exactly_once) session_.OnUnsupported();
  if (options_.own_thread) thread_ = std::thread([this] { executor_->Run(); });
}

Core::~Core() {
  if (thread_.joinable()) {
    KEEL_CHECK(std::this_thread::get_id() != thread_.get_id())
        << "a Client must not be destroyed on its own thread";
    executor_->Post([this] {
      CloseAll();
      executor_->Stop();
    });
    thread_.join();
  } else {
    CloseAll();
  }
}

void Core::CloseAll() {
  TakeInbox();
  closing_ = true;
  const Status closed = Cancelled("the client was closed");
  while (!calls_.empty()) Finish(calls_.begin()->second.get(), closed);
  pool_.CloseChannels();
}

std::unique_ptr<net::Channel> Core::MakeChannel(const std::string& name) {
  const Result<net::Address> address = ParseEndpoint(name);
  KEEL_CHECK(address.ok()) << "the pool holds only endpoints";
  net::AsioChannelOptions channel{.address = *address,
                                  .connect_timeout_us = Us(options_.connect_timeout),
                                  .backoff_us_max = 1'000'000,
                                  .seed = dice_.Next()};
  channel.grpc.authority = name;
  channel.grpc.user_agent = "libkeel";
  channel.grpc.message_bytes_max = options_.message_bytes_max;
  channel.grpc.calls_max = options_.operations_max;
  channel.grpc.http2.keepalive_interval_us = Us(options_.keepalive_interval);
  channel.grpc.http2.keepalive_timeout_us = Us(options_.keepalive_timeout);
  if (options_.wrap_stream) {
    channel.wrap_stream = [this, name](std::unique_ptr<net::ByteStream> stream) {
      return options_.wrap_stream(name, std::move(stream));
    };
  }
  auto tcp = std::make_unique<net::AsioChannel>(executor_.get(), std::move(channel));
  if (!options_.wrap_channel) return tcp;
  return options_.wrap_channel(name, executor_.get(), std::move(tcp));
}

net::Metadata Core::Credentials() const {
  net::Metadata metadata;
  if (!options_.credentials) return metadata;
  for (const auto& [name, value] : options_.credentials()) metadata.Add({name, value});
  return metadata;
}

// ---- any thread ----

bool Core::IsCurrent() const { return executor_->IsCurrent(); }

void Core::Post(Task task) {
  if (IsCurrent()) return std::move(task).Run();
  executor_->Post(std::move(task));
}

Operation Core::Submit(CallSpec spec) {
  auto call = std::make_unique<Call>(std::move(spec));
  call->number = ++last_number_;
  call->begun_us = NowUs();
  if (call->spec.timeout_us != 0) call->deadline_us = call->begun_us + call->spec.timeout_us;
  Operation operation{.core = this, .number = call->number};
  const size_t bytes = operations_bytes_ += call->request_bytes;
  call->refused = ++operations_ > options_.operations_max || bytes > options_.operations_bytes_max;
  if (IsCurrent()) {
    Begin(std::move(call));
    return operation;
  }
  bool first = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(call));
  }
  if (first) executor_->Post([this] { TakeInbox(); });
  return operation;
}

void Core::TakeInbox() {
  std::vector<std::unique_ptr<Call>> calls;
  {
    const std::lock_guard lock(inbox_mutex_);
    calls.swap(inbox_);
  }
  for (auto& call : calls) Begin(std::move(call));
}

void Core::Cancel(uint64_t number) {
  // Behind the submission, wherever that is.
  executor_->Post([this, number] {
    TakeInbox();
    const auto found = calls_.find(number);
    if (found == calls_.end()) return;
    Finish(found->second.get(), Cancelled("the operation was cancelled"));
  });
}

std::vector<Client::Endpoint> Core::Endpoints() {
  const auto list = [this] {
    std::vector<Client::Endpoint> all;
    for (const auto& endpoint : pool_.endpoints()) {
      all.push_back({.address = endpoint->name,
                     .member = endpoint->member,
                     .leader = endpoint.get() == pool_.leader(),
                     .learner = endpoint->learner,
                     .reachable = !endpoint->member.IsNone() && pool_.IsUp(*endpoint),
                     .latency = Milliseconds(endpoint->latency_us / 1000)});
    }
    return all;
  };
  if (IsCurrent() || !thread_.joinable()) return list();
  return RunOn(executor_.get(), list);
}

// ---- the executor ----

void Core::Begin(std::unique_ptr<Call> owned) {
  Call* const call = owned.get();
  calls_.emplace(call->number, std::move(owned));
  call->beginning = true;
  call->request = Payload::Of(std::move(call->spec.request));
  if (closing_) {
    Finish(call, Cancelled("the client was closed"));
    return;
  }
  if (!bad_options_.ok()) return Finish(call, bad_options_);
  if (call->refused) {
    return Finish(call, ResourceExhausted("too many operations at once for this client"));
  }
  scout_.OnUse();
  const uint64_t number = call->number;
  if (call->spec.retry == Retry::kOnce) {
    Enlist(call);
  } else {
    TryCall(call);
  }
  const auto found = calls_.find(number);
  if (found != calls_.end()) found->second->beginning = false;
}

uint64_t Core::BackoffUs(uint32_t attempt) {
  const uint64_t longest_us = Us(options_.backoff_max);
  const uint64_t wait_us = std::min(longest_us, std::max<uint64_t>(1000, Us(options_.backoff_min))
                                                    << std::min(attempt, 16U));
  return dice_.Between(wait_us / 2, wait_us);
}

Stream Core::OpenStream(const std::string& path, const Route& route, const Pool::Endpoint* not_this,
                        const std::vector<std::pair<std::string, std::string>>& metadata,
                        std::unique_ptr<net::CallObserver> observer) {
  if (closing_ || !bad_options_.ok()) return {};
  scout_.OnUse();
  Stream stream{.endpoint = pool_.Pick(route, not_this)};
  if (stream.endpoint == nullptr) {
    scout_.LookSoon();
    return {};
  }
  net::CallOptions call{.path = path, .metadata = Credentials()};
  for (const auto& [name, value] : metadata) call.metadata.Add({name, value});
  stream.channel = pool_.ChannelOf(stream.endpoint);
  stream.call = stream.channel->Start(std::move(call), std::move(observer));
  return stream;
}

void Core::OnStreamEnd(Pool::Endpoint* endpoint, const Status& status, bool never_sent) {
  if (closing_) return;
  if (never_sent) pool_.OnUnreachable(endpoint);
  if (status.code() == Code::kUnavailable) scout_.LookSoon();
}

}  // namespace keel::client
