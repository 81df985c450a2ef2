// Plain HTTP requests as a handler sees them: /health, /metrics and their like.
//
// As with gRPC's calls (rpc.h), a handler answers now or later through a name of the request; a
// late answer to a connection that is gone is a no-op. One executor, the transport's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "net/rpc.h"

namespace keel::net {

// Valid while its handler is being called.
struct HttpRequest {
  // "GET", "POST"; HEAD is answered by GET's handler, its body left out.
  std::string_view method;
  // Without the query.
  std::string_view path;
  std::string_view query;
  const Metadata& headers;
  std::string_view body;
  std::string_view peer;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpSink {
 public:
  HttpSink() = default;
  HttpSink(const HttpSink&) = delete;
  HttpSink& operator=(const HttpSink&) = delete;
  virtual ~HttpSink() = default;

  virtual void Respond(CallId call, HttpResponse response) = 0;
};

class HttpCall {
 public:
  HttpCall() = default;
  HttpCall(HttpSink* sink, CallId id) : sink_(sink), id_(id) {}

  // Once; what comes after the first is ignored.
  void Respond(HttpResponse response) const { sink_->Respond(id_, std::move(response)); }

 private:
  HttpSink* sink_ = nullptr;
  CallId id_;
};

using HttpHandler = std::function<void(HttpCall call, const HttpRequest& request)>;

// Which handler serves which path; filled at start, constant afterwards, as MethodTable is.
class HttpTable {
 public:
  struct Route {
    std::string method;
    std::string path;
  };

  HttpTable() = default;
  HttpTable(const HttpTable&) = delete;
  HttpTable& operator=(const HttpTable&) = delete;

  void Add(Route route, HttpHandler handler) {
    routes_[std::move(route.path)][std::move(route.method)] = std::move(handler);
  }

  struct Match {
    const HttpHandler* handler = nullptr;
    // 404 or 405, when there is none.
    int status = 404;
  };
  [[nodiscard]] Match Find(const std::string& method, const std::string& path) const {
    const auto route = routes_.find(path);
    if (route == routes_.end()) return {};
    const auto found = route->second.find(method == "HEAD" ? "GET" : method);
    if (found == route->second.end()) return {.status = 405};
    return {.handler = &found->second, .status = 200};
  }

 private:
  std::unordered_map<std::string, std::unordered_map<std::string, HttpHandler>> routes_;
};

}  // namespace keel::net
