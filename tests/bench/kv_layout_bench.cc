// Measures three ways of laying keys and revisions out in LevelDB, with nothing of the store around
// them: the figures behind docs/kv_layout.md.
//
//   key-head   a small head record per key, data by (key, inverted revision), and a revision index
//   key-only   data by (key, inverted revision) and a revision index; the newest is found by
//   seeking revision   data by revision, and an index (key, inverted revision) -> revision
//
// Usage: kv_layout_bench DIRECTORY [KEYS]. Prints CPU time of the whole process per operation.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/prng.h"

namespace keel {
namespace {

constexpr size_t kValueBytes = 256;
constexpr size_t kBatch = 100;

std::string BigEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Key(uint64_t number) {
  char text[24];
  (void)std::snprintf(text, sizeof(text), "key-%012llu", static_cast<unsigned long long>(number));
  return text;
}

double CpuSeconds() {
  timespec now{};
  KEEL_CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

enum class Layout { kKeyHead, kKeyOnly, kRevision };

class Bench {
 public:
  Bench(Layout layout, const std::string& directory, uint64_t keys)
      : layout_(layout), keys_(keys), newest_(keys, 0) {
    cache_.reset(leveldb::NewLRUCache(size_t{16} << 20));
    filter_.reset(leveldb::NewBloomFilterPolicy(10));
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = size_t{8} << 20;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* database = nullptr;
    const leveldb::Status opened = leveldb::DB::Open(options, directory, &database);
    KEEL_CHECK(opened.ok()) << opened.ToString();
    database_.reset(database);
  }

  void Run(const char* name) {
    std::printf("%-10s", name);
    const uint64_t step = 7919;  // coprime with the count: every key once, in no order
    Measure("fill", keys_, [&](uint64_t i) { return i * step % keys_; });
    Prng prng(1);
    Measure("put", keys_ / 2, [&](uint64_t) { return prng.Below(keys_); });
    Gets(&prng);
    Ranges(&prng);
    Compaction();
    std::printf("\n");
  }

 private:
  template <class Next>
  void Measure(const char* what, uint64_t count, const Next& next) {
    const double start = CpuSeconds();
    leveldb::WriteBatch batch;
    for (uint64_t i = 0; i < count; ++i) {
      Put(next(i), &batch);
      if (i % kBatch == kBatch - 1 || i + 1 == count) {
        KEEL_CHECK(database_->Write({}, &batch).ok());
        batch.Clear();
      }
    }
    Report(what, CpuSeconds() - start, count);
  }

  static void Report(const char* what, double seconds, uint64_t count) {
    std::printf("  %s %.2f us", what, seconds * 1e6 / static_cast<double>(count));
    (void)std::fflush(stdout);
  }

  // What a put must learn of the key's past: its create revision and version.
  void ReadPast(const std::string& key) {
    if (layout_ == Layout::kKeyHead) {
      (void)database_->Get({}, "h" + key, &value_);
      return;
    }
    const std::unique_ptr<leveldb::Iterator> at(database_->NewIterator({}));
    at->Seek("d" + key);
    if (at->Valid()) value_.assign(at->value().data(), at->value().size());
  }

  void Put(uint64_t number, leveldb::WriteBatch* batch) {
    const std::string key = Key(number);
    ReadPast(key);
    const uint64_t revision = ++revision_;
    std::string meta(16, 'm');
    meta += BigEndian(revision);
    std::string value(kValueBytes, '\0');
    for (size_t i = 0; i < value.size(); i += 2) value[i] = static_cast<char>(prng_.Next());
    if (layout_ == Layout::kKeyHead) batch->Put("h" + key, meta);
    if (layout_ == Layout::kRevision) {
      batch->Put("d" + key + BigEndian(~revision), meta);
      batch->Put("r" + BigEndian(revision), key + value);
    } else {
      batch->Put("d" + key + BigEndian(~revision), meta + value);
      batch->Put("r" + BigEndian(revision), key + BigEndian(newest_[number]));
    }
    past_.push_back({number, newest_[number]});
    newest_[number] = revision;
  }

  void Get(const std::string& key) {
    if (layout_ == Layout::kKeyHead) {
      KEEL_CHECK(database_->Get({}, "h" + key, &value_).ok());
      const std::string revision = value_.substr(16);
      std::string inverted = revision;
      for (char& c : inverted) c = static_cast<char>(~c);
      KEEL_CHECK(database_->Get({}, "d" + key + inverted, &value_).ok());
      return;
    }
    ReadPast(key);
    if (layout_ == Layout::kRevision) {
      KEEL_CHECK(database_->Get({}, "r" + value_.substr(16), &value_).ok());
    }
  }

  void Gets(Prng* prng) {
    const uint64_t count = keys_ / 4;
    const double start = CpuSeconds();
    for (uint64_t i = 0; i < count; ++i) Get(Key(prng->Below(keys_)));
    Report("get", CpuSeconds() - start, count);
  }

  void Ranges(Prng* prng) {
    constexpr uint64_t kRange = 10'000;
    constexpr uint64_t kRounds = 10;
    const double start = CpuSeconds();
    std::string last;
    for (uint64_t round = 0; round < kRounds; ++round) {
      const std::unique_ptr<leveldb::Iterator> at(database_->NewIterator({}));
      at->Seek("d" + Key(prng->Below(keys_ - kRange)));
      for (uint64_t found = 0; found < kRange && at->Valid(); at->Next()) {
        const std::string_view key(at->key().data(), at->key().size());
        const std::string_view user = key.substr(1, key.size() - 9);
        if (user == last) continue;
        last = user;
        ++found;
        if (layout_ == Layout::kRevision) {
          const std::string revision(at->value().data() + 16, 8);
          KEEL_CHECK(database_->Get({}, "r" + revision, &value_).ok());
        }
      }
    }
    Report("range/key", CpuSeconds() - start, kRange * kRounds);
  }

  // Removes every superseded version in the order of its successor, as a walk of the revisions
  // does.
  void Compaction() {
    const double start = CpuSeconds();
    leveldb::WriteBatch batch;
    uint64_t removed = 0;
    for (size_t i = 0; i < past_.size(); ++i) {
      const auto [number, superseded] = past_[i];
      if (layout_ != Layout::kRevision) batch.Delete("r" + BigEndian(i + 1));
      if (superseded != 0) {
        ++removed;
        batch.Delete("d" + Key(number) + BigEndian(~superseded));
        if (layout_ == Layout::kRevision) batch.Delete("r" + BigEndian(superseded));
      }
      if (i % 1000 != 999 && i + 1 != past_.size()) continue;
      KEEL_CHECK(database_->Write({}, &batch).ok());
      batch.Clear();
    }
    Report("compact", CpuSeconds() - start, removed);
  }

  const Layout layout_;
  const uint64_t keys_;
  std::vector<uint64_t> newest_;
  std::vector<std::pair<uint64_t, uint64_t>> past_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
  uint64_t revision_ = 0;
  std::string value_;
  Prng prng_{2};
};

}  // namespace
}  // namespace keel

int main(int argc, char** argv) {
  KEEL_CHECK(argc >= 2) << "usage: kv_layout_bench DIRECTORY [KEYS]";
  const uint64_t keys = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 300'000;
  const std::pair<keel::Layout, const char*> layouts[] = {{keel::Layout::kKeyHead, "key-head"},
                                                          {keel::Layout::kKeyOnly, "key-only"},
                                                          {keel::Layout::kRevision, "revision"}};
  for (const auto& [layout, name] : layouts) {
    const std::string directory = std::string(argv[1]) + "/" + name;
    std::filesystem::remove_all(directory);
    keel::Bench(layout, directory, keys).Run(name);
    std::filesystem::remove_all(directory);
  }
  return 0;
}
