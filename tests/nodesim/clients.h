// The open load: puts, compare-and-puts, deletions and linearizable reads of a few shared keys.
//
// They come in small bursts and do not wait for each other. Nothing is asked twice: what is unknown
// stays unknown, and the history judges it. One thread.
#pragma once

#include <map>
#include <string>

#include "tests/nodesim/desk.h"
#include "tests/nodesim/profile.h"

namespace keel::nodesim {

class Clients {
 public:
  Clients(Desk* desk, const NodeProfile& profile) : desk_(desk), profile_(profile) {}
  void Start() { Burst(); }

 private:
  void Burst();
  void Ask();
  void Write(node_test::SimMember* member, OpKind kind, const std::string& key);
  void Read(node_test::SimMember* member, const std::string& key);
  void OnWritten(OpNumber number, const node::ProposalOutcome* outcome);
  void OnRead(OpNumber number, const node::ReadOutcome* outcome);
  [[nodiscard]] kv::Operation MakeOperation(OpNumber number, const Op& op);

  Desk* const desk_;
  const NodeProfile& profile_;
  std::map<std::string, Revision> known_;  // where a key was last seen to be written
};

// What is in an answer of a transaction; null if it is none.
[[nodiscard]] const kv::TxnResult* TxnOf(const kv::Outcome& outcome);
// Put `key` if it was last written at `mod`, or is not there.
[[nodiscard]] kv::Compare WrittenAt(const std::string& key, Revision mod);

}  // namespace keel::nodesim
