// Snapshot streams by anybody: raw chunks, and bodies with the checksum made right, so that what is
// behind the checksum is reached too. What is installed must open as a store or be refused.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "kv/engine/memory_engine.h"
#include "kv/mvcc/store.h"
#include "kv/snapshot/snapshot_installer.h"

namespace keel::kv {
namespace {

void Raw(std::string_view input) {
  uint64_t chain = 0;
  ChunkBody body;
  if (OpenChunk(input, &chain, &body).ok()) {
    uint64_t again = 0;
    KEEL_CHECK(SealChunk(input.substr(kChunkHeaderBytes), &again) == input);
  }
}

// Bodies follow one another, each behind two bytes of length.
void Sealed(std::string_view input) {
  SnapshotInstaller installer({.engine = std::make_unique<MemoryEngine>()});
  uint64_t chain = 0;
  while (input.size() >= 2) {
    const size_t size = static_cast<unsigned char>(input[0]) +
                        (static_cast<size_t>(static_cast<unsigned char>(input[1])) << 8);
    const std::string_view body = input.substr(2, size);
    input.remove_prefix(2 + body.size());
    if (!installer.Add(SealChunk(body, &chain)).ok()) return;
  }
  auto engine = installer.Finish();
  if (!engine.ok()) return;
  const auto store = Store::Open({.engine = engine->get(), .head_cache_bytes = 4096});
  if (store.ok()) KEEL_CHECK((*store)->state().applied == installer.header().applied);
}

}  // namespace
}  // namespace keel::kv

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  keel::kv::Raw(input);
  keel::kv::Sealed(input);
  return 0;
}
