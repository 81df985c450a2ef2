// Which members have raised which alarms: replicated, so that all members refuse alike.
//
// NOSPACE stops growth, CORRUPT stops everything that writes. Belongs to the apply role.
#pragma once

#include <set>
#include <utility>

#include "kv/engine/engine.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

class Alarms {
 public:
  using Raised = std::set<std::pair<AlarmKind, NodeId>>;

  void Apply(const AlarmOp& op, const Layout& layout, WriteBatch* batch);
  [[nodiscard]] bool IsRaised(AlarmKind kind) const;
  [[nodiscard]] const Raised& raised() const { return raised_; }

  Status Load(Engine* engine, const Layout& layout);

 private:
  Raised raised_;
};

}  // namespace keel::kv
