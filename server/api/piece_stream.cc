#include "server/api/piece_stream.h"

#include <utility>

namespace keel::api {

namespace {

// What has been read and not been taken yet: enough that the disk is read while the client works on
// what it has, and little beside what the transport holds.
constexpr size_t kAheadBytesMax = size_t{1} << 20;
// One is read while another is on its way from there to here.
constexpr int kReadsMax = 2;

}  // namespace

PieceStream::PieceStream(CorePtr core, net::ServerCall call, Options options)
    : core_(std::move(core)), call_(call), options_(std::move(options)) {
  core_->Add(this);
}

PieceStream::~PieceStream() {
  core_->Remove(this);
  *alive_ = false;
}

net::Flow PieceStream::OnMessage(std::string_view bytes) {
  if (asked_) return net::Flow::kMore;
  asked_ = true;
  options_.begin(bytes, [alive = alive_, this](Result<std::unique_ptr<PieceSource>> source) {
    if (*alive) OnSource(std::move(source));
  });
  return net::Flow::kMore;
}

void PieceStream::OnHalfClose() {
  if (!asked_) End(Internal("the request ended before its message"));
}

void PieceStream::OnWritable() {
  writable_ = true;
  Flush();
}

void PieceStream::End(const Status& why) {
  ended_ = true;
  call_.Finish(why);
}

void PieceStream::OnSource(Result<std::unique_ptr<PieceSource>> source) {
  if (ended_) return;
  if (!source.ok()) return End(source.status());
  work_ = std::make_shared<Work>();
  work_->source = std::move(*source);
  ReadAhead();
}

void PieceStream::ReadAhead() {
  if (work_ == nullptr) return;
  while (reads_ < kReadsMax && !last_ && !ended_ && outbox_bytes_ < kAheadBytesMax) {
    ++reads_;
    options_.reads->Post([core = core_, work = work_, alive = alive_, this] {
      if (work->over) return;
      auto piece = std::make_unique<Result<PieceSource::Piece>>(work->source->Next());
      work->over = !piece->ok() || (*piece)->last;
      core->ToTransport([alive, this, piece = std::move(piece)] {
        if (*alive) OnPiece(std::move(*piece));
      });
    });
  }
}

void PieceStream::OnPiece(Result<PieceSource::Piece> piece) {
  --reads_;
  if (ended_) return;
  if (!piece.ok()) return End(piece.status());
  last_ = piece->last;
  for (Payload& message : piece->messages) {
    outbox_bytes_ += message.size();
    outbox_.push_back(std::move(message));
  }
  // Before this thread gives all that to the kernel.
  ReadAhead();
  Flush();
}

void PieceStream::Flush() {
  while (writable_ && !outbox_.empty()) {
    const net::WriteResult result = call_.Write(outbox_.front());
    if (result == net::WriteResult::kGone) return;
    writable_ = result == net::WriteResult::kMore;
    if (result == net::WriteResult::kRefused) break;
    outbox_bytes_ -= outbox_.front().size();
    outbox_.pop_front();
  }
  ReadAhead();
  if (last_ && outbox_.empty() && !ended_) End(Status());
}

}  // namespace keel::api
