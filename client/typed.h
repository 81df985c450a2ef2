// Values of one's own types under keys, and changing them without losing another's change.
//
// A codec says how a T is stored: `static std::string Encode(const T&)` and
// `static Result<T> Decode(std::string_view)`. Update reads, lets a function change the value, and
// writes it back only if nobody else has written meanwhile, as often as it takes.
//
//   TypedKv<Account, AccountCodec> accounts(kv);
//   accounts.Update("alice", [](std::optional<Account> now) -> Result<Account> { ... });
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client/kv.h"

namespace keel::client {

template <class T>
struct Versioned {
  T value;
  Revision mod_revision;
  uint64_t version = 0;
};

template <class T, class Codec>
class TypedKv {
 public:
  explicit TypedKv(Kv kv) : kv_(std::move(kv)) {}

  // Nothing if the key does not exist; what Decode says if it cannot be read.
  [[nodiscard]] Result<std::optional<Versioned<T>>> Get(const std::string& key) const {
    KEEL_ASSIGN_OR_RETURN(std::optional<KeyValue> found, kv_.Get(key));
    return Decode(found);
  }

  Result<PutResult> Put(const std::string& key, const T& value) const {
    return kv_.Put(key, Codec::Encode(value));
  }

  struct Swapped {
    bool swapped = false;
    // Not swapped: what is there.
    std::optional<Versioned<T>> current;
    // Swapped: the revision that it made.
    Revision revision;
  };
  // Puts the value if the key was last changed at `expected`; none: if it does not exist.
  struct Expectation {
    std::string key;
    Revision expected;
  };
  Result<Swapped> Swap(Expectation where, const T& value) const {
    KEEL_ASSIGN_OR_RETURN(SwapResult result, kv_.Swap({.key = std::move(where.key),
                                                       .expected = where.expected,
                                                       .value = Codec::Encode(value)}));
    if (result.swapped) return Swapped{.swapped = true, .revision = result.header.revision};
    KEEL_ASSIGN_OR_RETURN(std::optional<Versioned<T>> current, Decode(result.current));
    return Swapped{.current = std::move(current)};
  }

  // `change`: Result<T>(std::optional<T> current). What it fails with ends the update.
  template <class Change>
  Result<Versioned<T>> Update(const std::string& key, Change change) const {
    KEEL_ASSIGN_OR_RETURN(std::optional<Versioned<T>> now, Get(key));
    while (true) {
      std::optional<T> current;
      if (now.has_value()) current = now->value;
      KEEL_ASSIGN_OR_RETURN(T next, Result<T>(change(std::move(current))));
      const Revision expected = now.has_value() ? now->mod_revision : Revision();
      const uint64_t version = now.has_value() ? now->version + 1 : 1;
      KEEL_ASSIGN_OR_RETURN(Swapped result, Swap({.key = key, .expected = expected}, next));
      if (result.swapped) {
        return Versioned<T>{
            .value = std::move(next), .mod_revision = result.revision, .version = version};
      }
      now = std::move(result.current);
    }
  }

 private:
  static Result<std::optional<Versioned<T>>> Decode(const std::optional<KeyValue>& found) {
    if (!found.has_value()) return std::optional<Versioned<T>>();
    KEEL_ASSIGN_OR_RETURN(T value, Codec::Decode(found->value));
    return std::optional<Versioned<T>>(Versioned<T>{
        .value = std::move(value), .mod_revision = found->mod_revision, .version = found->version});
  }

  Kv kv_;
};

}  // namespace keel::client
