#include "tests/kv/support/engines.h"

namespace keel::kv {

std::vector<EngineKind> TestedEngines() {
#if KEEL_TESTS_LEVELDB
  return {EngineKind::kMemory, EngineKind::kLevel};
#else
  return {EngineKind::kMemory};
#endif
}

EngineWorld::EngineWorld(EngineKind kind) : kind_(kind) {
  if (kind == EngineKind::kMemory) engine_ = std::make_unique<MemoryEngine>();
  const Status opened = Reopen();
  KEEL_CHECK(opened.ok()) << opened;
}

LevelEngine& EngineWorld::level() {
  KEEL_CHECK(kind_ == EngineKind::kLevel);
  return static_cast<LevelEngine&>(*engine_);
}

LevelOptions EngineWorld::options() {
  return {.files = &disk_,
          .directory = "/kv",
          .deterministic = true,
          .cache_bytes = size_t{256} << 10,
          // The least that LevelDB takes: logs rotate and tables merge within a short test.
          .write_buffer_bytes = size_t{64} << 10,
          .table_bytes = size_t{1} << 20,
          .sync_every_bytes = size_t{16} << 10};
}

Status EngineWorld::Reopen() {
  if (kind_ == EngineKind::kMemory) return Status::Ok();
  engine_.reset();
  KEEL_ASSIGN_OR_RETURN(engine_, LevelEngine::Open(options()));
  return Status::Ok();
}

Status EngineWorld::CrashAndReopen(const simfs::Loss& loss) {
  disk_.Crash(loss);
  return Reopen();
}

}  // namespace keel::kv
