#include "tools/keelctl/text/export_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "base/prng.h"

namespace keel::ctl {
namespace {

ExportLine KeyLine(const std::string& key, const std::string& value) {
  ExportLine line;
  line.kv.set_key(key);
  line.kv.set_value(value);
  line.kv.set_create_revision(5);
  line.kv.set_mod_revision(9);
  line.kv.set_version(2);
  return line;
}

TEST(ExportLines, TextStaysTextAndWhatIsNoneIsBase64) {
  EXPECT_EQ(WriteExportLine(KeyLine("a/\"b\"", "Grüße")),
            "{\"key\":\"a/\\\"b\\\"\",\"value\":\"Grüße\",\"create_revision\":5,"
            "\"mod_revision\":9,\"version\":2,\"lease\":0}\n");
  EXPECT_EQ(WriteExportLine(KeyLine("\xff", std::string("\0\1", 2))),
            "{\"key64\":\"/w==\",\"value\":\"\\u0000\\u0001\",\"create_revision\":5,"
            "\"mod_revision\":9,\"version\":2,\"lease\":0}\n");
}

TEST(ExportLines, WhateverBytesAreWrittenAreReadBack) {
  Prng prng(3);
  for (int i = 0; i < 2'000; ++i) {
    std::string key(1 + prng.Below(9), '\0');
    std::string value(prng.Below(40), '\0');
    for (char& byte : key) byte = static_cast<char>(prng.Next());
    for (char& byte : value) byte = static_cast<char>(prng.Below(prng.OneIn(2) ? 128 : 256));
    const std::string text = WriteExportLine(KeyLine(key, value));
    ASSERT_EQ(text.find('\n'), text.size() - 1) << text;
    const auto line = ParseExportLine(text);
    ASSERT_TRUE(line.ok()) << text << line.status();
    ASSERT_EQ(line->kind, ExportLine::Kind::kKey);
    ASSERT_EQ(line->kv.key(), key) << text;
    ASSERT_EQ(line->kv.value(), value) << text;
    ASSERT_EQ(line->kv.mod_revision(), 9);
  }
}

TEST(ExportLines, TheFirstAndTheLastLineSayWhatIsBetween) {
  const auto header = ParseExportLine(WriteExportLine(
      {.kind = ExportLine::Kind::kHeader, .prefix = "p\xfe", .revision = 77, .key_count = 3}));
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->kind, ExportLine::Kind::kHeader);
  EXPECT_EQ(header->prefix, "p\xfe");
  EXPECT_EQ(header->revision, 77);
  EXPECT_EQ(header->key_count, 3u);
  const auto end =
      ParseExportLine(WriteExportLine({.kind = ExportLine::Kind::kEnd, .key_count = 3}));
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->kind, ExportLine::Kind::kEnd);
  EXPECT_EQ(end->key_count, 3u);
}

TEST(ExportLines, WhatIsNoneIsRefused) {
  for (const char* text : {"", "nonsense", "{\"key\":\"a\"", "[]", "{\"value\":\"a\"}",
                           "{\"key\":\"\",\"value\":\"a\"}", "{\"key\":7,\"value\":\"a\"}",
                           "{\"key64\":\"a\",\"value\":\"a\"}", "{\"key\":\"a\"}",
                           "{\"key64\":\"!!!!\",\"value\":\"a\"}", "{\"keel_export\":2}"}) {
    EXPECT_FALSE(ParseExportLine(text).ok()) << text;
  }
}

}  // namespace
}  // namespace keel::ctl
