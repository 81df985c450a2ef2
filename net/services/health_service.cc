#include "net/services/health_service.h"

#include <memory>
#include <optional>
#include <vector>

#include "api/grpc/health/v1/health.pb.h"
#include "base/bytes.h"
#include "net/services/proto_call.h"

namespace keel::net {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

namespace {

constexpr size_t kShownBytesMax = 200;

HealthCheckResponse ResponseOf(bool serving) {
  HealthCheckResponse response;
  response.set_status(serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  return response;
}

}  // namespace

// One Watch call. It compares what is true with what was sent, so that nothing has to be queued.
class HealthService::Watcher final : public CallHandler {
 public:
  Watcher(HealthService* service, ServerCall call) : service_(service), call_(call) {
    service_->watchers_.insert(this);
  }
  ~Watcher() override { service_->watchers_.erase(this); }

  Flow OnMessage(std::string_view bytes) override {
    const Result<HealthCheckRequest> request = ParseMessage<HealthCheckRequest>(bytes);
    if (!request.ok()) {
      call_.Finish(request.status());
    } else if (!watched_) {
      watched_ = request->service();
      Tell();
    }
    return Flow::kMore;
  }
  // The client has asked; it goes on listening.
  void OnHalfClose() override {
    if (!watched_) call_.Finish(Internal("the request ended before its message"));
  }
  void OnWritable() override { Tell(); }

  void Tell() {
    if (!watched_) return;
    HealthCheckResponse response;
    response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
    if (const auto found = service_->serving_.find(*watched_); found != service_->serving_.end()) {
      response = ResponseOf(found->second);
    }
    if (sent_ == response.status()) return;
    const WriteResult result = call_.Write(SerializeMessage(response));
    if (result == WriteResult::kMore || result == WriteResult::kFull) sent_ = response.status();
  }

 private:
  HealthService* service_;
  ServerCall call_;
  std::optional<std::string> watched_;
  std::optional<int> sent_;
};

HealthService::HealthService() { serving_.emplace("", false); }

void HealthService::AddTo(MethodTable* table) {
  table->AddUnary(
      "/grpc.health.v1.Health/Check",
      UnaryOf<HealthCheckRequest>(
          [this](const HealthCheckRequest& request) -> Result<HealthCheckResponse> {
            const auto found = serving_.find(request.service());
            if (found == serving_.end()) {
              return NotFound("unknown service " + Printable(request.service(), kShownBytesMax));
            }
            return ResponseOf(found->second);
          }));
  table->AddStreaming("/grpc.health.v1.Health/Watch", [this](ServerCall call, const CallContext&) {
    return std::make_unique<Watcher>(this, call);
  });
}

void HealthService::Set(std::string_view service, bool serving) {
  serving_.insert_or_assign(std::string(service), serving);
  for (Watcher* watcher : watchers_) watcher->Tell();
}

void HealthService::SetAll(bool serving) {
  for (auto& [service, value] : serving_) value = serving;
  for (Watcher* watcher : watchers_) watcher->Tell();
}

}  // namespace keel::net
