#include "server/node/wire.h"

#include "api/keel/peer.pb.h"
#include "raft/config.h"

namespace keel::node {

namespace {

void Write(const raft::Position& from, peer::Position* to) {
  to->set_index(from.index.value());
  to->set_term(from.term.value());
}

void Write(const raft::ReadId& from, peer::ReadId* to) {
  to->set_node(from.node.value());
  to->set_boot(from.boot.value());
  to->set_sequence(from.sequence);
}

void Write(const raft::VoteRequest& m, peer::CoreMessage* out) {
  peer::VoteRequest* to = out->mutable_vote_request();
  to->set_pre(m.pre);
  to->set_forced(m.forced);
  to->set_for_term(m.for_term.value());
  to->set_round(m.round);
  Write(m.last, to->mutable_last());
}

void Write(const raft::VoteReply& m, peer::CoreMessage* out) {
  peer::VoteReply* to = out->mutable_vote_reply();
  to->set_pre(m.pre);
  to->set_granted(m.granted);
  to->set_removed(m.removed);
  to->set_for_term(m.for_term.value());
  to->set_round(m.round);
}

void Write(const raft::AppendRequest& m, peer::CoreMessage* out) {
  peer::AppendRequest* to = out->mutable_append_request();
  Write(m.prev, to->mutable_prev());
  to->set_commit(m.commit.value());
  for (const raft::Entry& entry : m.entries) {
    peer::Entry* added = to->add_entries();
    added->set_term(entry.term.value());
    added->set_index(entry.index.value());
    added->set_kind(static_cast<uint32_t>(entry.kind));
    added->set_payload(entry.payload.view().data(), entry.payload.size());
  }
}

void Write(const raft::AppendReply& m, peer::CoreMessage* out) {
  peer::AppendReply* to = out->mutable_append_reply();
  to->set_success(m.success);
  to->set_wants_snapshot(m.wants_snapshot);
  to->set_health(static_cast<uint32_t>(m.health));
  to->set_boot(m.boot.value());
  to->set_match(m.match.value());
  to->set_refused(m.refused.value());
  Write(m.hint, to->mutable_hint());
}

void Write(const raft::HeartbeatRequest& m, peer::CoreMessage* out) {
  peer::HeartbeatRequest* to = out->mutable_heartbeat_request();
  to->set_commit(m.commit.value());
  to->set_round(m.round);
  to->set_healed_boot(m.healed_boot.value());
  to->set_healed_from(m.healed_from.value());
}

void Write(const raft::HeartbeatReply& m, peer::CoreMessage* out) {
  peer::HeartbeatReply* to = out->mutable_heartbeat_reply();
  to->set_round(m.round);
  to->set_keeps_lease(m.keeps_lease);
  to->set_health(static_cast<uint32_t>(m.health));
  to->set_boot(m.boot.value());
  to->set_commit(m.commit.value());
}

void Write(const raft::TimeoutNow& /*m*/, peer::CoreMessage* out) { out->mutable_timeout_now(); }

void Write(const raft::InstallSnapshot& m, peer::CoreMessage* out) {
  peer::InstallSnapshot* to = out->mutable_install_snapshot();
  Write(m.meta.last, to->mutable_last());
  if (m.meta.config != nullptr) to->set_config(m.meta.config->Encode());
}

void Write(const raft::ReadIndexRequest& m, peer::CoreMessage* out) {
  peer::ReadIndexRequest* to = out->mutable_read_index_request();
  for (const raft::ReadId& id : m.ids) Write(id, to->add_ids());
}

void Write(const raft::ReadIndexReply& m, peer::CoreMessage* out) {
  peer::ReadIndexReply* to = out->mutable_read_index_reply();
  for (const raft::ReadId& id : m.ids) Write(id, to->add_ids());
  to->set_index(m.index.value());
  to->set_refused(m.refused);
  to->set_too_many(m.too_many);
}

void Write(const raft::Message& m, peer::Frame* frame) {
  peer::CoreMessage* core = frame->mutable_core();
  core->set_from(m.from.value());
  core->set_to(m.to.value());
  core->set_term(m.term.value());
  std::visit([core](const auto& body) { Write(body, core); }, m.body);
}

void Write(const Forward& m, peer::Frame* frame) {
  peer::Forward* to = frame->mutable_forward();
  to->set_boot(m.boot.value());
  for (const Forward::Item& item : m.items) {
    peer::Forward::Item* added = to->add_items();
    added->set_sequence(item.sequence);
    added->set_command(item.command.view().data(), item.command.size());
  }
}

void Write(const ForwardReply& m, peer::Frame* frame) {
  peer::ForwardReply* to = frame->mutable_forward_reply();
  to->set_boot(m.boot.value());
  to->set_term(m.term.value());
  for (const ForwardReply::Item& item : m.items) {
    peer::ForwardReply::Item* added = to->add_items();
    added->set_sequence(item.sequence);
    added->set_index(item.index.value());
    added->set_refusal(static_cast<uint32_t>(item.refusal));
  }
}

void Write(const SnapshotChunk& m, peer::Frame* frame) {
  peer::SnapshotChunk* to = frame->mutable_snapshot_chunk();
  to->set_transfer(m.transfer);
  Write(m.last, to->mutable_last());
  to->set_number(m.number);
  to->set_bytes(m.bytes.view().data(), m.bytes.size());
}

void Write(const SnapshotAck& m, peer::Frame* frame) {
  peer::SnapshotAck* to = frame->mutable_snapshot_ack();
  to->set_transfer(m.transfer);
  to->set_chunk_count(m.chunk_count);
  to->set_complete(m.complete);
  to->set_refused(m.refused);
}

void Write(const LeaseAsk& m, peer::Frame* frame) {
  peer::LeaseAsk* to = frame->mutable_lease_ask();
  to->set_boot(m.boot.value());
  to->set_sequence(m.sequence);
  to->set_lease(m.lease.value());
  to->set_renews(m.renews);
}

void Write(const LeaseTold& m, peer::Frame* frame) {
  peer::LeaseTold* to = frame->mutable_lease_told();
  to->set_boot(m.boot.value());
  to->set_sequence(m.sequence);
  to->set_leads(m.leads);
  to->set_found(m.found);
  to->set_seconds(m.seconds);
}

void Write(const ChainTold& m, peer::Frame* frame) {
  peer::ChainTold* to = frame->mutable_chain_told();
  for (const kv::ChainHash& chain : m.hashes) {
    peer::ChainTold::Hash* added = to->add_hashes();
    added->set_index(chain.index.value());
    added->set_hash(chain.hash);
  }
}

void Write(const MemberAsk& m, peer::Frame* frame) {
  peer::MemberAsk* to = frame->mutable_member_ask();
  to->set_boot(m.boot.value());
  to->set_sequence(m.sequence);
  for (const raft::ConfigOp& op : m.ops) {
    peer::MemberAsk::Operation* added = to->add_operations();
    added->set_kind(static_cast<uint32_t>(op.kind));
    added->set_id(op.id.value());
    added->set_replacement(op.replacement.value());
    added->set_priority(op.priority);
    added->set_enabled(op.enabled);
  }
  to->set_members(m.members);
  to->set_claims(m.claims);
}

void Write(const MemberTold& m, peer::Frame* frame) {
  peer::MemberTold* to = frame->mutable_member_told();
  to->set_boot(m.boot.value());
  to->set_sequence(m.sequence);
  to->set_outcome(static_cast<uint32_t>(m.outcome));
  to->set_refusal(static_cast<uint32_t>(m.refusal));
  Write(m.position, to->mutable_position());
}

}  // namespace

void AppendFrame(const PeerMessage& message, uint32_t group, std::string* out) {
  peer::Frame frame;
  frame.set_version(kPeerFormat);
  frame.set_group(group);
  std::visit([&frame](const auto& m) { Write(m, &frame); }, message);
  frame.AppendToString(out);
}

}  // namespace keel::node
