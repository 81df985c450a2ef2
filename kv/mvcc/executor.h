// Carries out the operations of the key space over one batch: puts, delete ranges and transactions,
// with etcd's rules of what is checked when.
//
// A refusal is found before the first change, so a refused command leaves nothing behind. All
// compares, nested ones included, are evaluated before any operation. Belongs to the apply role; it
// lives for one command.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "base/result.h"
#include "kv/lease/lease_table.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/operation_counts.h"
#include "kv/mvcc/pending.h"
#include "kv/mvcc/read_view.h"

namespace keel::kv {

class Executor {
 public:
  struct Parts {
    Pending* pending = nullptr;
    const LeaseTable* leases = nullptr;
    PrefixRules* rules = nullptr;
    const StoreState* state = nullptr;
    // The state before the command, for reads of the past; needed only where the command
    // ReadsThePast.
    const ReadView* past = nullptr;
    bool no_space = false;              // an alarm or a full quota of the whole stops all growth
    OperationCounts* counts = nullptr;  // may be null
  };
  explicit Executor(const Parts& parts) : parts_(parts) {}

  [[nodiscard]] Result<Refusable<PutResult>> Put(PutOp&& op);
  [[nodiscard]] Result<Refusable<DeleteRangeResult>> DeleteRange(const DeleteRangeOp& op);
  [[nodiscard]] Result<Refusable<TxnResult>> Txn(const TxnOp& op);

 private:
  // The branches that the compares chose, in the order in which Txn meets them.
  using Path = std::vector<bool>;

  [[nodiscard]] Result<bool> Holds(const Compare& compare);
  Status Choose(const TxnOp& op, Path* path);
  [[nodiscard]] Result<KvError> Check(const TxnOp& op, const Path& path, size_t* at);
  [[nodiscard]] Result<KvError> CheckPut(const PutOp& op);
  [[nodiscard]] KvError CheckRead(const RangeRequest& request) const;
  [[nodiscard]] Result<TxnResult> Run(const TxnOp& op, const Path& path, size_t* at);
  [[nodiscard]] Result<OpResult> RunOp(const RequestOp& op, const Path& path, size_t* at);
  [[nodiscard]] Result<PutResult> RunPut(PutOp&& op);
  [[nodiscard]] Result<DeleteRangeResult> RunDelete(const DeleteRangeOp& op);
  [[nodiscard]] Result<RangeResult> RunRange(const RangeRequest& request);

  void Count(Tally OperationCounts::*kind, uint64_t put_bytes = 0);

  const Parts parts_;
  size_t done_ = 0;  // operations
};

}  // namespace keel::kv
