// Commands by chance, over few keys so that they meet, the same for the same seed.
//
// One thread; each owner holds its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/prng.h"
#include "kv/mvcc/command.h"

namespace keel::kv {

class RandomCommands {
 public:
  explicit RandomCommands(uint64_t seed) : prng_(seed) {}

  // What the generator must know to hit often enough.
  struct Hints {
    Revision revision;
    Revision compacted;
    Term term;
  };
  [[nodiscard]] Command Next(const Hints& hints);
  [[nodiscard]] RangeRequest NextRange(const Hints& hints);
  // A transaction that only reads.
  [[nodiscard]] TxnOp NextReadTxn(const Hints& hints) { return Txn(hints, 0, Ops::kReads); }
  [[nodiscard]] KeyRange NextKeys();
  [[nodiscard]] Revision NextRevision(const Hints& hints);
  [[nodiscard]] Prng& prng() { return prng_; }

 private:
  [[nodiscard]] std::string Key();
  [[nodiscard]] std::string Value();
  [[nodiscard]] LeaseId AnyLease() { return LeaseId(1 + prng_.Below(6)); }
  [[nodiscard]] PutOp Put();
  [[nodiscard]] DeleteRangeOp Delete();
  [[nodiscard]] Compare NextCompare(const Hints& hints);
  enum class Ops : uint8_t { kAll, kReads };
  [[nodiscard]] TxnOp Txn(const Hints& hints, int depth, Ops ops = Ops::kAll);

  Prng prng_;
};

}  // namespace keel::kv
