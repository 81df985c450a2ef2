// The store that the benchmarks of kv/ fill, and the keys and values that they fill it with.
//
// One thread, as the store itself.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/fs/posix_file_system.h"
#include "base/prng.h"
#include "kv/engine/level_engine.h"
#include "kv/mvcc/store.h"

namespace keel::kv {

inline constexpr size_t kBenchValueBytes = 256;
inline constexpr uint64_t kBenchBatch = 100;

inline double ResidentMiB() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

inline std::string BenchKey(uint64_t number) {
  char text[24];
  (void)std::snprintf(text, sizeof(text), "key-%012llu", static_cast<unsigned long long>(number));
  return text;
}

// Half of it compresses, as most values do.
inline std::string BenchValue(Prng* prng) {
  std::string value(kBenchValueBytes, 'v');
  for (size_t i = 0; i < value.size(); i += 2) value[i] = static_cast<char>(prng->Next());
  return value;
}

inline std::unique_ptr<LevelEngine> OpenBenchEngine(FileSystem* files,
                                                    const std::string& directory) {
  auto opened = LevelEngine::Open({.files = files, .directory = directory});
  KEEL_CHECK(opened.ok()) << opened.status();
  return std::move(*opened);
}

inline std::unique_ptr<Store> OpenBenchStore(StoreOptions options) {
  auto opened = Store::Open(std::move(options));
  KEEL_CHECK(opened.ok()) << opened.status();
  return std::move(*opened);
}

// Puts that wait to be applied as one batch of entries.
class PutQueue {
 public:
  void Add(uint64_t number, Prng* prng) {
    payloads_.push_back(
        EncodeCommand({{}, PutOp{.key = BenchKey(number), .value = BenchValue(prng)}}));
  }
  // What comes after what `store` has applied.
  void Apply(Store* store) {
    entries_.clear();
    outcomes_.clear();
    Index index = store->state().applied;
    for (const std::string& payload : payloads_) {
      index = index.Next();
      entries_.push_back({.index = index, .term = Term(1), .payload = payload});
    }
    const Status applied = store->Apply(entries_, &outcomes_);
    KEEL_CHECK(applied.ok()) << applied;
    payloads_.clear();
  }

 private:
  std::vector<std::string> payloads_;
  std::vector<LogEntry> entries_;
  std::vector<Outcome> outcomes_;
};

}  // namespace keel::kv
