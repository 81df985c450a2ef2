// Commands by anybody: whatever decodes encodes to the same bytes, and applying it leaves a store
// that still answers, whose revision never falls.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "kv/engine/memory_engine.h"
#include "kv/mvcc/store.h"

namespace keel::kv {
namespace {

Status ApplyOne(Store* store, const std::string& payload, std::vector<Outcome>* outcomes) {
  const LogEntry entry{.index = store->state().applied.Next(), .term = Term(1), .payload = payload};
  return store->Apply(std::span(&entry, 1), outcomes);
}

// A few keys, a lease and a session, so that commands meet something.
std::vector<std::string> Furniture() {
  std::vector<std::string> payloads;
  const auto add = [&payloads](Operation operation) {
    payloads.push_back(EncodeCommand({.origin = {}, .operation = std::move(operation)}));
  };
  add(LeaseGrantOp{.id = LeaseId(1), .ttl_s = 10});
  add(SessionOpenOp{.id = SessionId(1)});
  for (const char* key : {"a", "b", "c"}) add(PutOp{.key = key, .value = key, .lease = LeaseId(1)});
  add(CompactOp{.revision = Revision(2)});
  return payloads;
}

// All that a furnished store keeps in its engine, as one batch: making it anew for each input would
// cost more than the input.
WriteBatch FurnishedRecords() {
  MemoryEngine engine;
  auto store = Store::Open({.engine = &engine, .head_cache_bytes = 4096});
  KEEL_CHECK(store.ok());
  std::vector<Outcome> outcomes;
  for (const std::string& payload : Furniture()) {
    KEEL_CHECK(ApplyOne(store->get(), payload, &outcomes).ok());
  }
  WriteBatch records;
  const auto iterator = engine.Iterate({});
  for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
    records.Put(iterator->key(), iterator->value());
  }
  return records;
}

// Bytes that are no command change nothing, so that one store serves all of them.
void RunRubbish(const std::string& input) {
  static MemoryEngine& engine = *new MemoryEngine();
  static Store& store =
      *Store::Open({.engine = &engine, .head_cache_bytes = 4096}).value().release();
  const StoreState before = store.state();
  std::vector<Outcome> outcomes;
  KEEL_CHECK(ApplyOne(&store, input, &outcomes).ok());
  KEEL_CHECK(outcomes.back().error == KvError::kBadCommand);
  KEEL_CHECK(store.state().revision == before.revision);
}

void Run(std::string_view input) {
  const auto command = DecodeCommand(input);
  if (!command.has_value()) return RunRubbish(std::string(input));
  KEEL_CHECK(EncodeCommand(*command) == input) << "two encodings of one command";
  static const WriteBatch kRecords = FurnishedRecords();
  MemoryEngine engine;
  KEEL_CHECK(engine.Write(kRecords, Index()).ok());
  auto opened = Store::Open({.engine = &engine, .head_cache_bytes = 4096});
  KEEL_CHECK(opened.ok());
  Store& store = **opened;
  std::vector<Outcome> outcomes;
  const Revision before = store.state().revision;
  KEEL_CHECK(ApplyOne(&store, std::string(input), &outcomes).ok());
  KEEL_CHECK(store.state().revision >= before);
  const Outcome& outcome = outcomes.back();
  KEEL_CHECK(DecodeOutcome(EncodeOutcome(outcome)) == outcome);
  const auto all = store.view()->Range({.keys = PrefixRange("")});
  KEEL_CHECK(all.ok() && all->count == store.state().live_keys);
}

}  // namespace
}  // namespace keel::kv

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keel::kv::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
