#include "tests/net/sans_io.h"

#include <algorithm>

namespace keel::net {

std::string TakeSome(Session* session, OutputQueue* out, size_t bytes_max) {
  session->Produce(out);
  std::vector<std::string_view> spans;
  out->Gather(SIZE_MAX, &spans);
  std::string bytes;
  for (const std::string_view span : spans) bytes.append(span.substr(0, bytes_max - bytes.size()));
  out->Consume(bytes.size());
  return bytes;
}

std::string Take(Session* session) {
  OutputQueue out;
  std::string all;
  while (true) {
    const std::string some = TakeSome(session, &out, SIZE_MAX);
    if (some.empty()) return all;
    all.append(some);
  }
}

bool Wire::Carry(Session* from, Session* to) {
  const std::string bytes = Take(from);
  for (size_t at = 0; at < bytes.size();) {
    const size_t left = bytes.size() - at;
    const size_t now = chop == nullptr ? left : std::min<size_t>(left, 1 + chop->Below(40));
    to->Receive(std::string_view(bytes).substr(at, now), now_us);
    at += now;
  }
  return !bytes.empty();
}

void Wire::Pump() {
  bool moved = true;
  while (moved) {
    moved = Carry(client_, server_);
    moved = Carry(server_, client_) || moved;
  }
}

void Wire::Pass(uint64_t us) {
  now_us += us;
  client_->OnTime(now_us);
  server_->OnTime(now_us);
  Pump();
}

namespace {

class LoggingObserver final : public CallObserver {
 public:
  explicit LoggingObserver(CallLog* log) : log_(log) {}

  void OnMetadata(const Metadata& metadata) override { log_->metadata = metadata; }
  Flow OnMessage(std::string_view message) override {
    log_->messages.emplace_back(message);
    return log_->messages.size() >= log_->pause_after ? Flow::kPause : Flow::kMore;
  }
  void OnWritable() override { ++log_->writable; }
  void OnDone(const Status& status, const Metadata& trailers) override {
    ++log_->done;
    log_->status = status;
    log_->trailers = trailers;
  }

 private:
  CallLog* log_;
};

}  // namespace

std::unique_ptr<CallObserver> Observe(CallLog* log) {
  return std::make_unique<LoggingObserver>(log);
}

}  // namespace keel::net
