// The seam to where a member keeps its state: the active store's engine, and one being built.
//
// All calls block and belong to one role at a time: the opening of a node, then its pool. Engines
// outlive their views, and the States outlive their engines. LevelStates (level_states.h) stands
// behind it in production; simulation has engines in memory that survive and lose what a disk
// would.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/status.h"
#include "kv/engine/engine.h"

namespace keel::node {

class States {
 public:
  States() = default;
  States(const States&) = delete;
  States& operator=(const States&) = delete;
  virtual ~States() = default;

  // The engine of the state that counts; an empty one at the member's first start.
  virtual Result<std::unique_ptr<kv::Engine>> OpenActive() = 0;
  // An empty engine for a snapshot that is coming in; what an earlier one left is removed.
  virtual Result<std::unique_ptr<kv::Engine>> OpenIncoming() = 0;
  // The incoming engine's state, durable already, is the one that counts from now on, durably.
  virtual Status ActivateIncoming() = 0;
};

}  // namespace keel::node
