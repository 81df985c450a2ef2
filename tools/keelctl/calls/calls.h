// Calls of etcd's API to a cluster: typed messages over the Wire, and the choice of an endpoint.
//
// A call that any member may answer goes to one that lives: the endpoints are asked for their
// status at once, and the first that answers with a leader in sight is kept until it fails. A
// request is sent a second time only when it is certain that the first never left. Every call ends
// within the command's timeout. One thread at a time; At and Later may run on several at once.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tools/keelctl/calls/wire.h"

namespace keel::ctl {

struct CallsOptions {
  std::vector<std::string> endpoints;
  WireOptions wire;
  uint64_t command_timeout_us = 5'000'000;
  std::string user;
  std::string password;
};

struct Limits {
  // Instead of the command's; 0 is none.
  std::optional<uint64_t> timeout_us;
  // Goes on although the user has interrupted: for what cleans up.
  bool uninterruptible = false;
};

class Calls {
 public:
  explicit Calls(CallsOptions options);
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  using Message = google::protobuf::Message;

  // Asks whichever member lives. `method` is "/package.Service/Method".
  template <class Answer>
  Result<Answer> Any(std::string_view method, const Message& request, const Limits& limits = {}) {
    Answer answer;
    KEEL_RETURN_IF_ERROR(AskAny(method, request, &answer, limits));
    return answer;
  }
  // Asks this one.
  template <class Answer>
  Result<Answer> At(const std::string& endpoint, std::string_view method, const Message& request,
                    const Limits& limits = {}) {
    Answer answer;
    KEEL_RETURN_IF_ERROR(AskAt(endpoint, method, request, &answer, limits));
    return answer;
  }
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  // A stream to whichever member lives. `metadata` is sent beside the credentials.
  [[nodiscard]] Result<std::unique_ptr<Stream>> Open(std::string_view method,
                                                     const Metadata& metadata = {});
  // Returns at once; `done` runs on the wire's thread and must not block.
  void Later(const std::string& endpoint, std::string_view method, std::string request,
             std::function<void(Result<std::string>)> done);

  // An endpoint that answers; UNAVAILABLE with the reason of each if none does.
  [[nodiscard]] Result<std::string> LiveEndpoint(bool uninterruptible = false);
  // Until a member has a leader in sight: what goes on for long should not begin where nothing can
  // happen. Fails when the command's time is over.
  [[nodiscard]] Status AwaitLeader();
  // What tells a server who asks, for calls that are made elsewhere.
  [[nodiscard]] Result<Metadata> LoggedIn();
  // What was chosen has failed: the next call chooses again.
  void Forget() { live_.clear(); }

  [[nodiscard]] const CallsOptions& options() const { return options_; }

 private:
  Status AskAny(std::string_view method, const Message& request, Message* answer,
                const Limits& limits);
  Status AskAt(const std::string& endpoint, std::string_view method, const Message& request,
               Message* answer, const Limits& limits);
  // Takes a token, once, if there is a user.
  Status LogIn(const std::string& endpoint);
  [[nodiscard]] Metadata Credentials() const;

  const CallsOptions options_;
  std::string live_;
  mutable std::mutex mutex_;  // guards the two below
  std::string token_;
  bool logged_in_ = false;
  Wire wire_;
};

// The words for a failure as etcd's users know them, on one line.
[[nodiscard]] std::string Words(const Status& status);
// Whether it never reached a server.
[[nodiscard]] bool NeverSent(const Status& status);

}  // namespace keel::ctl
