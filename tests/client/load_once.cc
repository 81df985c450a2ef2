#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <vector>

#include "client/kv.h"
#include "tests/client/faulty_channel.h"
#include "tests/client/load.h"

namespace keel::client {

namespace {

// What the answers said, all together.
struct Answers {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t in_flight = 0;
  uint64_t errors = 0;
  uint64_t wrong = 0;
  std::string first_error;
  std::vector<bool> made;  // by version

  void Take(const Result<PutResult>& answer) {
    const std::lock_guard lock(mutex);
    --in_flight;
    changed.notify_one();
    if (!answer.ok()) {
      ++errors;
      if (first_error.empty()) first_error = answer.status().ToString();
      return;
    }
    const uint64_t version = answer->previous.has_value() ? answer->previous->version + 1 : 1;
    // A version has one maker.
    if (version >= made.size() || made[version]) {
      ++wrong;
    } else {
      made[version] = true;
    }
  }
};

}  // namespace

bool LoadOnce(const LoadOptions& options) {
  FaultyChannel::Counts counts;
  uint64_t channels = options.seed;
  Options client_options{.endpoints = options.endpoints, .timeout = std::chrono::minutes(10)};
  client_options.wrap_channel = [&](const std::string& /*endpoint*/, Executor* executor,
                                    std::unique_ptr<net::Channel> tcp) {
    return std::make_unique<FaultyChannel>(std::move(tcp), executor, ++channels,
                                           FaultyChannel::Chances{}, &counts);
  };
  Answers answers;
  answers.made.resize(options.count + 1);
  uint64_t version = 0;
  {
    const Client client(std::move(client_options));
    const Kv kv(&client, {.prefix = "once/"});
    for (uint64_t i = 0; i < options.count; ++i) {
      {
        std::unique_lock lock(answers.mutex);
        answers.changed.wait(lock, [&] { return answers.in_flight < options.in_flight; });
        ++answers.in_flight;
      }
      kv.StartPut({.key = "key", .value = std::to_string(i), .previous = true},
                  [&answers](const Result<PutResult>& answer) { answers.Take(answer); });
    }
    std::unique_lock lock(answers.mutex);
    answers.changed.wait(lock, [&] { return answers.in_flight == 0; });
    lock.unlock();
    const Result<std::optional<KeyValue>> last = kv.Get("key");
    if (last.ok() && last->has_value()) version = (*last)->version;
  }
  std::cout << "once: puts=" << options.count << " version=" << version
            << " errors=" << answers.errors << " wrong=" << answers.wrong
            << " requests_lost=" << counts.requests_lost << " answers_lost=" << counts.answers_lost
            << " duplicates=" << counts.duplicates << " " << answers.first_error << std::endl;
  return answers.errors == 0 && answers.wrong == 0 && version == options.count;
}

}  // namespace keel::client
