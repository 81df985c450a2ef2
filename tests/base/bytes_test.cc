#include "base/bytes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace keel {
namespace {

TEST(Printable, LeavesPlainTextAlone) {
  EXPECT_EQ(Printable("", 10), "");
  EXPECT_EQ(Printable("key one~", 10), "key one~");
}

TEST(Printable, EscapesWhatATerminalWouldActUpon) {
  EXPECT_EQ(Printable(std::string_view("a\n\r\t\0\x1b\x7f\xff", 8), 10),
            "a\\n\\r\\t\\x00\\x1b\\x7f\\xff");
}

TEST(Printable, NeverShowsTwoDifferentInputsAlike) {
  EXPECT_EQ(Printable("\\n", 10), "\\\\n");
  std::set<std::string> seen;
  for (int byte = 0; byte < 256; ++byte) {
    seen.insert(Printable(std::string(1, static_cast<char>(byte)), 1));
  }
  EXPECT_EQ(seen.size(), 256u);
}

TEST(Printable, CountsWhatItDoesNotShow) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdef", 5), "abcde...(1 more)");
  EXPECT_EQ(Printable("abcdef", 0), "...(6 more)");
  EXPECT_EQ(Printable("", 0), "");
}

TEST(Hex, WritesTwoDigitsForEachByte) {
  EXPECT_EQ(Hex(""), "");
  EXPECT_EQ(Hex(std::string_view("\0\x0f\xa0\xff", 4)), "000fa0ff");
}

}  // namespace
}  // namespace keel
