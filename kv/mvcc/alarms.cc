#include "kv/mvcc/alarms.h"

#include <algorithm>
#include <string>

#include "base/coding.h"
#include "kv/mvcc/state.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

void Alarms::Apply(const AlarmOp& op, const Layout& layout, WriteBatch* batch) {
  if (op.raise) {
    raised_.insert({op.kind, op.member});
  } else {
    std::erase_if(raised_, [&op](const auto& alarm) {
      return alarm.first == op.kind && (op.member.IsNone() || alarm.second == op.member);
    });
  }
  std::string value;
  for (const auto& [kind, member] : raised_) {
    value.push_back(static_cast<char>(kind));
    AppendVarint64(&value, member.value());
  }
  batch->Put(layout.NameKey(Family::kState, kAlarmsName), value);
}

bool Alarms::IsRaised(AlarmKind kind) const {
  return std::any_of(raised_.begin(), raised_.end(),
                     [kind](const auto& alarm) { return alarm.first == kind; });
}

Status Alarms::Load(Engine* engine, const Layout& layout) {
  const std::string key = layout.NameKey(Family::kState, kAlarmsName);
  std::string value;
  KEEL_ASSIGN_OR_RETURN(const bool found, engine->Get(key, &value));
  if (!found) return Status::Ok();
  ByteReader reader(value);
  while (!reader.AtEnd()) {
    uint8_t kind = 0;
    uint64_t member = 0;
    if (!reader.ReadByte(&kind) || kind < 1 || kind > 2 || !reader.ReadVarint64(&member)) {
      return UndecodableRecord(key);
    }
    raised_.insert({static_cast<AlarmKind>(kind), NodeId(member)});
  }
  return Status::Ok();
}

}  // namespace keel::kv
