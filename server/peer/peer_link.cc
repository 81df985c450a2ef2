#include "server/peer/peer_link.h"

#include <algorithm>
#include <utility>

namespace keel::peers {

PeerLink::PeerLink(node::Lane lane, uint64_t seed, Environment environment)
    : environment_(std::move(environment)),
      options_(*environment_.options),
      prng_(seed),
      queue_(lane == node::Lane::kUrgent ? options_.urgent_queue_bytes_max
                                         : options_.bulk_queue_bytes_max) {}

PeerLink::~PeerLink() {
  environment_.executor->Cancel(timer_);
  connector_.reset();
  connection_.reset();
}

void PeerLink::SetAddresses(std::vector<net::Address> addresses) {
  const bool is_same =
      std::equal(addresses.begin(), addresses.end(), addresses_.begin(), addresses_.end(),
                 [](const auto& a, const auto& b) { return a.host == b.host && a.port == b.port; });
  if (is_same) return;
  addresses_ = std::move(addresses);
  next_address_ = 0;
  refused_in_a_row_ = 0;
  if (connection_ != nullptr) return;
  connector_.reset();
  DialLater(0);
}

void PeerLink::Nudge() {
  if (!dialing_ && connection_ == nullptr) DialLater(0);
}

void PeerLink::Send(std::string frame) {
  const bool is_coming = dialing_ || connection_ != nullptr;
  if (!is_coming || !queue_.Push(std::move(frame))) {
    return environment_.on_lost(is_coming ? ResourceExhausted("the queue to the peer is full")
                                          : Unavailable("there is no connection to the peer"));
  }
  if (connection_ != nullptr) connection_->WantsFlush();
}

// What is sent before an attempt that comes at once waits for it.
void PeerLink::DialLater(uint64_t delay_us) {
  dialing_ = delay_us == 0;
  environment_.executor->Cancel(timer_);
  timer_ = environment_.executor->PostAfter(delay_us, alive_.Guard([this] { Dial(); }));
}

void PeerLink::Dial() {
  timer_ = {};
  dialing_ = !addresses_.empty();
  if (!dialing_) return;
  turned_away_ = false;
  const net::Address& address = addresses_[next_address_++ % addresses_.size()];
  connector_ = std::make_unique<net::TcpConnector>(
      environment_.executor, address,
      [this](Result<std::unique_ptr<net::ByteStream>> stream) { OnConnect(std::move(stream)); });
  timer_ = environment_.executor->PostAfter(options_.connect_timeout_us, alive_.Guard([this] {
    timer_ = {};
    connector_.reset();
    refused_in_a_row_ = 0;
    Fail(DeadlineExceeded("connecting took too long"), !queue_.empty());
  }));
}

void PeerLink::OnConnect(Result<std::unique_ptr<net::ByteStream>> stream) {
  environment_.executor->Cancel(std::exchange(timer_, {}));
  const bool is_refusal = connector_->refused();
  // The connector is still telling.
  environment_.executor->Post([connector = std::shared_ptr(std::move(connector_))] {});
  if (!stream.ok()) {
    refused_in_a_row_ = is_refusal ? refused_in_a_row_ + 1 : 0;
    const bool nobody = refused_in_a_row_ >= addresses_.size();
    if (nobody && !std::exchange(told_nobody_, true)) environment_.on_nobody();
    return Fail(stream.status(), !queue_.empty());
  }
  refused_in_a_row_ = 0;
  const auto make_session = [this](net::SessionHost* host, std::string_view) {
    return std::make_unique<DialSession>(
        options_.session, environment_.hello(),
        DialSession::Environment{.host = host,
                                 .queue = &queue_,
                                 .on_welcome = [this] { OnWelcome(); },
                                 .on_refused =
                                     [this](const Welcome& welcome) {
                                       turned_away_ = true;
                                       environment_.on_turned_away(welcome);
                                     },
                                 .on_pong = environment_.on_pong},
        NowUs());
  };
  dialing_ = false;
  connection_ = std::make_unique<net::Connection>(
      std::move(*stream),
      net::Connection::Environment{.executor = environment_.executor,
                                   .clock = &environment_.executor->clock(),
                                   .receive_buffer = environment_.receive_buffer,
                                   .on_closed = [this](const Status& reason) { OnClosed(reason); }},
      make_session);
}

void PeerLink::OnWelcome() {
  open_ = true;
  told_nobody_ = false;
  opened_us_ = NowUs();
  environment_.on_open();
}

void PeerLink::OnClosed(const Status& reason) {
  const Status& told = static_cast<DialSession*>(connection_->session())->reason();
  const Status why = told.ok() ? reason : told;
  // The connection is still running.
  environment_.executor->Post([connection = std::shared_ptr(std::move(connection_))] {});
  const bool was_open = std::exchange(open_, false);
  if (was_open && NowUs() - opened_us_ >= options_.stable_us) {
    failures_ = short_lived_ = 0;
    queue_.Clear();
    environment_.on_lost(why);
    return DialLater(0);
  }
  // How often it was dialed in vain before it opened says nothing of how soon to look for it now.
  if (was_open) failures_ = short_lived_++;
  Fail(why, was_open || !queue_.empty());
}

void PeerLink::Fail(const Status& why, bool had_messages) {
  queue_.Clear();
  ++failures_;
  if (had_messages) environment_.on_lost(why);
  DialLater(BackoffUs());
}

// Between half of the step and all of it, so that links that broke together do not knock together.
uint64_t PeerLink::BackoffUs() {
  const uint32_t doublings = std::min(failures_ - 1, 20u);
  uint64_t step_us = std::min(options_.backoff_least_us << doublings, options_.backoff_most_us);
  if (turned_away_) step_us = std::max(step_us, options_.refused_backoff_least_us);
  return prng_.Between(step_us / 2, step_us);
}

}  // namespace keel::peers
