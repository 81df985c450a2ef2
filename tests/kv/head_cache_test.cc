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

// A cache of one bucket, in which the keys are told apart by their bytes alone.
std::string NumberedKey(int number) { return "key-" + std::to_string(100'000 + number); }
constexpr Head kHead{.mod = Revision(1'000), .create = Revision(900), .version = 2};

TEST(HeadCache, ForgetsTheOldestFirst) {
  HeadCache cache(1);
  int last = 0;
  for (; cache.Find(NumberedKey(0)).has_value() || last == 0; ++last) {
    cache.Put(NumberedKey(last), kHead);
  }
  EXPECT_GT(last, 20);
  for (int i = 1; i < last; ++i) EXPECT_TRUE(cache.Find(NumberedKey(i)).has_value()) << i;
}

TEST(HeadCache, AKeyThatWasWrittenOverOutlivesThoseThatCameOnce) {
  HeadCache cache(1);
  Head newer = kHead;
  newer.mod = newer.mod.Next();
  cache.Put(NumberedKey(0), kHead);
  cache.Put(NumberedKey(1), kHead);
  cache.Put(NumberedKey(0), newer);  // takes as many bytes: it stays where it is
  int last = 2;
  for (; cache.Find(NumberedKey(1)).has_value(); ++last) cache.Put(NumberedKey(last), kHead);
  EXPECT_EQ(cache.Find(NumberedKey(0)), newer);
  // Once: it is the oldest again when all beside it have been pushed out, and goes.
  const int held = last;
  for (; cache.Find(NumberedKey(0)).has_value(); ++last) {
    ASSERT_LT(last, 3 * held) << "it stays for ever";
    cache.Put(NumberedKey(last), kHead);
  }
  EXPECT_GT(last, held + 10);
}

TEST(HeadCache, MakesRoomWhenEveryKeyWasWrittenOver) {
  HeadCache cache(1);
  int last = 0;
  for (; cache.Find(NumberedKey(0)).has_value() || last == 0; ++last) {
    cache.Put(NumberedKey(last), kHead);
    cache.Put(NumberedKey(last), kHead);
    ASSERT_LT(last, 1'000);
  }
  EXPECT_EQ(cache.Find(NumberedKey(last - 1)), kHead);
}

TEST(HeadCache, HoldsKeysOfEveryLengthThatItTakes) {
  HeadCache cache(1);
  const Head large{.mod = Revision(~uint64_t{0}),
                   .create = Revision(~uint64_t{0}),
                   .version = ~uint64_t{0},
                   .lease = LeaseId(~uint64_t{0}),
                   .value_bytes = ~size_t{0}};
  for (size_t bytes = 1; bytes <= 128; ++bytes) {
    const std::string key(bytes, 'k');
    cache.Put(key, kHead);
    EXPECT_EQ(cache.Find(key), kHead) << bytes;
    cache.Put(key, kHead);
    EXPECT_EQ(cache.Find(key), kHead) << bytes;
    cache.Put(key, large);
    EXPECT_EQ(cache.Find(key), large) << bytes;
  }
  cache.Put(std::string(129, 'k'), kHead);
  EXPECT_EQ(cache.Find(std::string(129, 'k')), std::nullopt);
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
