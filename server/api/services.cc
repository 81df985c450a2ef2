#include "server/api/services.h"

#include "net/services/health_service.h"
#include "net/services/reflection_service.h"
#include "server/api/cluster_service.h"
#include "server/api/core.h"
#include "server/api/kv_service.h"
#include "server/api/lease_service.h"
#include "server/api/lock_service.h"
#include "server/api/maintenance_service.h"
#include "server/api/session_service.h"
#include "server/api/watch_service.h"

namespace keel::api {

struct Services::Parts {
  CorePtr core;
  net::HealthService health;
};

Services::Services(const ServiceOptions& options, const Seams& seams)
    : parts_(std::make_unique<Parts>()) {
  parts_->core = std::make_shared<Core>(options, seams);
}

Services::~Services() { parts_->core->Close(); }

void Services::Register(net::MethodTable* methods) {
  const CorePtr& core = parts_->core;
  AddKv(core, methods);
  AddLease(core, methods);
  const auto center = std::make_shared<WatchCenter>(core);
  AddWatch(center, methods);
  AddLock(center, methods);
  AddElection(center, methods);
  AddSession(core, methods);
  AddCluster(core, methods);
  AddMaintenance(core, methods);
  parts_->health.AddTo(methods);
  net::AddReflection(methods);
  parts_->health.SetAll(true);
}

const ServiceCounts& Services::counts() const { return parts_->core->counts(); }

uint64_t Services::slow_requests() const { return parts_->core->slow_requests().count(); }

void Services::Stop() {
  parts_->health.SetAll(false);
  parts_->core->Stop();
}

}  // namespace keel::api
