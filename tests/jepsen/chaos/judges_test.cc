#include "jepsen/workload/judges.h"

#include <gtest/gtest.h>

namespace keel::jepsen {
namespace {

PairedHistory Of(std::string_view text) {
  auto history = ParseHistory(text);
  EXPECT_TRUE(history.ok()) << history.status();
  auto paired = PairOperations(*history);
  EXPECT_TRUE(paired.ok()) << paired.status();
  return *paired;
}

Verdict VersionsOf(std::string_view text) {
  const auto report = JudgeVersions(Of(text));
  EXPECT_TRUE(report.ok()) << report.status();
  return report->verdict;
}

constexpr std::string_view kPut =
    R"({:process 0, :type :invoke, :f :put, :key "a", :value 0}
       {:process 0, :type :ok, :f :put, :key "a", :value 0})";
constexpr std::string_view kUnknownPut =
    R"({:process 1, :type :invoke, :f :put, :key "a", :value 0}
       {:process 1, :type :info, :f :put, :key "a", :value 0})";

std::string Read(int version) {
  return R"({:process 2, :type :invoke, :f :version, :key "a", :value nil}
            {:process 2, :type :ok, :f :version, :key "a", :value )" +
         std::to_string(version) + "}";
}

TEST(JudgeVersions, CountsPuts) {
  EXPECT_EQ(VersionsOf(std::string(kPut) + Read(1)), Verdict::kLinearizable);
  EXPECT_EQ(VersionsOf(std::string(kPut) + Read(0)), Verdict::kNotLinearizable);
  EXPECT_EQ(VersionsOf(std::string(kPut) + Read(2)), Verdict::kNotLinearizable);
}

TEST(JudgeVersions, AnUnknownPutMayHaveCounted) {
  for (const int version : {1, 2}) {
    EXPECT_EQ(VersionsOf(std::string(kPut) + std::string(kUnknownPut) + Read(version)),
              Verdict::kLinearizable);
  }
  EXPECT_EQ(VersionsOf(std::string(kPut) + std::string(kUnknownPut) + Read(3)),
            Verdict::kNotLinearizable);
}

}  // namespace
}  // namespace keel::jepsen
