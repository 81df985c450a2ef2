#include "client/client.h"

#include "base/check.h"
#include "client/core/core.h"
#include "net/asio_io.h"

namespace keel::client {

std::string_view Version() { return KEEL_VERSION; }

Client::Client(Options options) : core_(std::make_unique<Core>(std::move(options))) {}

Client::~Client() = default;

Status Client::status() const { return core_->status(); }

std::vector<Client::Endpoint> Client::Endpoints() const { return core_->Endpoints(); }

boost::asio::any_io_executor Client::get_executor() const {
  return core_->executor().io().context.get_executor();
}

void Client::Run() { core_->executor().Run(); }

void Client::RunReady() { core_->executor().RunReady(); }

void Client::Stop() { core_->executor().Stop(); }

View::View(const Client* client, ViewOptions options)
    : core(client->core()),
      prefix(client->core()->options().prefix + options.prefix),
      timeout(options.timeout.value_or(core->options().timeout)),
      read(options.read.value_or(core->options().read)),
      target(std::move(options.target)) {}

void Operation::Cancel() const {
  if (instead != nullptr) return instead->CancelOperation();
  if (core != nullptr && number != 0) core->Cancel(number);
}

void internal::CheckMayWait(const Core& core) {
  KEEL_CHECK(!core.IsCurrent()) << "a blocking operation on the client's own thread";
}

}  // namespace keel::client
