// The same question to many endpoints at once, the answers in the endpoints' order.
#pragma once

#include <string>
#include <thread>
#include <vector>

namespace keel::ctl {

// Runs ask(endpoint) for each on a thread of its own; gives what they returned.
template <class Ask>
auto AskEach(const std::vector<std::string>& endpoints, const Ask& ask) {
  using Answer = decltype(ask(endpoints.front()));
  std::vector<Answer> answers(endpoints.size());
  std::vector<std::thread> threads;
  threads.reserve(endpoints.size());
  for (size_t i = 0; i < endpoints.size(); ++i) {
    threads.emplace_back([&ask, &answers, &endpoints, i] { answers[i] = ask(endpoints[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  return answers;
}

}  // namespace keel::ctl
