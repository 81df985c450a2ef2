// The accepting end of a peer connection, without a socket: reads the first word, lets the dialer
// in or says why not, then takes its messages.
//
// A question (who are you?) is answered instead, and the connection ends. Whoever is refused is
// told the reason before the end. Nothing reaches on_message before the greeting is over. Belongs
// to a Connection, on its executor; the environment's callbacks run inside Receive.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "net/session.h"
#include "server/peer/dial_session.h"
#include "server/peer/framing.h"
#include "server/peer/greeting.h"

namespace keel::peers {

class AcceptSession final : public net::Session {
 public:
  struct Environment {
    net::SessionHost* host = nullptr;
    std::function<Welcome(const Hello&)> judge;
    // The body of a message frame; false if it cannot be one, which ends the connection.
    std::function<bool(NodeId from, std::string_view body)> on_message;
    // This member's Introduction; empty while it cannot say, and then the connection just ends.
    std::function<std::string()> introduce;
    // The connection ends because of what came in, and not because it was lost.
    std::function<void(const Status&)> on_offence;
  };
  AcceptSession(const SessionOptions& options, Environment environment, uint64_t now_us);

  // Who was let in.
  [[nodiscard]] const std::optional<Hello>& hello() const { return hello_; }

  void Receive(std::string_view bytes, uint64_t now_us) override;
  void Produce(net::OutputQueue* out) override;
  void OnTime(uint64_t now_us) override;
  [[nodiscard]] uint64_t NextWakeUs() const override;
  void StartDrain(uint64_t now_us) override;
  [[nodiscard]] bool WantsClose() const override { return closing_; }
  void OnTransportClosed(const Status& reason) override;

 private:
  void OnFrame(const FrameReader::Frame& frame);
  void OnFirst(const FrameReader::Frame& frame);
  void Offend(Status what);
  void End();

  const SessionOptions& options_;
  const Environment environment_;
  FrameReader reader_;
  std::optional<Hello> hello_;
  std::string out_;
  uint64_t end_by_us_;
  bool closing_ = false;
};

}  // namespace keel::peers
