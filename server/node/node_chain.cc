// Whether this member's state is the others': what it tells, and what follows from what it hears.
#include <string>
#include <utility>

#include "kv/mvcc/command.h"
#include "server/node/node.h"

namespace keel::node {

void Node::TellChain(std::vector<kv::ChainHash> hashes) {
  if (stopped_) return;
  const ChainTold told{std::move(hashes)};
  for (const raft::Member& member : core_->config().members()) {
    if (member.id != core_->id()) seams_.transport->Send(member.id, Lane::kBulk, told);
  }
  NoteChain(core_->id(), told);
}

void Node::NoteChain(NodeId member, const ChainTold& told) {
  for (const kv::ChainHash& chain : told.hashes) {
    switch (chain_watch_.Note(member, chain, core_->config())) {
      case ChainWatch::Verdict::kNone:
        break;
      case ChainWatch::Verdict::kDiverged:
        // It has answered from a wrong state, and may have led: it does neither any more.
        return OnFailed(DataLoss("this member's state differs from the majority's as of index " +
                                 std::to_string(chain.index.value()) +
                                 ": replace the member, as docs/operations.md says"));
      case ChainWatch::Verdict::kNoMajority:
        RaiseCorrupt();
        break;
    }
  }
}

// Nobody can say which state is right: nothing more is written to any until an operator has.
void Node::RaiseCorrupt() {
  if (core_->role() != raft::Role::kLeader || std::exchange(corrupt_asked_, true)) return;
  TakeProposal(
      {.request = {.command =
                       kv::EncodeCommand({.operation = kv::AlarmOp{.raise = true,
                                                                   .kind = kv::AlarmKind::kCorrupt,
                                                                   .member = core_->id()}}),
                   .essential = true,
                   .local_only = true},
       // Where it came to nothing, or was lowered too early, the next comparison asks again.
       .done = [this](const ProposalOutcome& /*outcome*/) { corrupt_asked_ = false; }});
}

}  // namespace keel::node
