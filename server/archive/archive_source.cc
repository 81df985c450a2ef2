#include "server/archive/archive_source.h"

#include <utility>

#include "base/mutant.h"

namespace keel::server {

ArchiveSource::Sight NodeArchiveSource::Look() {
  const node::NodeStatus status = node_->status();
  const std::shared_ptr<const kv::ReadView> view = node_->view();
  return {.leads = status.role == raft::Role::kLeader,
          .applied = view->applied(),
          .revision = view->revision(),
          .log_base = status.log_base,
          .marked = status.archived,
          .is_idle = status.last == view->applied()};
}

void NodeArchiveSource::Read(const Piece& piece, node::Once<std::vector<raft::Entry>> done) {
  node_->ReadLog({.first = piece.first, .size_bytes_max = piece.size_bytes_max}, std::move(done));
}

// On the apply role, where the view and the state's numbers are of one moment.
// By what the view says of itself: while the member's own disk is full the state is ahead of it.
void NodeArchiveSource::ReadState(node::Once<State> done) {
  node_->RunOnApply([done = std::move(done)](const node::StateMachine& machine) mutable {
    auto view = machine.view();
    const backup::BasePlace place{
        .index = KEEL_MUTANT(kArchiveBaseAhead) ? view->applied().Next() : view->applied(),
        .term = view->applied_term(),
        .revision = view->revision(),
        .time_ms = view->log_time_ms()};
    std::move(done)({.view = std::move(view), .place = place});
  });
}

void NodeArchiveSource::Mark(Index through) {
  node_->Propose({.command = kv::EncodeCommand({.operation = kv::ArchiveMarkOp{through}}),
                  .essential = true,
                  .local_only = true},
                 [](const node::ProposalOutcome&) {});
}

}  // namespace keel::server
