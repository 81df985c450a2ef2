#include "raft/message.h"

#include <sstream>

#include "raft/config.h"

namespace keel::raft {

namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

bool InRange(Index index) { return index.value() <= kOrdinalMax; }
bool InRange(Term term) { return term.value() <= kOrdinalMax; }
bool InRange(const Position& p) { return InRange(p.index) && InRange(p.term); }

bool IsPreVote(const Body& body) {
  if (const auto* request = std::get_if<VoteRequest>(&body)) return request->pre;
  if (const auto* reply = std::get_if<VoteReply>(&body)) return reply->pre;
  return false;
}

bool AreContiguous(const AppendRequest& append, Term term) {
  Position before = append.prev;
  for (const Entry& entry : append.entries) {
    if (entry.index != before.index.Next() || entry.term < before.term || entry.term > term) {
      return false;
    }
    if (entry.term.IsNone() || entry.kind > EntryKind::kConfig) return false;
    if (entry.kind == EntryKind::kConfig && !Config::Decode(entry.payload.view()).config) {
      return false;
    }
    before = {entry.index, entry.term};
  }
  return InRange(before);
}

void Write(std::ostream& out, const Position& p) {
  out << p.index.value() << ':' << p.term.value();
}

void Write(std::ostream& out, Health health) {
  if (health == Health::kDamaged) out << " damaged";
  if (health == Health::kEmpty) out << " empty";
}

void WriteEntries(std::ostream& out, const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  out << " entries ";
  Write(out, {entries.front().index, entries.front().term});
  if (entries.size() > 1) {
    out << "..";
    Write(out, {entries.back().index, entries.back().term});
  }
}

}  // namespace

bool IsWellFormed(const Message& message) {
  if (message.from.IsNone() || message.to.IsNone() || message.from == message.to) return false;
  if (!InRange(message.term)) return false;
  // Only a pre-vote, asked or answered, can come from a core that has seen no term yet.
  if (message.term.IsNone() && !IsPreVote(message.body)) return false;
  return std::visit(
      Overloaded{
          [&](const VoteRequest& m) {
            return InRange(m.for_term) && InRange(m.last) && m.last.term < m.for_term &&
                   (m.pre ? m.for_term > message.term : m.for_term == message.term);
          },
          [](const VoteReply& m) { return InRange(m.for_term); },
          [&](const AppendRequest& m) {
            return InRange(m.prev) && m.prev.term <= message.term && InRange(m.commit) &&
                   AreContiguous(m, message.term);
          },
          [](const AppendReply& m) {
            return InRange(m.match) && InRange(m.refused) && InRange(m.hint);
          },
          [](const HeartbeatRequest& m) { return InRange(m.commit) && InRange(m.healed_from); },
          [](const HeartbeatReply& m) { return InRange(m.commit); },
          [](const TimeoutNow&) { return true; },
          [&](const InstallSnapshot& m) {
            return m.meta.config != nullptr && !m.meta.config->IsEmpty() &&
                   m.meta.config->members().size() <= Config::kMembersMax &&
                   m.meta.config->IsConsistent() && InRange(m.meta.last) &&
                   !m.meta.last.index.IsNone() && m.meta.last.term <= message.term;
          },
          [](const ReadIndexRequest& m) { return !m.ids.empty(); },
          [](const ReadIndexReply& m) { return InRange(m.index); },
      },
      message.body);
}

bool IsUrgent(const Message& message) {
  return !std::holds_alternative<AppendRequest>(message.body) &&
         !std::holds_alternative<AppendReply>(message.body) &&
         !std::holds_alternative<InstallSnapshot>(message.body);
}

std::string ToString(const Message& message) {
  std::ostringstream out;
  out << message.from.value() << '>' << message.to.value() << " t" << message.term.value() << ' ';
  std::visit(Overloaded{
                 [&](const VoteRequest& m) {
                   out << (m.pre ? "pre-vote?" : "vote?") << " for t" << m.for_term.value()
                       << " last ";
                   Write(out, m.last);
                   if (m.forced) out << " forced";
                 },
                 [&](const VoteReply& m) {
                   out << (m.pre ? "pre-vote " : "vote ") << (m.granted ? "yes" : "no") << " for t"
                       << m.for_term.value();
                   if (m.removed) out << " removed";
                 },
                 [&](const AppendRequest& m) {
                   out << "append prev ";
                   Write(out, m.prev);
                   out << " commit " << m.commit.value();
                   WriteEntries(out, m.entries);
                 },
                 [&](const AppendReply& m) {
                   if (m.success) {
                     out << "appended " << m.match.value();
                   } else {
                     out << "refused " << m.refused.value() << " hint ";
                     Write(out, m.hint);
                   }
                   if (m.wants_snapshot) out << " wants-snapshot";
                   Write(out, m.health);
                 },
                 [&](const HeartbeatRequest& m) {
                   out << "heartbeat commit " << m.commit.value() << " round " << m.round;
                   if (!m.healed_boot.IsNone()) out << " healed-from " << m.healed_from.value();
                 },
                 [&](const HeartbeatReply& m) {
                   out << "alive commit " << m.commit.value() << " round " << m.round;
                   if (m.keeps_lease) out << " lease";
                   Write(out, m.health);
                 },
                 [&](const TimeoutNow&) { out << "campaign-now"; },
                 [&](const InstallSnapshot& m) {
                   out << "snapshot ";
                   Write(out, m.meta.last);
                 },
                 [&](const ReadIndexRequest& m) { out << "read-index? x" << m.ids.size(); },
                 [&](const ReadIndexReply& m) {
                   out << "read-index " << m.index.value() << " x" << m.ids.size();
                   if (m.refused) out << " refused";
                   if (m.too_many) out << " too-many";
                 },
             },
             message.body);
  return out.str();
}

}  // namespace keel::raft
