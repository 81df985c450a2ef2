// The seams have no code of their own yet; what can be held to already is their shape.
#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"

namespace keel {
namespace {

// Deleting through the seam is safe, and nobody can copy a file, a lock or a clock by accident.
template <class T>
concept Seam = std::has_virtual_destructor_v<T> && !std::copy_constructible<T> &&
               !std::is_copy_assignable_v<T>;

static_assert(Seam<Clock> && std::is_abstract_v<Clock>);
static_assert(Seam<Executor> && std::is_abstract_v<Executor>);
static_assert(Seam<FileSystem> && std::is_abstract_v<FileSystem>);
static_assert(Seam<ReadableFile> && std::is_abstract_v<ReadableFile>);
static_assert(Seam<AppendableFile> && std::is_abstract_v<AppendableFile>);
static_assert(Seam<WritableFile> && std::derived_from<WritableFile, ReadableFile>);
static_assert(Seam<FileLock>);

class StoppedClock : public Clock {
 public:
  [[nodiscard]] uint64_t MonotonicUs() const override { return 1'234'567; }
  [[nodiscard]] uint64_t WallUs() const override { return 9'876'543; }
};

TEST(Clock, MillisecondsAreTheSameTimeRoundedDown) {
  const StoppedClock clock;
  EXPECT_EQ(clock.MonotonicMs(), 1'234u);
  EXPECT_EQ(clock.WallMs(), 9'876u);
}

}  // namespace
}  // namespace keel
