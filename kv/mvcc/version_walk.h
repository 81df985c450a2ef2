// Walks the keys of a range in order, stopping at the version of each that one revision sees.
//
// The newest version comes first, so older ones are stepped over: a few one by one, many by one
// seek. Borrows the iterator; one thread. Internal to kv.
#pragma once

#include <string>

#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

class VersionWalk {
 public:
  VersionWalk(EngineIterator* iterator, const Layout& layout, const KeyRange& keys, Revision at);

  // Moves to the next live key; false at the end or on a failure, which status() tells.
  [[nodiscard]] bool Next();
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Revision mod() const { return mod_; }
  [[nodiscard]] const DataRecord& record() const { return record_; }
  [[nodiscard]] Status status() const { return failure_.ok() ? iterator_->status() : failure_; }

 private:
  // Puts the iterator on the first record behind those of key_.
  void SkipKey();
  // Puts it on the version of key_ that the revision sees; false if there is none.
  [[nodiscard]] bool SettleOnVersion();
  [[nodiscard]] bool Fail(std::string_view what);

  EngineIterator* const iterator_;
  const Layout& layout_;
  const KeyRange& keys_;
  const Revision at_;
  const std::string family_;
  bool started_ = false;
  std::string key_;
  std::string prefix_;
  Revision mod_;
  DataRecord record_;
  Status failure_;
};

[[nodiscard]] KeyValue ToKeyValue(std::string_view key, Revision mod, const DataRecord& record,
                                  bool with_value);

// DATA_LOSS: a record that LevelDB vouched for does not decode.
[[nodiscard]] Status UndecodableRecord(std::string_view engine_key);

}  // namespace keel::kv
