// A call that is answered when its turn has come, and leaves the queue when its client does.
//
// Belongs to the transport's executor. Templates over the messages.
#pragma once

#include <memory>
#include <utility>

#include "net/services/proto_call.h"
#include "server/api/contender.h"
#include "server/api/streaming.h"

namespace keel::api {

template <class Request>
class ContestCall final : public net::CallHandler, public OpenStream {
 public:
  struct Rules {
    Contest (*contest)(const Request& request);
    Payload (*answer)(const Core& core, const Contest& contest, const Turn& turn);
  };
  ContestCall(std::shared_ptr<WatchCenter> center, net::ServerCall call, Caller caller,
              const Rules& rules)
      : center_(std::move(center)), call_(call), caller_(std::move(caller)), rules_(rules) {
    center_->core()->Add(this);
  }
  ~ContestCall() override {
    center_->core()->Remove(this);
    if (contender_ != nullptr) contender_->GiveUp();
  }

  net::Flow OnMessage(std::string_view bytes) override {
    const auto request = net::ParseMessage<Request>(bytes);
    if (!request.ok()) {
      End(request.status());
      return net::Flow::kPause;
    }
    if (contender_ != nullptr) return net::Flow::kMore;
    const Contest contest = rules_.contest(*request);
    contender_ = std::make_shared<Contender>(
        center_, caller_, contest,
        [core = center_->core(), call = call_, rules = rules_, contest](const Result<Turn>& turn) {
          if (!turn.ok()) return call.Finish(turn.status());
          call.Reply(rules.answer(*core, contest, *turn));
        });
    contender_->Start();
    return net::Flow::kMore;
  }
  void OnHalfClose() override {
    if (contender_ == nullptr) End(Internal("the request ended before its message"));
  }
  void OnCancelled(const Status& /*reason*/) override {
    if (contender_ != nullptr) contender_->GiveUp();
  }
  void End(const Status& why) override { call_.Finish(why); }
  [[nodiscard]] bool requires_leader() const override { return caller_.requires_leader; }

  [[nodiscard]] static net::StreamingMethod Method(const std::shared_ptr<WatchCenter>& center,
                                                   const Rules& rules) {
    return Streaming(center->core(), Core::Learners::kRefused,
                     [center, rules](const CorePtr&, net::ServerCall call, const Caller& caller) {
                       return std::make_unique<ContestCall>(center, call, caller, rules);
                     });
  }

 private:
  const std::shared_ptr<WatchCenter> center_;
  const net::ServerCall call_;
  const Caller caller_;
  const Rules rules_;
  std::shared_ptr<Contender> contender_;
};

}  // namespace keel::api
