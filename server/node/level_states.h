// A member's states in production: LevelDB under kv/store-<n>, swapped by kv/ACTIVE.
//
// Opened once, before the node is; the calls block, and belong to one role at a time (states.h).
#pragma once

#include <string>

#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"
#include "server/node/states.h"

namespace keel::node {

class LevelStates final : public States {
 public:
  // `options.directory` is set here, to the stores under `root`, which exists.
  [[nodiscard]] static Result<std::unique_ptr<LevelStates>> Open(const kv::LevelOptions& options,
                                                                 const std::string& root);

  Result<std::unique_ptr<kv::Engine>> OpenActive() override;
  Result<std::unique_ptr<kv::Engine>> OpenIncoming() override;
  Status ActivateIncoming() override { return directory_.Activate(); }

 private:
  LevelStates(const kv::LevelOptions& options, kv::StoreDirectory directory)
      : options_(options), directory_(std::move(directory)) {}
  [[nodiscard]] Result<std::unique_ptr<kv::Engine>> OpenAt(const std::string& path) const;

  const kv::LevelOptions options_;
  kv::StoreDirectory directory_;
};

}  // namespace keel::node
