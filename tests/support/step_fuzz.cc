#include "tests/support/step_fuzz.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "tests/support/disk.h"
#include "tests/support/lying_peer.h"

namespace keel::raft {

namespace {

Options SmallOptions(ByteSource& source) {
  Options options{.id = NodeId(1), .boot = BootId(1 + source.Below(2)), .seed = source.Byte()};
  options.entry_bytes_max = 64;
  options.message_bytes_max = 1 + source.Below(200);
  options.inflight_bytes_max = 1 + source.Below(250);
  options.inflight_messages_max = 1 + source.Below(4);
  options.uncommitted_bytes_max = 400;
  options.unapplied_bytes_max = 300;
  options.committed_batch_bytes_max = 150;
  options.cache_bytes_max = source.Below(256);
  options.reads_pending_max = 4;
  options.config_context_bytes_max = 16;
  options.snapshot_patience_ms = 2'000;
  return options;
}

// A member's past: none at all, a fresh cluster, or a log behind some base.
Disk AnyDisk(ByteSource& source) {
  if (source.Below(8) == 0) return {};
  const uint64_t voters = 1 + source.Below(5);
  std::vector<NodeId> ids;
  for (uint64_t id = 1; id <= voters; ++id) ids.emplace_back(id);
  SnapshotMeta base{.config = std::make_shared<const Config>(Config::OfVoters(ids))};
  if (source.Flag()) return Disk({}, std::move(base), {});
  base.last.index = Index(source.Below(4));
  uint64_t term = base.last.index.IsNone() ? 0 : 1;
  base.last.term = Term(term);
  std::vector<Entry> entries;
  for (uint64_t n = source.Below(10); n > 0; --n) {
    term = std::max<uint64_t>(1, term + (source.Below(4) == 0 ? 1 : 0));
    entries.push_back({.term = Term(term),
                       .index = base.last.index + (entries.size() + 1),
                       .payload = Payload::Of("past")});
  }
  const Vote vote{Term(term + source.Below(2)), NodeId(source.Below(4))};
  return Disk(vote, std::move(base), std::move(entries));
}

class World {
 public:
  explicit World(std::span<const uint8_t> bytes) : source_(bytes) {
    const Options options = SmallOptions(source_);
    disk_ = AnyDisk(source_);
    const bool damaged = source_.Below(8) == 0;
    const Index applied = source_.Below(8) == 0 ? Index() : disk_.base().last.index;
    core_ =
        std::make_unique<Raft>(options, disk_.Restore(applied, damaged, options.cache_bytes_max));
    vote_ = core_->vote();
    commit_ = core_->commit();
    delivered_ = core_->delivered();
  }

  FuzzStory Run() {
    if (source_.Flag()) StandForElection();
    is_calm_ = source_.Flag();
    while (!source_.AtEnd()) {
      now_ = now_ + (source_.Below(16) == 0 ? source_.Below(256) * 8 : source_.Below(8));
      TakeSome();
    }
    return story_;
  }

 private:
  // One to four events in one step. What the driver has to say is said of the state before it.
  void TakeSome() {
    std::vector<Event> events;
    for (uint64_t n = 1 + source_.Below(4); n > 0; --n) events.push_back(NextEvent());
    bool is_tick = false;
    for (const Event& event : events) is_tick |= std::holds_alternative<Tick>(event);
    story_.inputs += events.size();
    Take(std::move(events));
    // A timer that is due at once again would spin.
    KEEL_CHECK(!is_tick || out_.wake_at > now_) << "a tick leaves the next one for later";
  }

  // A short honest time at the beginning, so that the lies often meet a candidate or a leader.
  void StandForElection() {
    for (uint64_t n = 8 + source_.Below(32); n > 0; --n) {
      if (sent_.empty() && !disk_.HasWaiting()) {
        now_ = std::max(now_, out_.wake_at);
        Take(Tick{});
      }
      Take(CompleteWrites());
      Take(HonestReply());
    }
  }

  // The peers answer the oldest message that waits for an answer.
  Event HonestReply() {
    while (!sent_.empty()) {
      const Message asked = std::move(sent_.front());
      sent_.pop_front();
      if (std::optional<Message> reply = LyingPeer::HonestReply(asked)) return *reply;
    }
    return Tick{};
  }

  Event NextEvent() {
    LyingPeer peer(source_, *core_);
    switch (source_.Below(32)) {
      case 0:
      case 21:
        return Propose{1, AnyPayloads()};
      case 1:
        return ReadRequest{{{core_->id(), core_->options().boot, ++reads_}}};
      case 2:
        return AnyChange(peer);
      case 3:
        return TransferLeadership{peer.AnyNode()};
      case 4:
      case 24:
      case 25:
        return Applied{core_->delivered()};
      case 5:
        return Applied{peer.AnyIndex()};
      case 6:
        return CompactSome(peer);
      case 7:
        return SnapshotReady{peer.AnyNode(), {{peer.AnyIndex(), Term(1)}, peer.AnyConfig()}};
      case 8:
        return SnapshotFailed{peer.AnyNode()};
      case 9:
        return PeerLost{peer.AnyNode(), source_.Flag()};
      case 10:
      case 22:
      case 23:
        return Fetch(peer);
      case 11:
      case 12:
      case 13:
        return Tick{};
      case 14:
      case 15:
      case 16:
        return CompleteWrites();
      default:
        break;
    }
    if (is_calm_ && source_.Below(16) != 0) return HonestReply();
    return peer.AnyMessage();
  }

