// Operations that end later: by Asio's completion tokens, or by waiting for them.
//
// Every operation comes in two forms. `kv.Put(request)` waits and returns its answer; it must not
// be called on the client's I/O thread. `kv.Put(request, token)` returns what the token says: a
// callback, boost::asio::use_future, use_awaitable, deferred, ... The answer, a Result<T> or a
// Status, is the one argument of the completion; there are no exceptions. A handler runs on its
// associated executor, or, if it has none, on the I/O thread, where it must not block. Cancelling
// through the handler's cancellation slot ends the operation with CANCELLED: a write that had been
// sent may still take effect.
//
// g++ 12 destroys the members of a braced request twice when it stands inside of a co_await, a bug
// of that compiler: give such a request a name of its own first, or use the forms that take
// strings.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/system_executor.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace keel::client {

// Where an answer goes: called once, from any thread, or destroyed uncalled with its client.
template <class Answer>
class Done {
 public:
  Done() = default;

  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, Done> &&
           std::is_invocable_v<std::decay_t<Callable>&, Answer>)
      // NOLINTNEXTLINE(google-explicit-constructor, bugprone-forwarding-reference-overload)
      Done(Callable&& callable)
      : target_(
            std::make_unique<Holder<std::decay_t<Callable>>>(std::forward<Callable>(callable))) {}

  [[nodiscard]] explicit operator bool() const { return target_ != nullptr; }
  void operator()(Answer answer) {
    const std::unique_ptr<Target> target = std::move(target_);
    target->Call(std::move(answer));
  }

 private:
  struct Target {
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    virtual ~Target() = default;
    virtual void Call(Answer answer) = 0;
  };
  template <class Callable>
  struct Holder final : Target {
    explicit Holder(Callable from) : callable(std::move(from)) {}
    void Call(Answer answer) override { callable(std::move(answer)); }
    Callable callable;
  };
  std::unique_ptr<Target> target_;
};

class Core;

// What can be cancelled, beside the core's calls.
class Cancellable {
 public:
  Cancellable() = default;
  Cancellable(const Cancellable&) = delete;
  Cancellable& operator=(const Cancellable&) = delete;
  virtual ~Cancellable() = default;

  // From any thread.
  virtual void CancelOperation() = 0;
};

// A running operation by name; cancelling one that is over does nothing. Does not outlive its
// client.
struct Operation {
  Core* core = nullptr;
  uint64_t number = 0;
  // Given: stands for the two above.
  std::shared_ptr<Cancellable> instead;

  void Cancel() const;
};

namespace internal {

// Stops the program: a blocking operation on the I/O thread would wait for itself.
void CheckMayWait(const Core& core);

template <class Answer>
struct Waiting {
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<Answer> answer;  // under mutex
};

// An Asio handler, called where it wants to be called.
template <class Answer, class Handler>
class OnItsExecutor {
 public:
  using Executor = boost::asio::associated_executor_t<Handler>;

  explicit OnItsExecutor(Handler handler)
      : handler_(std::move(handler)),
        executor_(Track(boost::asio::get_associated_executor(handler_))) {}

  void operator()(Answer answer) {
    if constexpr (std::is_same_v<Executor, boost::asio::system_executor>) {
      Finish(std::move(handler_), std::move(answer));
    } else {
      auto executor = std::move(executor_);
      boost::asio::dispatch(executor,
                            [handler = std::move(handler_), answer = std::move(answer)]() mutable {
                              Finish(std::move(handler), std::move(answer));
                            });
    }
  }

 private:
  static auto Track(const Executor& executor) {
    return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
  }
  static void Finish(Handler handler, Answer answer) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.clear();
    std::move(handler)(std::move(answer));
  }

  Handler handler_;
  decltype(Track(std::declval<const Executor&>())) executor_;
};

// Starts an operation for a completion token. `start` takes a Done<Answer> and returns an
// Operation.
template <class Answer, class Start, class Token>
auto Initiate(Start start, Token&& token) {
  return boost::asio::async_initiate<Token, void(Answer)>(
      [](auto handler, Start begin) {
        using Handler = std::decay_t<decltype(handler)>;
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (!slot.is_connected()) {
          begin(Done<Answer>(OnItsExecutor<Answer, Handler>(std::move(handler))));
          return;
        }
        // The operation may be over before it is known here; cancelling it is then a no-op.
        auto running = std::make_shared<std::optional<Operation>>();
        slot.assign([running](boost::asio::cancellation_type /*type*/) {
          if (running->has_value()) (*running)->Cancel();
        });
        *running = begin(Done<Answer>(OnItsExecutor<Answer, Handler>(std::move(handler))));
      },
      token, std::move(start));
}

// Starts an operation and waits for its answer.
template <class Answer, class Start>
Answer Await(const Core& core, Start start) {
  CheckMayWait(core);
  auto waiting = std::make_shared<Waiting<Answer>>();
  start(Done<Answer>([waiting](Answer answer) {
    {
      const std::lock_guard lock(waiting->mutex);
      waiting->answer.emplace(std::move(answer));
    }
    waiting->wake.notify_one();
  }));
  std::unique_lock lock(waiting->mutex);
  waiting->wake.wait(lock, [&] { return waiting->answer.has_value(); });
  return std::move(*waiting->answer);
}

}  // namespace internal

// Writes both forms of an operation over its one start, `Operation StartX(Request, Done<Answer>)`:
// `Answer Method(Request request) const`, which waits, and one with a completion token behind the
// request.
#define KEEL_CLIENT_OPERATION(Answer, Method, Request)                                            \
  Answer Method(Request request) const {                                                          \
    return ::keel::client::internal::Await<Answer>(                                               \
        *view_.core, [&](::keel::client::Done<Answer> done) {                                     \
          Start##Method(std::move(request), std::move(done));                                     \
        });                                                                                       \
  }                                                                                               \
  template <class Token>                                                                          \
  auto Method(Request request, Token&& token) const {                                             \
    return ::keel::client::internal::Initiate<Answer>(                                            \
        [self = *this, request = std::move(request)](::keel::client::Done<Answer> done) mutable { \
          return self.Start##Method(std::move(request), std::move(done));                         \
        },                                                                                        \
        std::forward<Token>(token));                                                              \
  }                                                                                               \
  ::keel::client::Operation Start##Method(Request request, ::keel::client::Done<Answer> done) const

}  // namespace keel::client
