// The leases of the replicated state: which there are, how long they live, what a leader last
// checkpointed. Which keys hang on one is in the engine (layout.h), not here.
//
// No clock: leases do not run out here, a leader's LeaseClock proposes their revoke. In memory
// whole; it grows with leases, not with keys. Belongs to the apply role.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

struct Lease {
  uint64_t ttl_s = 0;
  uint64_t remaining_s = 0;  // what a leader checkpointed; 0: the whole TTL

  friend bool operator==(const Lease&, const Lease&) = default;
};

class LeaseTable {
 public:
  [[nodiscard]] const std::map<LeaseId, Lease>& leases() const { return leases_; }
  [[nodiscard]] bool Contains(LeaseId id) const { return leases_.contains(id); }

  void Set(LeaseId id, const Lease& lease, const Layout& layout, WriteBatch* batch);
  void Remove(LeaseId id, const Layout& layout, WriteBatch* batch);

  Status Load(Engine* engine, const Layout& layout);

 private:
  std::map<LeaseId, Lease> leases_;
};

// The keys attached to a lease, in order, as the engine holds them.
[[nodiscard]] Result<std::vector<std::string>> AttachedKeys(Engine* engine, const Layout& layout,
                                                            LeaseId id,
                                                            EngineSnapshotPtr snapshot = nullptr);

}  // namespace keel::kv
