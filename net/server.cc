#include "net/server.h"

#include <utility>

namespace keel::net {

namespace {

constexpr size_t kReceiveBufferBytes = 64 * 1024;

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(AsioExecutor* executor, ServerOptions options,
                                              Tables tables) {
  std::unique_ptr<Server> server(new Server(executor, std::move(options), tables));
  Server* const self = server.get();
  auto listener = TcpListener::Listen(
      executor, {.address = self->options_.address, .on_failed = self->options_.on_accept_failed},
      [self](std::unique_ptr<ByteStream> stream) { self->OnAccept(std::move(stream)); });
  if (!listener.ok()) return listener.status();
  self->listener_ = std::move(listener).value();
  self->address_ = self->listener_->address();
  return server;
}

Server::Server(AsioExecutor* executor, ServerOptions options, Tables tables)
    : executor_(executor),
      options_(std::move(options)),
      tables_(tables),
      receive_buffer_(kReceiveBufferBytes) {}

Server::~Server() {
  executor_->Cancel(cut_timer_);
  listener_.reset();
  on_drained_ = nullptr;
  connections_.clear();
}

Server::Counts Server::counts() const {
  Counts counts{.accepted = accepted_, .refused = refused_, .open = connections_.size()};
  for (const auto& [number, connection] : connections_) {
    const Session::Held held = connection->held();
    counts.held.requests_bytes += held.requests_bytes;
    counts.held.answers_bytes += held.answers_bytes;
  }
  return counts;
}

void Server::OnAccept(std::unique_ptr<ByteStream> stream) {
  if (connections_.size() >= options_.connections_max) {
    ++refused_;
    return stream->Close();
  }
  const uint64_t number = ++accepted_;
  if (options_.wrap_stream) stream = options_.wrap_stream(std::move(stream));
  auto make_session = [this](SessionHost* host, std::string_view peer) {
    return std::make_unique<ServerSession>(
        options_.session,
        ServerSession::Environment{tables_.methods, tables_.http, &registry_, host,
                                   std::string(peer)},
        executor_->clock().MonotonicUs());
  };
  connections_.emplace(
      number,
      std::make_unique<Connection>(
          std::move(stream),
          Connection::Environment{.executor = executor_,
                                  .clock = &executor_->clock(),
                                  .receive_buffer = receive_buffer_,
                                  .on_closed = [this, number](const Status&) { OnClosed(number); }},
          make_session));
}

void Server::OnClosed(uint64_t number) {
  const auto found = connections_.find(number);
  if (options_.on_cut && found != connections_.end()) {
    const Session::Cut cut = found->second->cut();
    if (!cut.word.empty()) options_.on_cut(found->second->peer(), cut);
  }
  // The connection is still running: it is destroyed by a task of its own.
  executor_->Post(alive_.Guard([this, number] {
    connections_.erase(number);
    if (connections_.empty() && on_drained_) {
      executor_->Cancel(std::exchange(cut_timer_, {}));
      std::exchange(on_drained_, {})();
    }
  }));
}

void Server::Drain(uint64_t grace_us, std::function<void()> on_drained) {
  listener_.reset();
  on_drained_ = std::move(on_drained);
  if (connections_.empty()) {
    executor_->Post(alive_.Guard([this] {
      if (on_drained_) std::exchange(on_drained_, {})();
    }));
    return;
  }
  for (const auto& [number, connection] : connections_) connection->StartDrain();
  cut_timer_ = executor_->PostAfter(grace_us, [this] { CutAll(); });
}

void Server::CutAll() {
  cut_timer_ = {};
  for (const auto& [number, connection] : connections_) {
    connection->Close(Unavailable("the server is shutting down"));
  }
}

}  // namespace keel::net
