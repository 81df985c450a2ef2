#include "net/channel.h"

#include <utility>

namespace keel::net {

namespace {

class UnaryObserver final : public CallObserver {
 public:
  explicit UnaryObserver(std::function<void(UnaryResult)> done) : done_(std::move(done)) {}

  Flow OnMessage(std::string_view message) override {
    ++messages_;
    result_.response = message;
    return Flow::kMore;
  }

  void OnDone(const Status& status, const Metadata& trailers) override {
    result_.status = status;
    if (status.ok() && messages_ != 1) {
      result_.status =
          Internal("a unary call was answered by " + std::to_string(messages_) + " messages");
    }
    if (!result_.status.ok()) result_.response.clear();
    result_.trailers = trailers;
    done_(std::move(result_));
  }

 private:
  std::function<void(UnaryResult)> done_;
  UnaryResult result_;
  uint64_t messages_ = 0;
};

}  // namespace

ClientCallId CallUnary(Channel* channel, CallOptions options, Payload request,
                       std::function<void(UnaryResult)> done) {
  const ClientCallId call =
      channel->Start(std::move(options), std::make_unique<UnaryObserver>(std::move(done)));
  // A first message is always taken; if the call is over already, its observer says so.
  (void)channel->Write(call, std::move(request));
  channel->CloseWrites(call);
  return call;
}

}  // namespace keel::net
