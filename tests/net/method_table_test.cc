#include "net/method_table.h"

#include <gtest/gtest.h>

namespace keel::net {
namespace {

void Ignore(ServerCall, const CallContext&, std::string_view) {}

TEST(MethodTable, FindsAMethodByItsWholePath) {
  MethodTable table;
  table.AddUnary("/pkg.Kv/Put", Ignore);
  table.AddStreaming("/pkg.Watch/Watch", [](ServerCall, const CallContext&) { return nullptr; });
  ASSERT_NE(table.Find("/pkg.Kv/Put"), nullptr);
  EXPECT_TRUE(std::holds_alternative<UnaryMethod>(*table.Find("/pkg.Kv/Put")));
  ASSERT_NE(table.Find("/pkg.Watch/Watch"), nullptr);
  for (const char* path :
       {"", "/", "/pkg.Kv", "/pkg.Kv/", "/pkg.Kv/Pu", "/pkg.Kv/Put/", "pkg.Kv/Put"}) {
    EXPECT_EQ(table.Find(path), nullptr) << path;
  }
  EXPECT_EQ(table.Services(), (std::vector<std::string>{"pkg.Kv", "pkg.Watch"}));
}

TEST(MethodTable, TellsAWrongMethodFromAWrongService) {
  MethodTable table;
  table.AddUnary("/pkg.Kv/Put", Ignore);
  EXPECT_EQ(table.NotServed("/pkg.Kv/Get"), Unimplemented("unknown method Get for service pkg.Kv"));
  EXPECT_EQ(table.NotServed("/pkg.Nope/Get"), Unimplemented("unknown service pkg.Nope"));
  EXPECT_EQ(table.NotServed("nonsense\n"), Unimplemented("malformed method name: nonsense\\n"));
  EXPECT_EQ(table.NotServed("//x").code(), Code::kUnimplemented);
}

TEST(MethodTableDeathTest, TwoHandlersForOnePathAreABug) {
  MethodTable table;
  table.AddUnary("/pkg.Kv/Put", Ignore);
  EXPECT_DEATH(table.AddUnary("/pkg.Kv/Put", Ignore), "two handlers");
  EXPECT_DEATH(table.AddUnary("nonsense", Ignore), "not a path");
}

}  // namespace
}  // namespace keel::net
