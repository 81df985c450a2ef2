#include "client/raw.h"

#include "client/core/core.h"

namespace keel::client {

Operation StartRaw(const Client& client, const std::string& path, std::string request,
                   const RawOptions& options, Done<Result<std::string>> done) {
  Core* const core = client.core();
  const Milliseconds timeout = options.timeout.value_or(core->options().timeout);
  return core->Submit({.own_path = path,
                       .request = std::move(request),
                       .route = Route::Of(options.target),
                       .retry = options.retry,
                       .timeout_us = static_cast<uint64_t>(timeout.count()) * 1000,
                       .metadata = options.metadata,
                       .done = std::move(done)});
}

Status Call(const Client& client, const std::string& path,
            const google::protobuf::MessageLite& request, google::protobuf::MessageLite* response,
            const RawOptions& options) {
  Result<std::string> answer =
      internal::Await<Result<std::string>>(*client.core(), [&](Done<Result<std::string>> done) {
        StartRaw(client, path, request.SerializeAsString(), options, std::move(done));
      });
  KEEL_RETURN_IF_ERROR(answer.status());
  if (!response->ParseFromString(*answer)) return Internal("the answer cannot be read");
  return {};
}

}  // namespace keel::client
