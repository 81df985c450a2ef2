// How a view's operation becomes a call of the core: encoded here, decoded where the answer
// arrives.
//
// Included by the views' .cc files.
#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <utility>

#include "client/client.h"
#include "client/core/core.h"

namespace keel::client {

struct Method {
  const char* path;
  Retry retry;
  bool patient = false;
};

// The view's own target, if it names one.
[[nodiscard]] inline Route RouteFor(const View& view, Route otherwise) {
  return view.target.has_value() ? Route::Of(*view.target) : std::move(otherwise);
}

// `decode` makes a Result out of a Response*.
template <class Response, class Answer, class Decoder>
Operation StartCall(const View& view, const Method& method, Route route,
                    const google::protobuf::MessageLite& request, Done<Answer> done,
                    Decoder decode) {
  return view.core->Submit({.path = method.path,
                            .request = request.SerializeAsString(),
                            .route = RouteFor(view, std::move(route)),
                            .retry = method.retry,
                            .timeout_us = static_cast<uint64_t>(view.timeout.count()) * 1000,
                            .patient = method.patient,
                            .done = [done = std::move(done), decode = std::move(decode)](
                                        Result<std::string> answer) mutable {
                              if (!answer.ok()) return done(answer.status());
                              Response response;
                              if (!response.ParseFromString(*answer))
                                return done(Internal("the answer cannot be read"));
                              done(decode(&response));
                            }});
}

}  // namespace keel::client
