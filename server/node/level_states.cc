#include "server/node/level_states.h"

#include <memory>
#include <utility>

namespace keel::node {

Result<std::unique_ptr<LevelStates>> LevelStates::Open(const kv::LevelOptions& options,
                                                       const std::string& root) {
  KEEL_ASSIGN_OR_RETURN(kv::StoreDirectory directory,
                        kv::StoreDirectory::Open(options.files, root));
  return std::unique_ptr<LevelStates>(new LevelStates(options, std::move(directory)));
}

Result<std::unique_ptr<kv::Engine>> LevelStates::OpenAt(const std::string& path) const {
  kv::LevelOptions options = options_;
  options.directory = path;
  KEEL_ASSIGN_OR_RETURN(std::unique_ptr<kv::Engine> engine, kv::LevelEngine::Open(options));
  return engine;
}

Result<std::unique_ptr<kv::Engine>> LevelStates::OpenActive() {
  return OpenAt(directory_.active());
}

Result<std::unique_ptr<kv::Engine>> LevelStates::OpenIncoming() {
  KEEL_RETURN_IF_ERROR(directory_.ClearIncoming());
  return OpenAt(directory_.incoming());
}

}  // namespace keel::node
