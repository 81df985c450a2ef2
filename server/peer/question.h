// One question to whoever listens at an address: who are you? Asked before a cluster runs, and by
// those that join one.
//
// Tries the member's addresses in turn; the first answer counts. Ends exactly once, within its
// timeout, unless it is destroyed first. Belongs to the transport, on its executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/alive.h"
#include "net/connection.h"
#include "net/tcp.h"
#include "server/node/bootstrap.h"
#include "server/peer/framing.h"

namespace keel::peers {

// The dialing end of it, without a socket.
class QuestionSession final : public net::Session {
 public:
  QuestionSession(net::SessionHost* host, std::function<void(Result<node::Introduction>)> done)
      : host_(host), done_(std::move(done)), reader_(0) {
    AppendWireFrame(FrameKind::kQuestion, {}, &out_);
  }

  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(net::OutputQueue* out) override {
    out->Append(out_);
    out_.clear();
  }
  void OnTime(uint64_t /*now_us*/) override {}
  [[nodiscard]] uint64_t NextWakeUs() const override { return kNever; }
  void StartDrain(uint64_t /*now_us*/) override { closing_ = true; }
  [[nodiscard]] bool WantsClose() const override { return closing_; }
  void OnTransportClosed(const Status& reason) override;

 private:
  void End(Result<node::Introduction> answer);

  net::SessionHost* const host_;
  std::function<void(Result<node::Introduction>)> done_;
  FrameReader reader_;
  std::string out_;
  bool closing_ = false;
};

class Question {
 public:
  struct Options {
    net::AsioExecutor* executor = nullptr;
    std::span<char> receive_buffer;
    std::vector<net::Address> addresses;
    uint64_t timeout_us = 0;
    // Once; the question may not be destroyed from inside.
    std::function<void(Result<node::Introduction>)> done;
  };
  explicit Question(Options options);
  ~Question();
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

 private:
  void Dial();
  void OnConnect(Result<std::unique_ptr<net::ByteStream>> stream);
  void OnAnswer(Result<node::Introduction> answer);
  void End(Result<node::Introduction> answer);

  const Options options_;
  size_t next_address_ = 0;
  bool ended_ = false;
  TimerId timer_;
  std::unique_ptr<net::TcpConnector> connector_;
  std::unique_ptr<net::Connection> connection_;
  net::Alive alive_;
};

}  // namespace keel::peers
