#include "jepsen/cluster/pipe.h"

#include <algorithm>
#include <span>

namespace keel::jepsen {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;
// Held of one direction; beyond it the sender is held back by TCP.
constexpr size_t kHeldBytesMax = size_t{1} << 20;
constexpr uint64_t kRetransmissionUs = 200'000;
constexpr uint64_t kUsPerSecond = 1'000'000;

}  // namespace

void Pipe::Side::OnReadable() {
  reads->waits_readable = false;
  pipe->Pump(reads);
}

void Pipe::Side::OnWritable() {
  writes->waits_writable = false;
  pipe->Pump(writes);
}

Pipe::Pipe(Options options, std::unique_ptr<net::ByteStream> near)
    : options_(std::move(options)),
      dice_(options_.seed),
      near_(std::move(near)),
      buffer_(kReadBytes) {
  out_.way = options_.way;
  back_.way = {.from = options_.way.to, .to = options_.way.from};
  near_side_.pipe = far_side_.pipe = this;
  near_side_.reads = far_side_.writes = &out_;
  near_side_.writes = far_side_.reads = &back_;
  near_->SetOwner(&near_side_);
  Connect();
}

void Pipe::Connect() {
  if (is_closed_ || far_ != nullptr || connector_ != nullptr) return;
  if (options_.links->At(out_.way).is_cut || options_.links->At(back_.way).is_cut) return;
  connector_ = std::make_unique<net::TcpConnector>(
      options_.executor, options_.address,
      alive_.Guard([this](Result<std::unique_ptr<net::ByteStream>> stream) {
        if (!stream.ok()) return Close();
        far_ = *std::move(stream);
        far_->SetOwner(&far_side_);
        out_.from = near_.get();
        out_.to = far_.get();
        back_.from = far_.get();
        back_.to = near_.get();
        Poke();
      }));
}

void Pipe::Poke() {
  Connect();
  if (far_ == nullptr) return;
  Pump(&out_);
  if (!is_closed_) Pump(&back_);
}

void Pipe::Close() {
  if (is_closed_) return;
  is_closed_ = true;
  options_.executor->Cancel(out_.timer);
  options_.executor->Cancel(back_.timer);
  if (near_ != nullptr) near_->Close();
  if (far_ != nullptr) far_->Close();
  options_.executor->Post(alive_.Guard([this] { options_.on_end(); }));
}

void Pipe::Pump(Direction* direction) {
  if (is_closed_ || far_ == nullptr || options_.links->At(direction->way).is_cut) return;
  ReadAll(direction);
  if (!is_closed_) WriteDue(direction);
}

void Pipe::ReadAll(Direction* direction) {
  while (!is_closed_ && !direction->has_ended && !direction->waits_readable &&
         direction->queued_bytes < kHeldBytesMax) {
    const auto outcome = direction->from->Read(std::span<char>(buffer_));
    switch (outcome.kind) {
      case net::ByteStream::Outcome::Kind::kDone:
        Take(direction, std::string(buffer_.data(), outcome.bytes));
        break;
      case net::ByteStream::Outcome::Kind::kWouldBlock:
        direction->waits_readable = true;
        direction->from->WaitReadable();
        break;
      case net::ByteStream::Outcome::Kind::kClosed:
        direction->has_ended = true;
        break;
    }
  }
}

void Pipe::Take(Direction* direction, std::string bytes) {
  const LinkState& link = options_.links->At(direction->way);
  if (dice_.Chance(link.closes_per_mille, 1000)) {
    options_.counters->closes++;
    return Close();
  }
  const uint64_t now_us = options_.executor->clock().MonotonicUs();
  uint64_t due_us = now_us + link.delay_us + dice_.Below(link.jitter_us + 1);
  if (dice_.Chance(link.stalls_per_mille, 1000)) {
    options_.counters->stalls++;
    due_us += kRetransmissionUs;
  }
  due_us = std::max(due_us, direction->last_due_us);  // a stream keeps its order
  if (link.bytes_per_second > 0) due_us += bytes.size() * kUsPerSecond / link.bytes_per_second;
  direction->last_due_us = due_us;
  direction->queued_bytes += bytes.size();
  direction->queue.push_back({.due_us = due_us, .bytes = std::move(bytes)});
}

void Pipe::WriteDue(Direction* direction) {
  const uint64_t now_us = options_.executor->clock().MonotonicUs();
  while (!direction->queue.empty() && !direction->waits_writable) {
    Chunk& chunk = direction->queue.front();
    if (chunk.due_us > now_us) {
      options_.executor->Cancel(direction->timer);
      direction->timer = options_.executor->PostAfter(
          chunk.due_us - now_us, alive_.Guard([this, direction] { Pump(direction); }));
      return;
    }
    const std::string_view rest = std::string_view(chunk.bytes).substr(direction->front_written);
    const auto outcome = direction->to->Write(std::span(&rest, 1));
    if (outcome.kind == net::ByteStream::Outcome::Kind::kClosed) return Close();
    if (outcome.kind == net::ByteStream::Outcome::Kind::kWouldBlock) {
      direction->waits_writable = true;
      direction->to->WaitWritable();
      return;
    }
    options_.counters->bytes += outcome.bytes;
    direction->front_written += outcome.bytes;
    direction->queued_bytes -= outcome.bytes;
    if (direction->front_written < chunk.bytes.size()) continue;
    direction->queue.pop_front();
    direction->front_written = 0;
  }
  if (direction->queue.empty() && direction->has_ended) return Close();
  // What the bound held back may now be read.
  if (!direction->waits_readable && !direction->has_ended && direction->queue.empty()) {
    direction->waits_readable = true;
    direction->from->WaitReadable();
  }
}

}  // namespace keel::jepsen
