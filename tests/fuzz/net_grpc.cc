// Feeds the gRPC layers with anything that valid frames can carry: header values, message bytes,
// compression, cancels; the server's layer and the client's, by the first byte.
//
// Whatever comes: a call ends once, handlers never outlive the session, and late answers meet
// nothing. HTTP/2 itself is net_http2's business.
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/grpc_client_session.h"
#include "net/grpc_server_session.h"

namespace keel::net {
namespace {

class Host final : public SessionHost {
 public:
  void WantsFlush() override {}
};

// Reads choices and bytes off the input.
class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view Bytes() {
    const std::string_view bytes = rest_.substr(0, Byte());
    const std::string_view taken = rest_.substr(0, bytes.size());
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = {static_cast<char>(payload.size() >> 16),
                       static_cast<char>(payload.size() >> 8),
                       static_cast<char>(payload.size()),
                       static_cast<char>(type),
                       static_cast<char>(flags),
                       static_cast<char>(stream >> 24),
                       static_cast<char>(stream >> 16),
                       static_cast<char>(stream >> 8),
                       static_cast<char>(stream)};
  return frame.append(payload);
}

std::string Block(const std::vector<Metadata::Field>& fields) {
  std::string block;
  for (const Metadata::Field& field : fields) {
    block.push_back('\0');
    for (const std::string_view text : {field.name, field.value.substr(0, 120)}) {
      block.push_back(static_cast<char>(text.size()));
      block.append(text);
    }
  }
  return block;
}

class Echo final : public CallHandler {
 public:
  Echo(ServerCall call, int* open, bool pauses) : call_(call), open_(open), pauses_(pauses) {
    ++*open_;
  }
  ~Echo() override { --*open_; }

  Flow OnMessage(std::string_view message) override {
    KEEL_CHECK(!over_);
    if (message.starts_with("end")) {
      over_ = true;
      call_.Finish(Aborted(std::string(message)));
      return Flow::kMore;
    }
    (void)call_.Write(Payload::Of(std::string(message)));
    return pauses_ ? Flow::kPause : Flow::kMore;
  }
  void OnHalfClose() override {
    KEEL_CHECK(!over_);
    over_ = true;
    call_.Finish(Status());
  }
  void OnWritable() override { KEEL_CHECK(!over_); }
  void OnCancelled(const Status& why) override {
    KEEL_CHECK(!over_ && !why.ok());
    over_ = true;
    call_.Finish(Status());
  }

 private:
  ServerCall call_;
  int* open_;
  bool pauses_;
  bool over_ = false;
};

// So that each bound is met often.
GrpcServerOptions TightOptions() {
  return {.message_bytes_max = 3000,
          .requests_bytes_max = 5000,
          .answers_bytes_max = 2000,
          .compress_bytes_min = 10};
}

void RunServer(Input input) {
  MethodTable table;
  int open = 0;
  std::vector<ServerCall> calls;
  table.AddUnary("/a.B/U", [&](ServerCall call, const CallContext&, std::string_view request) {
    calls.push_back(call);
    if (request.size() % 2 == 0) call.Reply(Payload::Of(std::string(request)));
  });
  table.AddStreaming("/a.B/S", [&](ServerCall call, const CallContext&) {
    calls.push_back(call);
    return std::make_unique<Echo>(call, &open, calls.size() % 3 == 0);
  });
  CallRegistry registry;
  Host host;
  auto session = std::make_unique<GrpcServerSession>(
      TightOptions(), GrpcServerSession::Environment{&table, &registry, &host, "fuzz"}, 0);
  session->Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, ""), 0);
  OutputQueue out;
  uint64_t now_us = 0;
  uint32_t next_stream = 1;
  while (!input.empty()) {
    const uint8_t choice = input.Byte();
    const uint32_t stream = 1 + 2 * (choice >> 4);
    switch (choice % 6) {
      case 0:
      case 1: {
        std::vector<Metadata::Field> fields = {{":method", "POST"},
                                               {":scheme", "http"},
                                               {":path", choice % 6 == 0 ? "/a.B/U" : "/a.B/S"},
                                               {"content-type", "application/grpc"}};
        const std::string_view names[] = {"grpc-timeout", "grpc-encoding", "grpc-accept-encoding",
                                          "x-bin", "te"};
        for (uint8_t i = choice >> 6; i > 0; --i) {
          const std::string_view name = names[input.Byte() % std::size(names)];
          const std::string_view values[] = {"gzip", "1S", "identity,gzip", input.Bytes()};
          fields.push_back({name, values[input.Byte() % std::size(values)]});
        }
        session->Receive(Frame(1, 4, next_stream, Block(fields)), now_us);
        next_stream += 2;
        break;
      }
      case 2:
        session->Receive(Frame(0, choice >> 7, stream, input.Bytes()), now_us);
        break;
      case 3: {
        std::string message = {static_cast<char>(choice >> 7), 0, 0, 0, 0};
        const std::string_view body = input.Bytes();
        message[4] = static_cast<char>(body.size());
        session->Receive(Frame(0, input.Byte() & 1, stream, message.append(body)), now_us);
        break;
      }
      case 4:
        if (!calls.empty()) calls[choice % calls.size()].Reply(Payload::Of("late"));
        if (!calls.empty()) calls[stream % calls.size()].ResumeReads();
        break;
      default:
        now_us += choice * 10'000;
        session->OnTime(now_us);
        if (choice & 64) session->Receive(Frame(3, 0, stream, std::string(4, '\0')), now_us);
    }
    session->Produce(&out);
    out.Consume(out.size_bytes());
  }
  session->OnTransportClosed(Unavailable("gone"));
  KEEL_CHECK(open == 0) << "a handler outlives its call";
  session.reset();
  for (const ServerCall& call : calls) call.Finish(Status());
}

