// An Executor on Asio: one thread that runs an io_context, and timers by the Clock it was given.
//
// Made anywhere; Run binds it to the calling thread until Stop. Post, PostAfter and Stop may be
// called from any thread, the rest belongs to its own tasks. What never ran is destroyed with it,
// after Run has returned. Sockets of net/ live on it through Io, which only net/'s sources see.
//
// What is posted while the thread is busy is one batch to Asio: the thread is woken once for it,
// and between two batches sockets have their turn.
//
// Timers ask the Clock, not Asio: a skewed Clock skews them, and when the machine's timer fires
// before the Clock agrees, it is set again.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"

namespace keel::net {

class AsioExecutor final : public Executor {
 public:
  // `clock` outlives the executor.
  explicit AsioExecutor(const Clock* clock);
  ~AsioExecutor() override;

  // Runs tasks until Stop; may be called again after that.
  void Run();
  // Runs what is ready now and returns.
  void RunReady();
  void Stop();

  void Post(Task task) override;
  TimerId PostAfter(uint64_t delay_us, Task task) override;
  bool Cancel(TimerId timer) override;
  [[nodiscard]] bool IsCurrent() const override;

  [[nodiscard]] const Clock& clock() const { return *clock_; }

  struct Io;
  [[nodiscard]] Io& io() { return *io_; }

 private:
  // When due, and the number that orders timers of one instant.
  using Due = std::pair<uint64_t, uint64_t>;

  void RunPosted();
  // Those that a stop left over go first when it runs again.
  void PutBack(std::span<Task> tasks);
  void Arm();
  void RunTimers();

  const Clock* const clock_;
  // Guards the five below: posts come from any thread. Held for a few instructions only.
  std::mutex mutex_;
  std::vector<Task> posted_;
  bool awaits_run_ = false;  // Asio knows that there is something in posted_
  std::map<Due, Task> timers_;
  std::unordered_map<uint64_t, uint64_t> due_us_of_;
  uint64_t last_timer_ = 0;
  // The executor's own thread only: room for a batch, kept from one to the next; and what the
  // machine's timer is set to.
  std::vector<Task> running_;
  uint64_t armed_us_;
  std::unique_ptr<Io> io_;
};

}  // namespace keel::net
