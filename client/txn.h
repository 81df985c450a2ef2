// A transaction: if all comparisons hold, one list of operations, else the other, in one revision.
//
//   Txn().If(ModRevision("stock") == stock.mod_revision)
//        .Then(PutRequest{.key = "stock", .value = "41"}, PutRequest{.key = "order/7", ...})
//        .Else(GetRequest{.range = KeyRange::One("stock")});
//
// A plain value; nothing happens until Kv::Commit. Transactions nest: a Txn is an operation too.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/requests.h"
#include "client/types.h"

namespace keel::client {

struct Compare {
  enum class Subject : uint8_t { kVersion, kCreateRevision, kModRevision, kValue, kLease };
  enum class Relation : uint8_t { kEqual, kGreater, kLess, kNotEqual };

  // Of a range, every key must satisfy. A key that does not exist counts as 0 in all but kValue,
  // where it satisfies nothing.
  KeyRange range;
  Subject subject = Subject::kVersion;
  Relation relation = Relation::kEqual;
  uint64_t number = 0;  // of all but kValue
  std::string value;    // of kValue
};

// What is compared of a key: VersionOf("k") == 3, ValueOf("k") != "x".
template <class Value>
struct Compared {
  KeyRange range;
  Compare::Subject subject;

  [[nodiscard]] Compare Against(Compare::Relation relation, const Value& value) const {
    Compare compare{.range = range, .subject = subject, .relation = relation};
    if constexpr (std::same_as<Value, std::string>) {
      compare.value = value;
    } else if constexpr (std::same_as<Value, uint64_t>) {
      compare.number = value;
    } else {
      compare.number = value.value();
    }
    return compare;
  }
  [[nodiscard]] friend Compare operator==(const Compared& what, const Value& value) {
    return what.Against(Compare::Relation::kEqual, value);
  }
  [[nodiscard]] friend Compare operator!=(const Compared& what, const Value& value) {
    return what.Against(Compare::Relation::kNotEqual, value);
  }
  [[nodiscard]] friend Compare operator>(const Compared& what, const Value& value) {
    return what.Against(Compare::Relation::kGreater, value);
  }
  [[nodiscard]] friend Compare operator<(const Compared& what, const Value& value) {
    return what.Against(Compare::Relation::kLess, value);
  }
};

[[nodiscard]] Compared<uint64_t> VersionOf(KeyRange range);
[[nodiscard]] Compared<Revision> CreateRevisionOf(KeyRange range);
[[nodiscard]] Compared<Revision> ModRevisionOf(KeyRange range);
[[nodiscard]] Compared<std::string> ValueOf(KeyRange range);
[[nodiscard]] Compared<LeaseId> LeaseOf(KeyRange range);
[[nodiscard]] Compared<uint64_t> VersionOf(std::string key);
[[nodiscard]] Compared<Revision> CreateRevisionOf(std::string key);
[[nodiscard]] Compared<Revision> ModRevisionOf(std::string key);
[[nodiscard]] Compared<std::string> ValueOf(std::string key);
[[nodiscard]] Compared<LeaseId> LeaseOf(std::string key);
[[nodiscard]] Compare Exists(std::string key);
[[nodiscard]] Compare Missing(std::string key);

class Txn {
 public:
  using Step = std::variant<GetRequest, PutRequest, DeleteRequest, Txn>;

  template <class... Compares>
  Txn& If(Compares... compares) & {
    (compares_.push_back(std::move(compares)), ...);
    return *this;
  }
  template <class... Steps>
  Txn& Then(Steps... steps) & {
    (then_.emplace_back(std::move(steps)), ...);
    return *this;
  }
  template <class... Steps>
  Txn& Else(Steps... steps) & {
    (else_.emplace_back(std::move(steps)), ...);
    return *this;
  }
  template <class... Compares>
  Txn&& If(Compares... compares) && {
    return std::move(If(std::move(compares)...));
  }
  template <class... Steps>
  Txn&& Then(Steps... steps) && {
    return std::move(Then(std::move(steps)...));
  }
  template <class... Steps>
  Txn&& Else(Steps... steps) && {
    return std::move(Else(std::move(steps)...));
  }

  [[nodiscard]] const std::vector<Compare>& compares() const { return compares_; }
  [[nodiscard]] const std::vector<Step>& then_steps() const { return then_; }
  [[nodiscard]] const std::vector<Step>& else_steps() const { return else_; }

 private:
  std::vector<Compare> compares_;
  std::vector<Step> then_;
  std::vector<Step> else_;
};

struct TxnResult {
  using Answer = std::variant<GetResult, PutResult, DeleteResult, TxnResult>;

  Header header;
  // Which list was carried out.
  bool succeeded = false;
  // One for each of its steps, in their order.
  std::vector<Answer> answers;

  [[nodiscard]] const GetResult& Get(size_t step) const {
    return std::get<GetResult>(answers[step]);
  }
  [[nodiscard]] const PutResult& Put(size_t step) const {
    return std::get<PutResult>(answers[step]);
  }
  [[nodiscard]] const DeleteResult& Delete(size_t step) const {
    return std::get<DeleteResult>(answers[step]);
  }
};

}  // namespace keel::client
