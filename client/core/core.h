// The machinery under all views: calls that find their member, are repeated where that is right,
// and end once; and the ground that streams stand on.
//
// Submit, Cancel and Post may be called from any thread; everything else belongs to the executor.
// A call that is submitted there starts at once, never calling back from inside. Each call ends
// once: by its answer, its deadline, its cancelling or the client's end. What an attempt's end
// means is core/outcome.h's; who is asked next is core/pool.h's; what makes a write happen once is
// core/session.h's.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "client/async.h"
#include "client/core/pool.h"
#include "client/core/scout.h"
#include "client/core/session.h"
#include "client/options.h"
#include "client/raw.h"
#include "net/asio_executor.h"
#include "net/system_clock.h"

namespace keel::client {

struct CallSpec {
  // "/package.Service/Method"; one that lasts, or empty: then it is own_path.
  std::string_view path;
  std::string own_path;
  std::string request;
  Route route;
  Retry retry = Retry::kSafe;
  // With all attempts; 0 is none.
  uint64_t timeout_us = 0;
  // May rightly take long, so that an attempt has no time limit of its own.
  bool patient = false;
  std::vector<std::pair<std::string, std::string>> metadata;
  Done<Result<std::string>> done;
};

// One streaming call; see Core::OpenStream.
struct Stream {
  Pool::Endpoint* endpoint = nullptr;
  net::Channel* channel = nullptr;
  net::ClientCallId call;
};

class Core {
 public:
  explicit Core(Options options);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  ~Core();

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const Status& status() const { return bad_options_; }
  [[nodiscard]] net::AsioExecutor& executor() { return *executor_; }
  [[nodiscard]] uint64_t NowUs() const { return clock_.MonotonicUs(); }

  // ---- any thread ----
  Operation Submit(CallSpec spec);
  void Cancel(uint64_t number);
  // Runs `task` on the executor: now if this is it, else later. Dropped once the client closes.
  void Post(Task task);
  [[nodiscard]] bool IsCurrent() const;
  [[nodiscard]] std::vector<Client::Endpoint> Endpoints();

  // ---- the executor ----
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] Pool& pool() { return pool_; }
  [[nodiscard]] Scout& scout() { return scout_; }
  [[nodiscard]] Prng& dice() { return dice_; }
  // Of the (attempt)th retry, with jitter.
  [[nodiscard]] uint64_t BackoffUs(uint32_t attempt);
  // A call that its maker follows and repeats. Its channel is null if nobody can be asked now.
  [[nodiscard]] Stream OpenStream(const std::string& path, const Route& route,
                                  const Pool::Endpoint* not_this,
                                  const std::vector<std::pair<std::string, std::string>>& metadata,
                                  std::unique_ptr<net::CallObserver> observer);
  // What a stream's end says of its endpoint.
  void OnStreamEnd(Pool::Endpoint* endpoint, const Status& status, bool never_sent);

 private:
  struct Call;
  class Attempt;
  using Calls = std::unordered_map<uint64_t, std::unique_ptr<Call>>;

  [[nodiscard]] std::unique_ptr<net::Channel> MakeChannel(const std::string& name);
  [[nodiscard]] net::Metadata Credentials() const;
  void TakeInbox();
  void Begin(std::unique_ptr<Call> call);

  // ---- core/calls.cc: one call's way ----
  void TryCall(Call* call);
  void OnAttemptEnd(uint64_t number, uint32_t attempt, Status status, std::string response,
                    bool never_sent);
  void NoteEnd(Call* call, const Status& status, bool never_sent);
  void OnUnknown(Call* call, const Status& status);
  void TryAgain(Call* call, const Status& reason, bool at_once);
  void GiveUp(Call* call);
  void Finish(Call* call, Result<std::string> result);

  // ---- core/once.cc: writes that are carried out once ----
  void Enlist(Call* call);
  void OpenSession();
  void OnSessionGone(Call* call, const Status& status);
  void StartWaiting();
  void ExpireWaiting();
  void FailWaiting(const Status& status);

  void CloseAll();

  const Options options_;
  const net::SystemClock clock_;
  Prng dice_;
  Status bad_options_;
  std::atomic<uint64_t> last_number_ = 0;
  std::atomic<size_t> operations_ = 0;
  std::atomic<size_t> operations_bytes_ = 0;
  bool closing_ = false;

  // Calls on their way to the executor.
  std::mutex inbox_mutex_;
  std::vector<std::unique_ptr<Call>> inbox_;  // under inbox_mutex_

  Calls calls_;
  Session session_;
  // Writes that wait for a session, or for room in it.
  std::deque<uint64_t> waiting_;
  TimerId waiting_timer_;
  bool starting_waiting_ = false;

  std::unique_ptr<net::AsioExecutor> executor_;
  Pool pool_;
  Scout scout_;
  std::thread thread_;
};

}  // namespace keel::client
