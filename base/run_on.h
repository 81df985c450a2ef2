// Work that belongs to an executor's thread, asked for by another that waits for the answer.
//
// For edges alone, where a thread has nothing else to do: roles talk by posting. The executor runs,
// and goes on running until the work is done.
#pragma once

#include <future>
#include <type_traits>

#include "base/check.h"
#include "base/executor.h"

namespace keel {

// Any thread but the executor's own, which would wait for itself.
template <class Work>
auto RunOn(Executor* executor, Work work) {
  KEEL_CHECK(!executor->IsCurrent()) << "a task would wait for one that is queued behind it";
  using Answer = decltype(work());
  std::promise<Answer> promise;
  std::future<Answer> answer = promise.get_future();
  executor->Post([&promise, &work] {
    if constexpr (std::is_void_v<Answer>) {
      work();
      promise.set_value();
    } else {
      promise.set_value(work());
    }
  });
  return answer.get();
}

}  // namespace keel