class Follower final : public CallObserver {
 public:
  explicit Follower(int* running) : running_(running) { ++*running_; }

  Flow OnMessage(std::string_view message) override {
    KEEL_CHECK(!done_ && message.size() <= 3000);
    return message.size() % 5 == 4 ? Flow::kPause : Flow::kMore;
  }
  void OnDone(const Status&, const Metadata&) override {
    KEEL_CHECK(!done_) << "a call ended twice";
    done_ = true;
    --*running_;
  }

 private:
  int* running_;
  bool done_ = false;
};

void RunClient(Input input) {
  Host host;
  int running = 0;
  GrpcClientSession session({.message_bytes_max = 3000}, &host, 0);
  session.Receive(Frame(4, 0, 0, ""), 0);
  OutputQueue out;
  uint64_t now_us = 0;
  while (!input.empty()) {
    const uint8_t choice = input.Byte();
    const uint32_t stream = 1 + 2 * (choice >> 5);
    switch (choice % 6) {
      case 0: {
        std::unique_ptr<CallObserver> observer = std::make_unique<Follower>(&running);
        const auto started =
            session.Start({.options = {.path = "/a.B/C"},
                           .deadline_us = (choice & 64) != 0 ? now_us + 100'000 : 0},
                          &observer, now_us);
        if (!started.ok()) observer->OnDone(started.status(), {});
        break;
      }
      case 1: {
        std::vector<Metadata::Field> fields;
        const Metadata::Field known[] = {{":status", "200"},
                                         {"content-type", "application/grpc"},
                                         {"grpc-status", input.Bytes()},
                                         {"grpc-message", input.Bytes()},
                                         {"grpc-encoding", "gzip"}};
        const uint8_t which = input.Byte();
        for (size_t i = 0; i < std::size(known); ++i) {
          if ((which >> i & 1) != 0) fields.push_back(known[i]);
        }
        session.Receive(Frame(1, 4 | (which >> 7), stream, Block(fields)), now_us);
        break;
      }
      case 2:
        session.Receive(Frame(0, choice >> 7, stream, input.Bytes()), now_us);
        break;
      case 3: {
        const std::string_view body = input.Bytes();
        std::string message = {static_cast<char>(choice >> 7), 0, 0, 0,
                               static_cast<char>(body.size())};
        session.Receive(Frame(0, input.Byte() & 1, stream, message.append(body)), now_us);
        break;
      }
      case 4:
        session.ResumeReads(StreamId(stream));
        if (choice & 16) session.Cancel(StreamId(stream));
        break;
      default:
        now_us += choice * 1'000;
        session.OnTime(now_us);
        if (choice & 64) session.Receive(Frame(3, 0, stream, std::string(4, '\7')), now_us);
    }
    session.Produce(&out);
    out.Consume(out.size_bytes());
  }
  session.OnTransportClosed(Unavailable("gone"));
  KEEL_CHECK(running == 0) << "a call never ended";
}

}  // namespace
}  // namespace keel::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const keel::net::Input input({reinterpret_cast<const char*>(data + 1), size - 1});
  if (data[0] % 2 == 0) {
    keel::net::RunServer(input);
  } else {
    keel::net::RunClient(input);
  }
  return 0;
}
