// The loop of a connection, on a stream and an executor that the test moves by hand.
#include "net/connection.h"

#include <gtest/gtest.h>

#include <array>

#include "net/grpc_server_session.h"
#include "tests/net/frames.h"
#include "tests/net/manual_executor.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

// The other end's view of a stream; outlives it.
struct Line {
  std::string incoming;
  std::string outgoing;
  size_t writable_bytes = SIZE_MAX;
  int writes = 0;
  size_t reads_max_bytes = SIZE_MAX;
  bool peer_closed = false;
  bool closed = false;
  bool waits_readable = false;
  bool waits_writable = false;
  StreamOwner* owner = nullptr;
};

class FakeStream final : public ByteStream {
 public:
  explicit FakeStream(Line* line) : line_(line) {}

  void SetOwner(StreamOwner* owner) override { line_->owner = owner; }
  Outcome Read(std::span<char> into) override {
    const size_t bytes = std::min({into.size(), line_->incoming.size(), line_->reads_max_bytes});
    if (bytes == 0 && line_->peer_closed) {
      return {.kind = Outcome::Kind::kClosed, .reason = Unavailable("closed by the peer")};
    }
    if (bytes == 0) return {.kind = Outcome::Kind::kWouldBlock};
    line_->incoming.copy(into.data(), bytes);
    line_->incoming.erase(0, bytes);
    return {.bytes = bytes};
  }
  Outcome Write(std::span<const std::string_view> spans) override {
    ++line_->writes;
    size_t taken = 0;
    for (const std::string_view span : spans) {
      const size_t now = std::min(span.size(), line_->writable_bytes - taken);
      line_->outgoing.append(span.substr(0, now));
      taken += now;
    }
    if (line_->writable_bytes != SIZE_MAX) line_->writable_bytes -= taken;
    if (taken == 0) return {.kind = Outcome::Kind::kWouldBlock};
    return {.bytes = taken};
  }
  void WaitReadable() override { line_->waits_readable = true; }
  void WaitWritable() override { line_->waits_writable = true; }
  void Close() override {
    line_->closed = true;
    line_->owner = nullptr;
  }
  std::string_view peer() const override { return "fake:1"; }

 private:
  Line* line_;
};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    AddTestService(&methods_, &log_);
    Connect();
  }

  void Connect(size_t slice_bytes_max = std::string_view::npos) {
    connection_ = std::make_unique<Connection>(
        std::make_unique<FakeStream>(&line_),
        Connection::Environment{.executor = &executor_,
                                .clock = &executor_,
                                .receive_buffer = buffer_,
                                .on_closed = [this](const Status& why) { closed_ = why; },
                                .slice_bytes_max = slice_bytes_max},
        [this](SessionHost* host, std::string_view peer) {
          return std::make_unique<GrpcServerSession>(
              options_,
              GrpcServerSession::Environment{&methods_, &registry_, host, std::string(peer)},
              executor_.MonotonicUs());
        });
  }

  void Arrive(const std::string& bytes) {
    line_.incoming += bytes;
    Readable();
  }
  void Readable() {
    if (!std::exchange(line_.waits_readable, false) || line_.owner == nullptr) return;
    line_.owner->OnReadable();
    executor_.Run();
  }
  void Writable(size_t bytes) {
    line_.writable_bytes = bytes;
    if (!std::exchange(line_.waits_writable, false) || line_.owner == nullptr) return;
    line_.owner->OnWritable();
    executor_.Run();
  }

  ManualExecutor executor_;
  TestServiceLog log_;
  MethodTable methods_;
  CallRegistry registry_;
  GrpcServerOptions options_;
  Line line_;
  std::array<char, 4096> buffer_;
  Status closed_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, AnswersManyStreamsInOneWrite) {
  std::string requests = frames::Preface();
  for (uint32_t i = 0; i < 50; ++i) {
    requests += frames::Unary(1 + 2 * i, "/keel.test.Echo/Never", "q");
  }
  while (!requests.empty()) {
    Arrive(requests.substr(0, 4096));
    requests.erase(0, std::min<size_t>(requests.size(), 4096));
  }
  ASSERT_EQ(log_.waiting.size(), 50u);
  line_.writes = 0;
  for (const ServerCall& call : log_.waiting) call.Reply(Payload::Of("answer"));
  EXPECT_EQ(line_.writes, 0) << "written from inside an answer";
  executor_.Run();
  EXPECT_EQ(line_.writes, 1);
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kData).size(), 50u);
}