  std::vector<Payload> AnyPayloads() {
    std::vector<Payload> payloads;
    for (uint64_t n = source_.Below(4); n > 0; --n) {
      payloads.push_back(Payload::Of(std::string(source_.Below(70), 'p')));
    }
    return payloads;
  }

  ChangeConfig AnyChange(LyingPeer& peer) {
    ChangeConfig change{.context = Payload::Of(std::string(source_.Below(20), 'c'))};
    for (uint64_t n = source_.Below(3); n > 0; --n) {
      change.ops.push_back({.kind = static_cast<ConfigOpKind>(source_.Below(8)),
                            .id = peer.AnyNode(),
                            .replacement = peer.AnyNode(),
                            .priority = source_.Byte(),
                            .enabled = source_.Flag()});
    }
    return change;
  }

  // The driver writes, and compacts and reads only what it has written.
  Event CompleteWrites() {
    PersistId done;
    for (uint64_t n = 1 + source_.Below(3); n > 0 && disk_.HasWaiting(); --n) {
      done = disk_.CompleteNext().id;
    }
    if (done.IsNone()) return Tick{};
    return PersistDone{done};
  }

  Event CompactSome(LyingPeer& peer) {
    const Index upto = std::min({peer.AnyIndex(), core_->applied(), disk_.last()});
    const std::optional<Term> term = core_->log().TermAt(upto);
    if (term.has_value() && upto > disk_.base().last.index) {
      disk_.CompactTo(core_->MetaAt(upto));
    }
    return Compact{upto};
  }

  // Usually what was asked for.
  EntriesFetched Fetch(LyingPeer& peer) {
    EntriesFetched fetched{.peer = peer.AnyNode(), .first = peer.AnyIndex()};
    if (!wishes_.empty() && source_.Below(8) != 0) {
      fetched.peer = wishes_.front().peer;
      fetched.first = wishes_.front().first;
      wishes_.pop_front();
    }
    fetched.entries = disk_.Read(fetched.first, 200);
    return fetched;
  }

  void Take(Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    Take(std::move(events));
  }

  void Take(std::vector<Event> events) {
    std::vector<Input> inputs;
    for (Event& event : events) inputs.push_back({now_, std::move(event)});
    core_->Step(inputs, out_);
    CheckOutput();
    CheckState();
    Remember();
    if (!out_.persist.IsEmpty()) disk_.Queue(std::move(out_.persist));
    out_.persist = Persist();
  }

  void Remember() {
    constexpr size_t kSentMax = 16;
    for (const auto* list : {&out_.send_now, &out_.send_after_persist}) {
      for (const Message& message : *list) {
        if (sent_.size() < kSentMax) sent_.push_back(message);
      }
    }
    wishes_.insert(wishes_.end(), out_.entries_wanted.begin(), out_.entries_wanted.end());
    const bool leads = core_->role() == Role::kLeader;
    if (leads && core_->term() != last_led_) ++story_.terms_led;
    if (leads) last_led_ = core_->term();
    story_.entries_applied += out_.committed.size();
  }

  void CheckOutput() {
    for (const auto* list : {&out_.send_now, &out_.send_after_persist}) {
      for (const Message& message : *list) {
        KEEL_CHECK(message.from == core_->id() && IsWellFormed(message)) << ToString(message);
      }
    }
    KEEL_CHECK(out_.send_after_persist.empty() || !out_.after.IsNone()) << "a promise of nothing";
    if (out_.persist.snapshot.has_value()) delivered_ = out_.persist.snapshot->last.index;
    for (const Entry& entry : out_.committed) {
      KEEL_CHECK(entry.index == delivered_.Next()) << "entries are handed out one after the other";
      delivered_ = entry.index;
    }
    for (size_t i = 1; i < out_.persist.entries.size(); ++i) {
      KEEL_CHECK(out_.persist.entries[i].index == out_.persist.entries[i - 1].index.Next());
    }
  }

  void CheckState() {
    const Raft& core = *core_;
    KEEL_CHECK(core.term() >= vote_.term) << "terms never go back";
    KEEL_CHECK(core.term() > vote_.term || vote_.candidate.IsNone() || core.vote() == vote_)
        << "a vote is not taken back";
    KEEL_CHECK(core.commit() >= commit_) << "what is committed stays so";
    KEEL_CHECK(core.applied() <= core.delivered() && core.delivered() <= core.commit());
    KEEL_CHECK(core.commit() <= core.log().last().index);
    KEEL_CHECK(core.durability().index() <= core.log().last().index);
    KEEL_CHECK(core.vote().term >= core.log().last().term);
    KEEL_CHECK(core.peers().empty() || core.role() == Role::kLeader);
    for (const Progress& peer : core.peers()) {
      KEEL_CHECK(peer.match < peer.next && peer.match <= core.log().last().index);
      KEEL_CHECK(peer.inflight.messages() <= core.options().inflight_messages_max);
    }
    vote_ = core.vote();
    commit_ = core.commit();
  }

  ByteSource source_;
  Disk disk_;
  std::unique_ptr<Raft> core_;
  Output out_;
  std::deque<Message> sent_;
  std::deque<EntriesWanted> wishes_;
  bool is_calm_ = false;  // few lies, so that the world comes far
  FuzzStory story_;
  Term last_led_;
  Instant now_{1};
  uint64_t reads_ = 0;
  // As of the last step.
  Vote vote_;
  Index commit_;
  Index delivered_;
};

}  // namespace

FuzzStory FuzzSteps(std::span<const uint8_t> bytes) { return World(bytes).Run(); }

}  // namespace keel::raft
