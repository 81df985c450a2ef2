#include "kv/mvcc/head_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/prng.h"

namespace keel::kv {
namespace {

TEST(HeadCache, MayForgetButNeverLies) {
  Prng prng(2);
  HeadCache cache(4'096);
  std::map<std::string, Head> truth;
  uint64_t found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key(1 + prng.Below(3) * 60, static_cast<char>('a' + prng.Below(26)));
    if (prng.OneIn(5)) {
      cache.Erase(key);
      truth.erase(key);
    } else if (prng.OneIn(2)) {
      const Head head{.mod = Revision(prng.Next()),
                      .create = Revision(prng.Below(1'000)),
                      .version = prng.Below(300),
                      .lease = LeaseId(prng.Next()),
                      .value_bytes = prng.Below(100'000)};
      cache.Put(key, head);
      truth[key] = head;
    }
    const auto head = cache.Find(key);
    if (!head.has_value()) continue;
    ++found;
    ASSERT_TRUE(truth.contains(key));
    ASSERT_EQ(*head, truth[key]);
  }
  EXPECT_GT(found, 1'000u);
}

TEST(HeadCache, HoldsOrdinaryKeysAtSomeFortyBytesEach) {
  constexpr size_t kKeys = 10'000;
  HeadCache cache(kKeys * 44);
  const auto key = [](size_t i) { return "key-" + std::to_string(1'000'000'000'000 + i); };
  for (size_t i = 0; i < kKeys; ++i) {
    cache.Put(key(i), {.mod = Revision(1'000'000 + i),
                       .create = Revision(i + 1),
                       .version = 2,
                       .value_bytes = 256});
  }
  size_t held = 0;
  for (size_t i = 0; i < kKeys; ++i) held += cache.Find(key(i)).has_value() ? 1 : 0;
  EXPECT_GT(held, kKeys * 9 / 10);
}

}  // namespace
}  // namespace keel::kv
