#include "jepsen/cluster/network.h"

#include <array>
#include <charconv>

#include "jepsen/cluster/peer_of.h"
#include "jepsen/cluster/ping.h"

namespace keel::jepsen {
namespace {

uint16_t PortOfAddress(std::string_view address) {
  const size_t colon = address.rfind(':');
  uint16_t port = 0;
  if (colon == std::string_view::npos) return port;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

}  // namespace

// Sends back what it is sent.
struct Network::Echo final : net::StreamOwner {
  std::unique_ptr<net::ByteStream> stream;
  std::function<void()> on_end;
  std::string held;

  void Pump() {
    std::array<char, 65536> buffer;
    while (true) {
      const auto read = stream->Read(buffer);
      if (read.kind == net::ByteStream::Outcome::Kind::kClosed) return on_end();
      if (read.kind == net::ByteStream::Outcome::Kind::kWouldBlock) break;
      held.append(buffer.data(), read.bytes);
    }
    while (!held.empty()) {
      const std::string_view rest = held;
      const auto written = stream->Write(std::span(&rest, 1));
      if (written.kind == net::ByteStream::Outcome::Kind::kClosed) return on_end();
      if (written.kind == net::ByteStream::Outcome::Kind::kWouldBlock) {
        return stream->WaitWritable();
      }
      held.erase(0, written.bytes);
    }
    stream->WaitReadable();
  }
  void OnReadable() override { Pump(); }
  void OnWritable() override { Pump(); }
};

Network::Network(std::unique_ptr<Wires> wires, std::span<const NodePorts> nodes, uint64_t seed)
    : wires_(std::move(wires)),
      real_(nodes.begin(), nodes.end()),
      proxied_(nodes.size()),
      links_(nodes.size()),
      dice_(seed),
      processes_(nodes.size(), 0) {}

Result<std::unique_ptr<Network>> Network::Start(std::span<const NodePorts> nodes, uint64_t seed) {
  std::unique_ptr<Network> network(new Network(nullptr, nodes, seed));
  network->thread_ = std::thread([raw = network.get()] { raw->executor_.Run(); });
  const Status listening = network->Run([&] { return network->Listen(); });
  if (!listening.ok()) return listening;
  return network;
}

Result<std::unique_ptr<Network>> Network::StartOn(std::unique_ptr<Wires> wires,
                                                  std::span<const NodePorts> nodes) {
  std::unique_ptr<Network> network(new Network(std::move(wires), nodes, 0));
  network->proxied_ = network->real_;
  network->thread_ = std::thread([raw = network.get()] { raw->executor_.Run(); });
  return network;
}

Network::~Network() { Stop(); }

void Network::Stop() {
  if (!thread_.joinable()) return;
  executor_.Stop();
  thread_.join();
}

Status Network::Listen() {
  KEEL_ASSIGN_OR_RETURN(
      echo_listener_,
      net::TcpListener::Listen(&executor_, {}, [this](std::unique_ptr<net::ByteStream> stream) {
        const uint64_t number = ++last_pipe_;
        auto echo = std::make_unique<Echo>();
        echo->stream = std::move(stream);
        echo->on_end = [this, number] {
          executor_.Post([this, number] { echoes_.erase(number); });
        };
        echo->stream->SetOwner(echo.get());
        echo->stream->WaitReadable();
        echoes_[number] = std::move(echo);
      }));
  for (size_t node = 0; node < real_.size(); node++) {
    for (const bool is_peer : {true, false}) {
      if (is_peer && real_[node].peer == 0) continue;
      KEEL_ASSIGN_OR_RETURN(auto listener, ListenFor(node, is_peer));
      (is_peer ? proxied_[node].peer : proxied_[node].client) = listener->address().port;
      listeners_.push_back(std::move(listener));
    }
  }
  return {};
}

Result<std::unique_ptr<net::TcpListener>> Network::ListenFor(size_t node, bool is_peer) {
  return net::TcpListener::Listen(&executor_, {},
                                  [this, node, is_peer](std::unique_ptr<net::ByteStream> stream) {
                                    Accept(node, is_peer, std::move(stream));
                                  });
}

void Network::Accept(size_t node, bool is_peer, std::unique_ptr<net::ByteStream> stream) {
  const uint16_t from = PortOfAddress(stream->peer());
  if (const auto pinger = pingers_.find(from); pinger != pingers_.end()) {
    return Open({.from = pinger->second, .to = node}, echo_listener_->address(), std::move(stream));
  }
  const uint16_t real = is_peer ? real_[node].peer : real_[node].client;
  size_t source = links_.clients();
  if (is_peer) {
    const auto peer = PeerOf({.local = from, .remote = proxied_[node].peer}, processes_);
    if (!peer) return;  // it has died since
    source = *peer;
  }
  Open({.from = source, .to = node}, {.host = real_[node].host, .port = real}, std::move(stream));
}

void Network::Open(Links::Way way, const net::Address& address,
                   std::unique_ptr<net::ByteStream> stream) {
  const uint64_t number = ++last_pipe_;
  pipes_[number] =
      std::make_unique<Pipe>(Pipe::Options{.executor = &executor_,
                                           .links = &links_,
                                           .counters = &counters_,
                                           .way = way,
                                           .address = address,
                                           .seed = dice_.Next(),
                                           .on_end = [this, number] { pipes_.erase(number); }},
                             std::move(stream));
}

void Network::SetProcess(size_t node, pid_t process) {
  Run([&] { processes_[node] = process; });
}

Status Network::Change(const std::function<void(Links*)>& change) {
  const Links links = Run([&] {
    change(&links_);
    for (const auto& [number, pipe] : pipes_) pipe->Poke();
    return links_;
  });
  return wires_ == nullptr ? Status() : wires_->Apply(links);
}

Status Network::Heal() {
  return Change([](Links* links) { *links = Links(links->nodes()); });
}

void Network::CloseConnections(Links::Way way) {
  Run([&] {
    for (const auto& [number, pipe] : pipes_) {
      const Links::Way& on = pipe->way();
      const bool is_same = on == way || (on.from == way.to && on.to == way.from);
      if (is_same) pipe->Close();
    }
  });
}

Result<LinkCounters> Network::Counters() {
  if (wires_ != nullptr) return wires_->Counters();
  return Run([&] { return counters_; });
}

std::vector<std::optional<std::chrono::microseconds>> Network::Pings(
    std::span<const Ping> pings, std::chrono::milliseconds patience) {
  if (wires_ != nullptr) return wires_->Pings(pings, patience);
  std::vector<std::unique_ptr<PingSocket>> sockets;
  for (const Ping& ping : pings) {
    sockets.push_back(std::make_unique<PingSocket>());
    Run([&] { pingers_[sockets.back()->port()] = ping.way.from; });
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::optional<std::chrono::microseconds>> answers(pings.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < pings.size(); i++) {
    threads.emplace_back([&, i] {
      const NodePorts& ports = proxied_[pings[i].way.to];
      sockets[i]->Connect(ports.peer != 0 ? ports.peer : ports.client);
      answers[i] = sockets[i]->Await({.bytes = pings[i].bytes, .deadline = deadline});
    });
  }
  for (std::thread& thread : threads) thread.join();
  Run([&] {
    for (const auto& socket : sockets) pingers_.erase(socket->port());
  });
  return answers;
}

}  // namespace keel::jepsen
