// The numbers that must never be mixed up: a term is not an index, an index is not a node.
//
// Each is a distinct type around a uint64_t, free at run time, ordered, hashable by value(), and
// convertible only by name. Ordinals (Term, Index, Revision) can step forwards and be measured
// against their own kind; a NodeId is a name and has no arithmetic. Zero means "none" everywhere.
#pragma once

#include <compare>
#include <cstdint>

namespace keel {

template <class Tag>
class Name {
 public:
  constexpr Name() = default;
  constexpr explicit Name(uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool IsNone() const { return value_ == 0; }

  friend constexpr auto operator<=>(const Name&, const Name&) = default;

 private:
  uint64_t value_ = 0;
};

template <class Tag>
class Ordinal {
 public:
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool IsNone() const { return value_ == 0; }
  [[nodiscard]] constexpr Ordinal Next() const { return Ordinal(value_ + 1); }
  // The ordinal before this one; zero has none before it and stays zero.
  [[nodiscard]] constexpr Ordinal Prev() const { return Ordinal(value_ == 0 ? 0 : value_ - 1); }

  friend constexpr Ordinal operator+(Ordinal a, uint64_t n) { return Ordinal(a.value_ + n); }
  // How far apart two ordinals are; requires a >= b.
  friend constexpr uint64_t operator-(Ordinal a, Ordinal b) { return a.value_ - b.value_; }
  friend constexpr auto operator<=>(const Ordinal&, const Ordinal&) = default;

 private:
  uint64_t value_ = 0;
};

using NodeId = Name<struct NodeIdTag>;
using Term = Ordinal<struct TermTag>;
using Index = Ordinal<struct IndexTag>;
using Revision = Ordinal<struct RevisionTag>;

}  // namespace keel
