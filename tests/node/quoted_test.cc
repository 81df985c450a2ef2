#include "server/node/quoted.h"

#include <gtest/gtest.h>

namespace keel::node {
namespace {

TEST(Quoted, WhatWouldEndAValueIsEscaped) {
  EXPECT_EQ(Quoted("plain"), "\"plain\"");
  EXPECT_EQ(Quoted("the token \"a\""), R"("the token \"a\"")");
  EXPECT_EQ(Quoted("a\\b"), R"("a\\b")");
  EXPECT_EQ(Quoted("one\ntwo\r"), R"("one\ntwo ")");
}

}  // namespace
}  // namespace keel::node