TEST_F(ConnectionTest, AnswersAheadOfTheRestWhereItReadsInSlices) {
  const std::string many = frames::Preface() + frames::Unary(1, "/keel.test.Echo/Unary", "one") +
                           std::string(frames::Unary(3, "/keel.test.Echo/Unary", "two"));
  Arrive(many);
  EXPECT_EQ(line_.writes, 1);
  connection_.reset();
  line_ = {};
  Connect(many.size() / 2 + 1);
  Arrive(many);
  EXPECT_EQ(line_.writes, 2);
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kData).size(), 2u);
}

TEST_F(ConnectionTest, WaitsForASocketThatIsFull) {
  line_.writable_bytes = 0;
  Arrive(frames::Preface() + frames::Unary(1, "/keel.test.Echo/Unary", "hello"));
  executor_.Run();
  EXPECT_TRUE(line_.waits_writable);
  EXPECT_EQ(line_.outgoing, "");
  while (line_.waits_writable) Writable(7);
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kData).size(), 1u);
  EXPECT_TRUE(line_.waits_readable) << "a full socket does not stop the reading";
}

TEST_F(ConnectionTest, ReadsALittleAtATimeAndLetsOthersHaveTheirTurn) {
  line_.reads_max_bytes = buffer_.size();
  line_.incoming = frames::Preface() + frames::WindowUpdate(0, 1);
  for (uint32_t i = 0; i < 400; ++i) {
    line_.incoming += frames::Unary(1 + 2 * i, "/keel.test.Echo/Unary", "q");
  }
  const size_t before = line_.incoming.size();
  Readable();
  EXPECT_EQ(before - line_.incoming.size(), 4 * buffer_.size());
  while (!line_.incoming.empty()) Readable();
  EXPECT_EQ(log_.unary, 400u);
}

TEST_F(ConnectionTest, TellsWhenThePeerHasGone) {
  Arrive(frames::Preface() + frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Chat")));
  EXPECT_EQ(log_.open, 1u);
  line_.peer_closed = true;
  Readable();
  EXPECT_EQ(closed_, Unavailable("closed by the peer"));
  EXPECT_EQ(log_.open, 0u);
  EXPECT_TRUE(line_.closed);
  EXPECT_EQ(executor_.timers(), 0u);
}

TEST_F(ConnectionTest, RunsDeadlinesByTheClock) {
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Never");
  fields.push_back({"grpc-timeout", "30m"});
  Arrive(frames::Preface() + frames::Headers(1, fields) +
         frames::Data(1, frames::Message("q"), frames::kEndStream));
  executor_.Pass(29'000);
  EXPECT_TRUE(log_.waiting.at(0).IsOpen());
  executor_.Pass(1'000);
  EXPECT_FALSE(log_.waiting.at(0).IsOpen());
}

TEST_F(ConnectionTest, FindsAPeerThatIsThereNoMore) {
  Arrive(frames::Preface());
  executor_.Pass(options_.http2.keepalive_interval_us);
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kPing).size(), 1u);
  executor_.Pass(options_.http2.keepalive_timeout_us);
  EXPECT_FALSE(closed_.ok());
  EXPECT_TRUE(line_.closed);
}

TEST_F(ConnectionTest, CutsAPeerThatDoesNotTakeItsFarewell) {
  Arrive(frames::Preface());
  line_.writable_bytes = 0;
  std::string pings;
  for (int i = 0; i < 10; ++i) pings += frames::Ping();
  Arrive(pings);
  EXPECT_TRUE(closed_.ok());
  executor_.Pass(1'000'000);
  EXPECT_EQ(closed_, Unavailable("the peer takes no more"));
}

TEST_F(ConnectionTest, SaysItsFarewellAndCloses) {
  Arrive(frames::Preface());
  std::string pings;
  for (int i = 0; i < 10; ++i) pings += frames::Ping();
  Arrive(pings);
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kGoAway).size(), 1u);
  EXPECT_FALSE(closed_.ok());
}

TEST_F(ConnectionTest, DrainsWhenItsCallsAreDone) {
  Arrive(frames::Preface() + frames::Unary(1, "/keel.test.Echo/Never", "q"));
  connection_->StartDrain();
  executor_.Pass(5'000'000);
  EXPECT_TRUE(closed_.ok());
  log_.waiting.at(0).Reply(Payload::Of("done"));
  executor_.Run();
  EXPECT_FALSE(closed_.ok());
  EXPECT_EQ(frames::Of(frames::Cut(line_.outgoing), frames::kData).size(), 1u);
}

TEST_F(ConnectionTest, MayBeDestroyedWhileItsTasksWait) {
  Arrive(frames::Preface() + frames::Unary(1, "/keel.test.Echo/Never", "q"));
  log_.waiting.at(0).Reply(Payload::Of("done"));
  connection_.reset();
  executor_.Pass(100'000'000);
  log_.waiting.at(0).Reply(Payload::Of("late"));
}

}  // namespace
}  // namespace keel::net
