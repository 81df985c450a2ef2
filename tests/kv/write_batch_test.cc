#include "kv/engine/write_batch.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <string>
#include <utility>
#include <vector>

namespace keel::kv {
namespace {

// One line for each operation: "key=value" or "-key".
std::vector<std::string> OperationsOf(const WriteBatch& batch) {
  std::vector<std::string> operations;
  batch.ForEach(
      [&operations](std::string_view key, std::string_view value) {
        operations.push_back(std::string(key) + "=" + std::string(value));
      },
      [&operations](std::string_view key) { operations.push_back("-" + std::string(key)); });
  return operations;
}

size_t HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

TEST(WriteBatch, TellsItsOperationsInOrder) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(OperationsOf(batch).empty());
  const std::string zeros(2, '\0');
  batch.Put("a", "1");
  batch.Delete("a");
  batch.Put("a", "");
  batch.Put(zeros, zeros);
  batch.Put("", "of no key");
  batch.Put("long", std::string(100'000, 'v'));
  EXPECT_FALSE(batch.empty());
  EXPECT_EQ(batch.count(), 6u);
  EXPECT_GT(batch.size_bytes(), 100'000u);
  EXPECT_EQ(OperationsOf(batch),
            (std::vector<std::string>{"a=1", "-a", "a=", zeros + "=" + zeros, "=of no key",
                                      "long=" + std::string(100'000, 'v')}));
}

TEST(WriteBatch, IsAsNewOnceCleared) {
  for (const size_t value_bytes : {size_t{1}, size_t{2} << 20}) {
    WriteBatch batch;
    batch.Put("a", std::string(value_bytes, 'v'));
    batch.Clear();
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.count(), 0u);
    EXPECT_TRUE(OperationsOf(batch).empty());
    batch.Delete("b");
    EXPECT_EQ(OperationsOf(batch), std::vector<std::string>{"-b"});
  }
}

TEST(WriteBatch, ACopyGoesItsOwnWay) {
  WriteBatch batch;
  batch.Put("a", "1");
  WriteBatch copy = batch;
  batch.Clear();
  copy.Put("b", "2");
  const WriteBatch moved = std::move(copy);
  EXPECT_TRUE(OperationsOf(batch).empty());
  EXPECT_EQ(OperationsOf(moved), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(moved.count(), 2u);
}

// One large transaction must not cost its memory for good.
TEST(WriteBatch, GivesLargeRoomBack) {
  constexpr size_t kLargeBytes = size_t{64} << 20;
  WriteBatch batch;
  const size_t before = HeapBytes();
  batch.Put("a", std::string(kLargeBytes, 'v'));
  batch.Clear();
  EXPECT_LT(HeapBytes(), before + kLargeBytes / 2);
}

}  // namespace
}  // namespace keel::kv
