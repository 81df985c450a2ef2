// A server's gRPC session that is fed with bytes, and what comes back on its streams.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/grpc_server_session.h"
#include "tests/net/frames.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {

inline constexpr uint64_t kNowUs = 1'000'000;

// What came back on one stream.
struct Answer {
  Metadata headers;
  Metadata trailers;
  std::string data;
  bool ended = false;
  bool reset = false;

  [[nodiscard]] std::string Status() const {
    const Metadata& where = trailers.empty() ? headers : trailers;
    return std::string(where.Find("grpc-status").value_or("none")) + " " +
           std::string(where.Find("grpc-message").value_or(""));
  }
};

class GrpcServerSessionTest : public testing::Test {
 protected:
  GrpcServerSessionTest() { AddTestService(&table_, &log_); }

  void Open(GrpcServerOptions options = {}) {
    session_ = std::make_unique<GrpcServerSession>(
        options, GrpcServerSession::Environment{&table_, &registry_, &host_, "127.0.0.1:1"},
        kNowUs);
    session_->Receive(frames::Preface(), kNowUs);
    (void)Take(session_.get());
  }

  // Everything that the session says now, by stream.
  void Collect() {
    for (const frames::Frame& frame : frames::Cut(Take(session_.get()))) {
      Answer& answer = answers_[frame.stream];
      if (frame.type == frames::kHeaders) {
        Metadata fields = inflater_.Decode(frame.payload);
        (answer.headers.empty() ? answer.headers : answer.trailers) = fields;
      }
      if (frame.type == frames::kData) answer.data += frame.payload;
      if (frame.type == frames::kRstStream) answer.reset = true;
      if (frame.EndsStream()) answer.ended = true;
    }
  }

  Answer Ask(const std::string& bytes, uint32_t stream = 1) {
    if (session_ == nullptr) Open();
    session_->Receive(bytes, kNowUs);
    Collect();
    return answers_[stream];
  }

  static std::vector<Metadata::Field> With(std::vector<Metadata::Field> more) {
    std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Unary");
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }

  // 300,000 bytes of an answer on stream 1 wait for its windows, of the 100,000 that may.
  void OpenWithTooManyAnswers() {
    Open({.answers_bytes_max = 100'000});
    session_->Receive(frames::Unary(1, "/keel.test.Echo/Never", "q"), kNowUs);
    log_.waiting.at(0).Reply(Payload::Of(std::string(300'000, 'a')));
    Collect();
  }

  static std::string OpenWindows(const std::vector<uint32_t>& streams) {
    std::string bytes = frames::WindowUpdate(0, 10'000'000);
    for (const uint32_t stream : streams) bytes += frames::WindowUpdate(stream, 10'000'000);
    return bytes;
  }

  TestServiceLog log_;
  MethodTable table_;
  CallRegistry registry_;
  CountingHost host_;
  frames::Inflater inflater_;
  std::map<uint32_t, Answer> answers_;
  std::unique_ptr<GrpcServerSession> session_;
};

}  // namespace keel::net
