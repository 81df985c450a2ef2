#include "net/tcp.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "net/alive.h"
#include "net/asio_io.h"
#include "net/tcp_stream.h"

namespace keel::net {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::string Address::ToString() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// ---- listening ----

struct TcpListener::Impl {
  Impl(AsioExecutor* on, const Options& with, OnAccept callback)
      : executor(on), options(with), on_accept(std::move(callback)), acceptor(on->io().context) {}
  ~Impl() { executor->Cancel(retry); }

  [[nodiscard]] Status Open();
  void Accept();

  AsioExecutor* const executor;
  const Options options;
  const OnAccept on_accept;
  tcp::acceptor acceptor;
  TimerId retry;
  Alive alive;
};

Status TcpListener::Impl::Open() {
  const std::string where = "listening on " + options.address.ToString();
  ErrorCode error;
  const auto host = boost::asio::ip::make_address(options.address.host, error);
  if (error) return InvalidArgument(where + ": not a numeric address");
  const tcp::endpoint endpoint(host, options.address.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(options.backlog, error);
  if (error) return SocketStatus(error, where);
  return {};
}

void TcpListener::Impl::Accept() {
  acceptor.async_accept(alive.Guard([this](const ErrorCode& error, tcp::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (!error) {
      on_accept(std::make_unique<TcpStream>(&executor->io().sockets, std::move(socket)));
      return Accept();
    }
    if (options.on_failed) options.on_failed(SocketStatus(error, "accepting"));
    // Most likely out of descriptors: trying again at once would spin.
    retry = executor->PostAfter(options.retry_us, [this] { Accept(); });
  }));
}

Result<std::unique_ptr<TcpListener>> TcpListener::Listen(AsioExecutor* executor,
                                                         const Options& options,
                                                         OnAccept on_accept) {
  auto impl = std::make_unique<Impl>(executor, options, std::move(on_accept));
  KEEL_RETURN_IF_ERROR(impl->Open());
  ErrorCode ignored;
  Address bound{.host = options.address.host,
                .port = impl->acceptor.local_endpoint(ignored).port()};
  impl->Accept();
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl), std::move(bound)));
}

TcpListener::TcpListener(std::unique_ptr<Impl> impl, Address address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

TcpListener::~TcpListener() = default;

// ---- connecting ----

struct TcpConnector::Impl {
  Impl(AsioExecutor* on, OnConnect callback)
      : executor(on),
        on_connect(std::move(callback)),
        resolver(on->io().context),
        socket(on->io().context) {}

  void Start(const Address& address);
  // Once; the connector may be destroyed in there.
  void Tell(Result<std::unique_ptr<ByteStream>> outcome) {
    const OnConnect told = std::exchange(on_connect, {});
    told(std::move(outcome));
  }

  AsioExecutor* const executor;
  OnConnect on_connect;
  tcp::resolver resolver;
  tcp::socket socket;
  bool refused = false;
  Alive alive;
};

void TcpConnector::Impl::Start(const Address& address) {
  const std::string where = "connecting to " + address.ToString();
  resolver.async_resolve(
      address.host, std::to_string(address.port),
      alive.Guard([this, where](const ErrorCode& error, const tcp::resolver::results_type& found) {
        if (error) return Tell(SocketStatus(error, where));
        boost::asio::async_connect(
            socket, found,
            alive.Guard([this, where](const ErrorCode& failure, const tcp::endpoint&) {
              refused = failure == boost::asio::error::connection_refused;
              if (failure) return Tell(SocketStatus(failure, where));
              Tell(std::unique_ptr<ByteStream>(
                  std::make_unique<TcpStream>(&executor->io().sockets, std::move(socket))));
            }));
      }));
}

TcpConnector::TcpConnector(AsioExecutor* executor, const Address& address, OnConnect on_connect)
    : impl_(std::make_unique<Impl>(executor, std::move(on_connect))) {
  impl_->Start(address);
}

TcpConnector::~TcpConnector() = default;

bool TcpConnector::refused() const { return impl_->refused; }

}  // namespace keel::net
