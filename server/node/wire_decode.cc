// The reading half of wire.h: bytes that nobody vouches for.
#include <climits>
#include <utility>

#include "api/keel/peer.pb.h"
#include "raft/config.h"
#include "server/node/wire.h"

namespace keel::node {

namespace {

raft::Position Read(const peer::Position& from) {
  return {.index = Index(from.index()), .term = Term(from.term())};
}

raft::ReadId Read(const peer::ReadId& from) {
  return {
      .node = NodeId(from.node()), .boot = raft::BootId(from.boot()), .sequence = from.sequence()};
}

bool Read(uint32_t from, raft::Health* health) {
  if (from > static_cast<uint32_t>(raft::Health::kEmpty)) return false;
  *health = static_cast<raft::Health>(from);
  return true;
}

// Each takes the bytes out of the message that carried them.
Payload Take(std::string* bytes) { return Payload::Of(std::move(*bytes)); }

std::optional<raft::Body> Body(peer::VoteRequest* from) {
  return raft::VoteRequest{.pre = from->pre(),
                           .forced = from->forced(),
                           .for_term = Term(from->for_term()),
                           .round = from->round(),
                           .last = Read(from->last())};
}

std::optional<raft::Body> Body(peer::VoteReply* from) {
  return raft::VoteReply{.pre = from->pre(),
                         .granted = from->granted(),
                         .removed = from->removed(),
                         .for_term = Term(from->for_term()),
                         .round = from->round()};
}

std::optional<raft::Body> Body(peer::AppendRequest* from) {
  raft::AppendRequest to{.prev = Read(from->prev()), .commit = Index(from->commit())};
  to.entries.reserve(static_cast<size_t>(from->entries_size()));
  for (peer::Entry& entry : *from->mutable_entries()) {
    if (entry.kind() > static_cast<uint32_t>(raft::EntryKind::kConfig)) return std::nullopt;
    to.entries.push_back({.term = Term(entry.term()),
                          .index = Index(entry.index()),
                          .kind = static_cast<raft::EntryKind>(entry.kind()),
                          .payload = Take(entry.mutable_payload())});
  }
  return to;
}

std::optional<raft::Body> Body(peer::AppendReply* from) {
  raft::AppendReply to{.success = from->success(),
                       .wants_snapshot = from->wants_snapshot(),
                       .boot = raft::BootId(from->boot()),
                       .match = Index(from->match()),
                       .refused = Index(from->refused()),
                       .hint = Read(from->hint())};
  if (!Read(from->health(), &to.health)) return std::nullopt;
  return to;
}

std::optional<raft::Body> Body(peer::HeartbeatRequest* from) {
  return raft::HeartbeatRequest{.commit = Index(from->commit()),
                                .round = from->round(),
                                .healed_boot = raft::BootId(from->healed_boot()),
                                .healed_from = Index(from->healed_from())};
}

std::optional<raft::Body> Body(peer::HeartbeatReply* from) {
  raft::HeartbeatReply to{.round = from->round(),
                          .keeps_lease = from->keeps_lease(),
                          .boot = raft::BootId(from->boot()),
                          .commit = Index(from->commit())};
  if (!Read(from->health(), &to.health)) return std::nullopt;
  return to;
}

std::optional<raft::Body> Body(peer::InstallSnapshot* from) {
  raft::InstallSnapshot to{.meta = {.last = Read(from->last())}};
  to.meta.config = raft::Config::Decode(from->config()).config;
  if (to.meta.config == nullptr) return std::nullopt;
  return to;
}

std::optional<raft::Body> Body(peer::ReadIndexRequest* from) {
  raft::ReadIndexRequest to;
  for (const peer::ReadId& id : from->ids()) to.ids.push_back(Read(id));
  return to;
}

std::optional<raft::Body> Body(peer::ReadIndexReply* from) {
  raft::ReadIndexReply to{
      .index = Index(from->index()), .refused = from->refused(), .too_many = from->too_many()};
  for (const peer::ReadId& id : from->ids()) to.ids.push_back(Read(id));
  return to;
}

std::optional<raft::Body> BodyOf(peer::CoreMessage* core) {
  switch (core->body_case()) {
    case peer::CoreMessage::kVoteRequest:
      return Body(core->mutable_vote_request());
    case peer::CoreMessage::kVoteReply:
      return Body(core->mutable_vote_reply());
    case peer::CoreMessage::kAppendRequest:
      return Body(core->mutable_append_request());
    case peer::CoreMessage::kAppendReply:
      return Body(core->mutable_append_reply());
    case peer::CoreMessage::kHeartbeatRequest:
      return Body(core->mutable_heartbeat_request());
    case peer::CoreMessage::kHeartbeatReply:
      return Body(core->mutable_heartbeat_reply());
    case peer::CoreMessage::kTimeoutNow:
      return raft::TimeoutNow();
    case peer::CoreMessage::kInstallSnapshot:
      return Body(core->mutable_install_snapshot());
    case peer::CoreMessage::kReadIndexRequest:
      return Body(core->mutable_read_index_request());
    case peer::CoreMessage::kReadIndexReply:
      return Body(core->mutable_read_index_reply());
    case peer::CoreMessage::BODY_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<PeerMessage> Message(peer::CoreMessage* core) {
  std::optional<raft::Body> body = BodyOf(core);
  if (!body.has_value()) return std::nullopt;
  return raft::Message{.from = NodeId(core->from()),
                       .to = NodeId(core->to()),
                       .term = Term(core->term()),
                       .body = std::move(*body)};
}

std::optional<PeerMessage> Message(peer::Forward* from) {
  Forward to{.boot = raft::BootId(from->boot())};
  for (peer::Forward::Item& item : *from->mutable_items()) {
    to.items.push_back({.sequence = item.sequence(), .command = Take(item.mutable_command())});
  }
  return to;
}

std::optional<PeerMessage> Message(peer::ForwardReply* from) {
  ForwardReply to{.boot = raft::BootId(from->boot()), .term = Term(from->term())};
  for (const peer::ForwardReply::Item& item : from->items()) {
    if (item.refusal() > static_cast<uint32_t>(raft::ProposalRefusal::kApplyBacklog)) {
      return std::nullopt;
    }
    to.items.push_back({.sequence = item.sequence(),
                        .index = Index(item.index()),
                        .refusal = static_cast<raft::ProposalRefusal>(item.refusal())});
  }
  return to;
}

std::optional<PeerMessage> Message(peer::SnapshotChunk* from) {
  return SnapshotChunk{.transfer = from->transfer(),
                       .last = Read(from->last()),
                       .number = from->number(),
                       .bytes = Take(from->mutable_bytes())};
}

std::optional<PeerMessage> Message(peer::SnapshotAck* from) {
  return SnapshotAck{.transfer = from->transfer(),
                     .chunk_count = from->chunk_count(),
                     .complete = from->complete(),
                     .refused = from->refused()};
}

std::optional<PeerMessage> Message(peer::LeaseAsk* from) {
  return LeaseAsk{.boot = raft::BootId(from->boot()),
                  .sequence = from->sequence(),
                  .lease = kv::LeaseId(from->lease()),
                  .renews = from->renews()};
}

std::optional<PeerMessage> Message(peer::LeaseTold* from) {
  return LeaseTold{.boot = raft::BootId(from->boot()),
                   .sequence = from->sequence(),
                   .leads = from->leads(),
                   .found = from->found(),
                   .seconds = from->seconds()};
}

std::optional<PeerMessage> Message(peer::MemberAsk* from) {
  MemberAsk to{.boot = raft::BootId(from->boot()),
               .sequence = from->sequence(),
               .members = std::move(*from->mutable_members()),
               .claims = from->claims()};
  for (const peer::MemberAsk::Operation& op : from->operations()) {
    constexpr auto kLast = raft::ConfigOpKind::kPromoteWhenCaughtUp;
    if (op.kind() > static_cast<uint32_t>(kLast)) return std::nullopt;
    to.ops.push_back({.kind = static_cast<raft::ConfigOpKind>(op.kind()),
                      .id = NodeId(op.id()),
                      .replacement = NodeId(op.replacement()),
                      .priority = op.priority(),
                      .enabled = op.enabled()});
  }
  return to;
}

std::optional<PeerMessage> Message(peer::MemberTold* from) {
  if (from->outcome() > static_cast<uint32_t>(MemberTold::Outcome::kUnknown) ||
      from->refusal() > static_cast<uint32_t>(raft::kLastConfigRefusal)) {
    return std::nullopt;
  }
  return MemberTold{.boot = raft::BootId(from->boot()),
                    .sequence = from->sequence(),
                    .outcome = static_cast<MemberTold::Outcome>(from->outcome()),
                    .refusal = static_cast<raft::ConfigRefusal>(from->refusal()),
                    .position = Read(from->position())};
}

std::optional<PeerMessage> Message(peer::ChainTold* from) {
  ChainTold to;
  for (const peer::ChainTold::Hash& hash : from->hashes()) {
    to.hashes.push_back({.index = Index(hash.index()), .hash = hash.hash()});
  }
  return to;
}

}  // namespace

std::optional<PeerMessage> DecodeFrame(std::string_view bytes, uint32_t group) {
  peer::Frame frame;
  if (bytes.size() > INT_MAX ||
      !frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  if (frame.version() != kPeerFormat || frame.group() != group) return std::nullopt;
  switch (frame.body_case()) {
    case peer::Frame::kCore:
      return Message(frame.mutable_core());
    case peer::Frame::kForward:
      return Message(frame.mutable_forward());
    case peer::Frame::kForwardReply:
      return Message(frame.mutable_forward_reply());
    case peer::Frame::kSnapshotChunk:
      return Message(frame.mutable_snapshot_chunk());
    case peer::Frame::kSnapshotAck:
      return Message(frame.mutable_snapshot_ack());
    case peer::Frame::kLeaseAsk:
      return Message(frame.mutable_lease_ask());
    case peer::Frame::kLeaseTold:
      return Message(frame.mutable_lease_told());
    case peer::Frame::kMemberAsk:
      return Message(frame.mutable_member_ask());
    case peer::Frame::kMemberTold:
      return Message(frame.mutable_member_told());
    case peer::Frame::kChainTold:
      return Message(frame.mutable_chain_told());
    case peer::Frame::BODY_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace keel::node
