#include "tests/support/lying_peer.h"

#include <string>
#include <utility>

namespace keel::raft {

uint8_t ByteSource::Byte() {
  if (bytes_.empty()) return 0;
  const uint8_t byte = bytes_.front();
  bytes_ = bytes_.subspan(1);
  return byte;
}

uint64_t ByteSource::Wide() {
  const uint8_t kind = Byte();
  if (kind < 240) return kind % 16;
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | Byte();
  return value;
}

Index LyingPeer::AnyIndex() {
  const Index around[] = {core_.log().base().index, core_.log().last().index, core_.commit(),
                          core_.applied(), core_.durability().index()};
  switch (source_.Below(8)) {
    case 0:
      return Index();
    case 1:
      return Index(source_.Wide());
    default:
      return Index(around[source_.Below(5)].value() + source_.Below(5) - 2);
  }
}

Term LyingPeer::AnyTerm() {
  switch (source_.Below(8)) {
    case 0:
      return Term(source_.Wide());
    case 1:
      return core_.term().Next();
    case 2:
      return core_.term().Prev();
    default:
      return core_.term();
  }
}

// Often one that the core's log really holds.
Position LyingPeer::AnyPosition() {
  const Index index = AnyIndex();
  const std::optional<Term> term = core_.log().TermAt(index);
  return {index, term.has_value() && source_.Below(4) != 0 ? *term : AnyTerm()};
}

std::shared_ptr<const Config> LyingPeer::AnyConfig() {
  std::vector<Member> members;
  for (uint64_t id = 1; id <= 6; ++id) {
    const uint8_t flags = source_.Byte();
    Member member{.id = NodeId(id),
                  .votes = (flags & 1) != 0,
                  .votes_outgoing = (flags & 6) == 6,
                  .learns = (flags & 8) != 0,
                  .promote_when_caught_up = (flags & 16) != 0,
                  .priority = flags % 3u};
    // Mostly what a leader could have said.
    if ((flags & 32) != 0) {
      member.learns = member.learns && !member.votes;
      member.promote_when_caught_up &= member.learns && !member.votes_outgoing;
    }
    if (member.IsVoter() || member.learns) members.push_back(member);
  }
  return std::make_shared<const Config>(Config::OfMembers(std::move(members), source_.Flag()));
}

AppendRequest LyingPeer::AnyAppend(Term term) {
  AppendRequest append{.prev = AnyPosition(), .commit = AnyIndex()};
  Position before = append.prev;
  for (uint64_t n = source_.Below(5); n > 0; --n) {
    Entry entry{.term = source_.Flag() ? term : before.term, .index = before.index.Next()};
    switch (source_.Below(8)) {
      case 0:
        entry.index = AnyIndex();
        break;
      case 1:
        entry.term = AnyTerm();
        break;
      case 2:
        entry.kind = static_cast<EntryKind>(source_.Below(5));
        break;
      default:
        break;
    }
    if (source_.Below(6) == 0) {
      entry.kind = EntryKind::kConfig;
      entry.payload = Payload::Of(AnyConfig()->Encode());
    } else {
      entry.payload = Payload::Of(std::string(source_.Below(40), 'x'));
    }
    before = {entry.index, entry.term};
    append.entries.push_back(std::move(entry));
  }
  return append;
}

std::vector<ReadId> LyingPeer::AnyReads() {
  std::vector<ReadId> ids;
  for (uint64_t n = source_.Below(4); n > 0; --n) {
    ids.push_back({NodeId(source_.Below(4)), BootId(source_.Below(3)), source_.Below(8)});
  }
  return ids;
}

Body LyingPeer::AnyBody(Term term) {
  switch (source_.Below(10)) {
    case 0: {
      const bool pre = source_.Flag();
      const Term for_term = source_.Below(8) == 0 ? AnyTerm() : pre ? term.Next() : term;
      return VoteRequest{.pre = pre,
                         .forced = source_.Below(4) == 0,
                         .for_term = for_term,
                         .round = source_.Wide(),
                         .last = AnyPosition()};
    }
    case 1:
      return VoteReply{.pre = source_.Flag(),
                       .granted = source_.Flag(),
                       .removed = source_.Below(32) == 0,
                       .for_term = source_.Flag() ? core_.term() : core_.term().Next(),
                       .round = source_.Wide()};
    case 2:
      return AnyAppend(term);
    case 3:
      return AppendReply{.success = source_.Flag(),
                         .wants_snapshot = source_.Below(8) == 0,
                         .health = AnyHealth(),
                         .boot = AnyBoot(),
                         .match = AnyIndex(),
                         .refused = AnyIndex(),
                         .hint = AnyPosition()};
    case 4:
      return HeartbeatRequest{.commit = AnyIndex(),
                              .round = source_.Wide(),
                              .healed_boot = AnyBoot(),
                              .healed_from = AnyIndex()};
    case 5:
      return HeartbeatReply{.round = source_.Wide(),
                            .keeps_lease = source_.Flag(),
                            .health = AnyHealth(),
                            .boot = AnyBoot(),
                            .commit = AnyIndex()};
    case 6:
      return TimeoutNow{};
    case 7: {
      std::shared_ptr<const Config> config;
      if (source_.Below(16) != 0) config = AnyConfig();
      return InstallSnapshot{{.last = AnyPosition(), .config = std::move(config)}};
    }
    case 8:
      return ReadIndexRequest{.ids = AnyReads()};
    default:
      return ReadIndexReply{.ids = AnyReads(),
                            .index = AnyIndex(),
                            .refused = source_.Flag(),
                            .too_many = source_.Flag()};
  }
}

std::optional<Message> LyingPeer::HonestReply(const Message& asked) {
  Message reply{.from = asked.to, .to = asked.from, .term = asked.term};
  if (const auto* vote = std::get_if<VoteRequest>(&asked.body)) {
    reply.body = VoteReply{
        .pre = vote->pre, .granted = true, .for_term = vote->for_term, .round = vote->round};
  } else if (const auto* append = std::get_if<AppendRequest>(&asked.body)) {
    reply.body = AppendReply{
        .success = true, .boot = BootId(1), .match = append->prev.index + append->entries.size()};
  } else if (const auto* heartbeat = std::get_if<HeartbeatRequest>(&asked.body)) {
    reply.body = HeartbeatReply{
        .round = heartbeat->round, .keeps_lease = true, .boot = BootId(1), .commit = Index()};
  } else if (const auto* install = std::get_if<InstallSnapshot>(&asked.body)) {
    reply.body = AppendReply{.success = true, .boot = BootId(1), .match = install->meta.last.index};
  } else {
    return std::nullopt;
  }
  return reply;
}

Message LyingPeer::AnyMessage() {
  const Term term = AnyTerm();
  const NodeId to = source_.Below(32) == 0 ? AnyNode() : core_.id();
  return {.from = AnyNode(), .to = to, .term = term, .body = AnyBody(term)};
}

}  // namespace keel::raft
