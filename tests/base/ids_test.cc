#include "base/ids.h"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>

namespace keel {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <class A, class B>
concept Comparable = requires(A a, B b) {
  a < b;
};

// What must not compile is what these types are for.
static_assert(!std::is_convertible_v<uint64_t, Term>);
static_assert(!std::is_convertible_v<Term, uint64_t>);
static_assert(!std::is_constructible_v<Term, Index>);
static_assert(!std::is_assignable_v<Index&, Revision>);
static_assert(!Comparable<Term, Index>);
static_assert(!Comparable<Term, int>);
static_assert(!Addable<Index, Index>);
static_assert(!Addable<NodeId, int>);
static_assert(Addable<Index, int> && Comparable<NodeId, NodeId>);
static_assert(sizeof(Term) == sizeof(uint64_t) && std::is_trivially_copyable_v<Term>);

TEST(Ids, ZeroIsNone) {
  EXPECT_TRUE(Term().IsNone());
  EXPECT_TRUE(NodeId(0).IsNone());
  EXPECT_FALSE(Index(1).IsNone());
}

TEST(Ids, OrdinalsStepForwardsAndBackToZero) {
  EXPECT_EQ(Index(4).Next(), Index(5));
  EXPECT_EQ(Index(4).Prev(), Index(3));
  EXPECT_EQ(Index(0).Prev(), Index(0));
  EXPECT_EQ(Index(4) + 3, Index(7));
  EXPECT_EQ(Index(7) - Index(4), 3u);
}

TEST(Ids, TheyAreOrderedByTheirValue) {
  EXPECT_LT(Term(1), Term(2));
  EXPECT_GT(NodeId(9), NodeId(2));
  EXPECT_EQ(Revision(3), Revision(3));
}

}  // namespace
}  // namespace keel
