// The key space as one would write it down on paper: a whole map for every revision.
//
// Written from etcd's documented semantics and from nothing of kv/ but its value types, so that a
// mistake there is not repeated here. Slow and simple. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"

namespace keel::kv {

class Model {
 public:
  using Keys = std::map<std::string, KeyValue>;

  Model() { history_[Revision(1)] = {}; }

  Outcome Apply(const Command& command, Term entry_term);

  [[nodiscard]] Revision revision() const { return history_.rbegin()->first; }
  [[nodiscard]] Revision compacted() const { return compacted_; }
  [[nodiscard]] const Keys& now() const { return history_.rbegin()->second; }
  [[nodiscard]] const std::map<LeaseId, uint64_t>& leases() const { return leases_; }
  [[nodiscard]] RangeResult Range(const RangeRequest& request) const;
  // The events of every revision from `from` on that touch the range, compacted ones included: a
  // watcher that was there in time may still be given them.
  [[nodiscard]] std::vector<RevisionEvents> EventsSince(Revision from, const KeyRange& keys) const;
  // What a watcher may be given as the value before an event; nothing where it is compacted.
  [[nodiscard]] std::optional<KeyValue> Before(const std::string& key, Revision revision) const;

 private:
  // A revision in the making.
  struct Draft {
    Keys keys;
    std::vector<Event> events;
    Revision revision;
  };

  [[nodiscard]] static RangeResult RangeOver(const Keys& keys, const RangeRequest& request);
  [[nodiscard]] KvError RefusesTxn(const TxnOp& txn, const Keys& keys, int depth) const;
  [[nodiscard]] KvError RefusesPut(const PutOp& put, const Keys& keys) const;
  [[nodiscard]] TxnResult Run(const TxnOp& txn, const Keys& before, Draft* draft);
  static PutResult Put(const PutOp& put, Draft* draft);
  static DeleteRangeResult Delete(const DeleteRangeOp& op, Draft* draft);
  void Finish(Draft draft);
  [[nodiscard]] Draft Begin() const;
  KvError Revoke(const LeaseRevokeOp& op, Term entry_term);

  std::map<Revision, Keys> history_;
  std::map<Revision, std::vector<Event>> events_;
  std::map<LeaseId, uint64_t> leases_;
  Revision compacted_;
  bool has_compacted_ = false;
};

}  // namespace keel::kv
