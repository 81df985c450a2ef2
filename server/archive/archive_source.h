// What an archiver sees of a node: the applied state, the log, and a way to mark how far it is.
//
// Any thread; the node outlives it.
#pragma once

#include "server/archive/archiver.h"
#include "server/node/node.h"

namespace keel::server {

class NodeArchiveSource final : public ArchiveSource {
 public:
  explicit NodeArchiveSource(node::Node* node) : node_(node) {}

  Sight Look() override;
  void Read(const Piece& piece, node::Once<std::vector<raft::Entry>> done) override;
  void ReadState(node::Once<State> done) override;
  void Mark(Index through) override;

 private:
  node::Node* const node_;
};

}  // namespace keel::server
