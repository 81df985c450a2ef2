#include "kv/auth/password_hasher.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace keel::kv {
namespace {

// Runs what was posted when the test says so.
class HeldPool final : public Executor {
 public:
  void Post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId PostAfter(uint64_t /*delay_us*/, Task task) override {
    Post(std::move(task));
    return TimerId(1);
  }
  bool Cancel(TimerId /*timer*/) override { return false; }
  [[nodiscard]] bool IsCurrent() const override { return true; }

  size_t RunAll() {
    auto tasks = std::exchange(tasks_, {});
    for (Task& task : tasks) std::move(task).Run();
    return tasks.size();
  }

 private:
  std::vector<Task> tasks_;
};

class PasswordHasherTest : public testing::Test {
 protected:
  HeldPool pool_;
  // The cheapest of the strong ones: the test is about what is done with it.
  PasswordHasher hasher_{{.pool = &pool_, .method = "$2b$", .cost = 4, .remember_key = 99}};
};

TEST_F(PasswordHasherTest, HashesOnThePoolWithASaltOfItsOwn) {
  std::vector<std::string> hashes;
  const auto keep = [&hashes](Result<std::string> hash) { hashes.push_back(hash.value()); };
  hasher_.Hash("secret", keep);
  hasher_.Hash("secret", keep);
  EXPECT_TRUE(hashes.empty());
  pool_.RunAll();
  ASSERT_EQ(hashes.size(), 2u);
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_TRUE(PasswordHasher::VerifyNow({.password = "secret", .hash = hashes[0]}));
  EXPECT_FALSE(PasswordHasher::VerifyNow({.password = "Secret", .hash = hashes[0]}));
  EXPECT_FALSE(PasswordHasher::VerifyNow({.password = "", .hash = ""})) << "no password is none";
}

TEST_F(PasswordHasherTest, RemembersWhatWasRightAndForgetsWithTheHash) {
  const std::string hash = hasher_.HashNow("secret").value();
  std::optional<bool> right;
  const auto note = [&right](bool verdict) { right = verdict; };
  hasher_.Verify({.password = "secret", .hash = hash}, note);
  EXPECT_EQ(right, std::nullopt);
  EXPECT_EQ(pool_.RunAll(), 1u);
  EXPECT_EQ(right, true);
  right.reset();
  hasher_.Verify({.password = "secret", .hash = hash}, note);
  EXPECT_EQ(right, true) << "at once";
  right.reset();
  hasher_.Verify({.password = "wrong", .hash = hash}, note);
  EXPECT_EQ(right, std::nullopt);
  pool_.RunAll();
  EXPECT_EQ(right, false);
  right.reset();
  hasher_.Verify({.password = "secret", .hash = hasher_.HashNow("other").value()}, note);
  pool_.RunAll();
  EXPECT_EQ(right, false) << "the password was changed";
}

TEST_F(PasswordHasherTest, AZeroByteWouldHideWhatFollows) {
  EXPECT_FALSE(hasher_.HashNow(std::string("a\0b", 3)).ok());
}

}  // namespace
}  // namespace keel::kv
