#include "server/peer/question.h"

#include <utility>

namespace keel::peers {

void QuestionSession::Receive(std::string_view bytes, uint64_t /*now_us*/) {
  if (closing_) return;
  reader_.Append(bytes);
  FrameReader::Frame frame;
  const FrameReader::Outcome outcome = reader_.Next(&frame);
  if (outcome == FrameReader::Outcome::kNeedsMore) return;
  if (outcome == FrameReader::Outcome::kBroken) return End(reader_.reason());
  std::optional<node::Introduction> answer;
  if (frame.kind == FrameKind::kAnswer) answer = node::DecodeIntroduction(frame.body);
  if (!answer.has_value()) return End(DataLoss("an answer that cannot be read"));
  End(*std::move(answer));
}

void QuestionSession::OnTransportClosed(const Status& reason) { End(reason); }

void QuestionSession::End(Result<node::Introduction> answer) {
  closing_ = true;
  host_->WantsFlush();
  if (done_) std::exchange(done_, nullptr)(std::move(answer));
}

Question::Question(Options options) : options_(std::move(options)) {
  timer_ = options_.executor->PostAfter(options_.timeout_us, alive_.Guard([this] {
    timer_ = {};
    End(DeadlineExceeded("no answer in time"));
  }));
  options_.executor->Post(alive_.Guard([this] { Dial(); }));
}

Question::~Question() {
  ended_ = true;
  options_.executor->Cancel(timer_);
  connector_.reset();
  connection_.reset();
}

void Question::Dial() {
  if (ended_) return;
  if (next_address_ == options_.addresses.size()) return End(Unavailable("nobody answers"));
  connector_ = std::make_unique<net::TcpConnector>(
      options_.executor, options_.addresses[next_address_++],
      [this](Result<std::unique_ptr<net::ByteStream>> stream) { OnConnect(std::move(stream)); });
}

void Question::OnConnect(Result<std::unique_ptr<net::ByteStream>> stream) {
  if (!stream.ok()) return OnAnswer(stream.status());
  connection_ = std::make_unique<net::Connection>(
      std::move(*stream),
      net::Connection::Environment{.executor = options_.executor,
                                   .clock = &options_.executor->clock(),
                                   .receive_buffer = options_.receive_buffer,
                                   .on_closed = [](const Status&) {}},
      [this](net::SessionHost* host, std::string_view) {
        return std::make_unique<QuestionSession>(
            host, [this](Result<node::Introduction> answer) { OnAnswer(std::move(answer)); });
      });
}

// What was asked by is still running: it goes by a task of its own.
void Question::OnAnswer(Result<node::Introduction> answer) {
  if (ended_) return;
  options_.executor->Post(alive_.Guard([this, answer = std::move(answer)]() mutable {
    connector_.reset();
    connection_.reset();
    answer.ok() ? End(std::move(answer)) : Dial();
  }));
}

void Question::End(Result<node::Introduction> answer) {
  if (std::exchange(ended_, true)) return;
  options_.executor->Cancel(std::exchange(timer_, {}));
  options_.done(std::move(answer));
}

}  // namespace keel::peers
