// Pipelined puts through libkeel from one thread: operations a second, the processor time for each,
// and how long the 99th of a hundred took. Against a cluster that runs already; client_puts.py
// starts one, and asks h2load for the same.
//
//   client-bench --endpoints 127.0.0.1:2379 --requests 200000 --in_flight 512
#include <gflags/gflags.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "client/kv.h"

DEFINE_string(endpoints, "127.0.0.1:2379", "one of the cluster's");
DEFINE_uint64(requests, 200'000, "puts in all");
DEFINE_uint64(in_flight, 512, "puts on their way at once");
DEFINE_uint64(value_bytes, 64, "of each value");
DEFINE_uint64(keys, 10'000, "different keys");
DEFINE_bool(exactly_once, true, "through a session");

namespace keel::client {
namespace {

// Each put that ends begins the next: all on the client's own thread.
class Load {
 public:
  Load(Client* client, uint64_t requests)
      : client_(client), kv_(client), left_(requests), value_(FLAGS_value_bytes, 'v') {}

  void Start() {
    for (uint64_t i = 0; i < FLAGS_in_flight && left_ > 0; ++i) Next();
  }
  [[nodiscard]] uint64_t errors() const { return errors_; }
  [[nodiscard]] double P99Ms() {
    if (took_ms_.empty()) return 0;
    const auto place = took_ms_.begin() + static_cast<ptrdiff_t>(took_ms_.size() * 99 / 100);
    std::nth_element(took_ms_.begin(), place, took_ms_.end());
    return *place;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void Next() {
    --left_;
    ++running_;
    const auto began = Clock::now();
    kv_.StartPut({.key = "bench/" + std::to_string(left_ % FLAGS_keys), .value = value_},
                 [this, began](const Result<PutResult>& answer) {
                   const std::chrono::duration<double, std::milli> took = Clock::now() - began;
                   took_ms_.push_back(took.count());
                   errors_ += answer.ok() ? 0 : 1;
                   --running_;
                   if (left_ > 0) Next();
                   if (running_ == 0) client_->Stop();
                 });
  }

  Client* const client_;
  const Kv kv_;
  uint64_t left_;
  uint64_t running_ = 0;
  uint64_t errors_ = 0;
  const std::string value_;
  std::vector<double> took_ms_;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Run() {
  Client client(
      {.endpoints = {FLAGS_endpoints}, .exactly_once = FLAGS_exactly_once, .own_thread = false});
  Load warm_up(&client, FLAGS_in_flight * 4);
  warm_up.Start();
  client.Run();
  Load load(&client, FLAGS_requests);
  const double cpu_before = CpuSeconds();
  const auto began = std::chrono::steady_clock::now();
  load.Start();
  client.Run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double cpu = CpuSeconds() - cpu_before;
  const auto requests = static_cast<double>(FLAGS_requests);
  std::cout << "libkeel: requests=" << FLAGS_requests << " errors=" << load.errors()
            << " per_second=" << static_cast<uint64_t>(requests / took.count())
            << " cpu_us_each=" << cpu / requests * 1e6 << " p99_ms=" << load.P99Ms() << "\n";
  return load.errors() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace keel::client

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  return keel::client::Run();
}
