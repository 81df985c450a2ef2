#include "net/metadata.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace keel::net {
namespace {

TEST(Metadata, KeepsFieldsInOrderWithDuplicates) {
  Metadata fields;
  fields.Add({"a", "1"});
  fields.Add({"b", ""});
  fields.Add({"a", "2"});
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[2].name, "a");
  EXPECT_EQ(fields[2].value, "2");
  EXPECT_EQ(fields.Find("a"), "1");
  EXPECT_EQ(fields.Find("b"), "");
  EXPECT_EQ(fields.Find("c"), std::nullopt);
  EXPECT_EQ(fields.ListBytes(), 5 + 3 * 32u);
  fields.Clear();
  EXPECT_TRUE(fields.empty());
}

TEST(Metadata, CarriesBinaryValuesAsBase64) {
  Metadata fields;
  const std::string bytes("\x00\xff\x10", 3);
  fields.AddBinary({"x-bin", bytes});
  EXPECT_EQ(fields.Find("x-bin"), "AP8Q");
  EXPECT_EQ(fields.FindBinary("x-bin"), bytes);
  EXPECT_EQ(fields.FindBinary("y-bin"), std::nullopt);
}

TEST(Metadata, TellsWhatAProgramMaySend) {
  EXPECT_TRUE(Metadata::MaySend({"keel-session", "42"}));
  EXPECT_TRUE(Metadata::MaySend({"token", "a.b:c~"}));
  const Metadata::Field bad[] = {
      {"", "x"},      {":path", "/x"},     {"grpc-status", "0"},    {"content-type", "x"},
      {"Upper", "x"}, {"with space", "x"}, {"name", "line\nbreak"}, {"name", "\xc3\xa9"},
      {"te", "x"},    {"name", " x"},      {"name", "x "},          {"connection", "x"}};
  for (const Metadata::Field& field : bad) EXPECT_FALSE(Metadata::MaySend(field)) << field.name;
}

TEST(Base64, ReadsWithAndWithoutPadding) {
  EXPECT_EQ(EncodeBase64("a"), "YQ");
  EXPECT_EQ(DecodeBase64("YQ"), "a");
  EXPECT_EQ(DecodeBase64("YQ=="), "a");
  EXPECT_EQ(DecodeBase64("YWI="), "ab");
  EXPECT_EQ(DecodeBase64(""), "");
  for (const std::string_view bad : {"Y", "Y=Q=", "YQ=", "Y Q", "YQ===", "\xff\xff"}) {
    EXPECT_EQ(DecodeBase64(bad), std::nullopt) << bad;
  }
}

TEST(Base64, ReadsWhatItWrites) {
  Prng prng(7);
  for (size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(prng.Next());
    ASSERT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
  }
}

}  // namespace
}  // namespace keel::net
