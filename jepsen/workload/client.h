// What workloads call servers with: etcd's API, over plain gRPC by one connection to each node, or
// through libkeel.
//
// A plain call goes to one node and is never repeated. A failure is told apart by whether the call
// can have taken effect: CertainlyNotDone. Belongs to the network's executor, and is
// closed and destroyed after that has ended.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/network.h"
#include "jepsen/workload/sdk.h"
#include "net/asio_channel.h"

namespace keel::jepsen {

// What a call fails with while its node is not connected: it was not sent.
constexpr std::string_view kNotSent = "no connection, and nothing was sent";

// Whether a call that failed so has not been, and will never be, carried out.
[[nodiscard]] bool CertainlyNotDone(const Status& status);

class Client {
 public:
  Client(Network* network, size_t nodes, uint64_t seed);

  struct Where {
    size_t node = 0;
    std::string_view path;  // "/package.Service/Method"
    uint64_t timeout_us = 0;
    net::Metadata metadata;
    bool through_sdk = false;  // then libkeel chooses the node
  };

  // `done` is called once, later. Request and Response are messages of the API.
  template <class Response, class Request>
  void Ask(Where where, const Request& request, std::function<void(Result<Response>)> done) {
    AskBytes(std::move(where), request.SerializeAsString(),
             [done = std::move(done)](net::UnaryResult result) {
               if (!result.status.ok()) return done(result.status);
               Response response;
               if (!response.ParseFromString(result.response)) {
                 return done(Unknown("the answer is no message of its kind"));
               }
               done(std::move(response));
             });
  }
  // A call whose answers come as a stream.
  [[nodiscard]] net::Channel* ChannelTo(size_t node) { return channels_[node].get(); }
  // The first node from `wanted` on that is connected; `wanted` itself when none is.
  [[nodiscard]] size_t Connected(size_t wanted);
  // The same, and past nodes that have just refused or left a call without an answer for a while,
  // as a client does that looks for a leader's majority.
  [[nodiscard]] size_t Responsive(size_t wanted);
  // Ends every call that is under way, once the executor has ended: while those live whom the calls
  // belong to. Later calls are never answered.
  void Close();
  [[nodiscard]] size_t nodes() const { return channels_.size(); }
  [[nodiscard]] Executor* executor() { return network_->executor(); }
  [[nodiscard]] const Clock& clock() const { return network_->clock(); }

 private:
  void AskBytes(Where where, std::string request, std::function<void(net::UnaryResult)> done);

  // What the calls to one node have come to of late.
  struct Pulse {
    size_t waiting = 0;
    uint64_t quiet_since_us = 0;  // its last answer, or when the first of those waiting was sent
    uint64_t shunned_until_us = 0;
  };
  void NoteAnswer(size_t node, const Status& status);
  [[nodiscard]] bool IsResponsive(size_t node) const;

  Network* const network_;
  bool is_closed_ = false;
  std::vector<std::unique_ptr<net::AsioChannel>> channels_;
  std::vector<Pulse> pulses_;
  std::unique_ptr<Sdk> sdk_;
};

}  // namespace keel::jepsen
