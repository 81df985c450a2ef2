#include "tests/nodesim/followers.h"

#include <algorithm>
#include <utility>

namespace keel::nodesim {

namespace {

constexpr size_t kPullBytes = 4'000;
constexpr uint64_t kWanderUs = 4'000'000;

std::string NameOf(const kv::KeyRange& keys) {
  if (keys == kv::PrefixRange("")) return "the watch of all keys";
  return "the watch of '" + keys.begin + "'";
}

}  // namespace

Follower::Follower(Options options) : options_(std::move(options)) {
  watcher_ =
      options_.member->node().hub().Add({.keys = options_.keys, .start = options_.from}, this);
  PullLater();
}

void Follower::Remove() { options_.member->node().hub().Remove(watcher_); }

void Follower::OnReady(kv::WatcherId /*watcher*/) { PullLater(); }

void Follower::PullLater() {
  const uint64_t delay_us =
      options_.delay_us_max == 0 ? 0 : options_.desk->prng().Below(options_.delay_us_max);
  options_.desk->After(delay_us, [this, is_alive = is_alive_] {
    if (*is_alive) Pull();
  });
}

void Follower::Pull() {
  node::Node& node = options_.member->node();
  const auto view = node.view();
  const Result<kv::Pulled> pulled = node.hub().Pull(watcher_, *view, kPullBytes);
  if (!pulled.ok()) return PullLater();  // a failing disk; its node says so itself
  for (const kv::WatchedRevision& revision : pulled->revisions) options_.sink(revision);
  if (pulled->compacted.has_value()) return options_.on_compacted(*pulled->compacted);
  if (!pulled->synced) PullLater();
}

// ---- taps ----

void Followers::OnOpened(node_test::SimMember* member) {
  const Revision opened = member->node().view()->revision();
  const Revision next = chronicle_->last().Next();
  Tap(member, opened < Chronicle::kFirst ? next : std::min(next, opened.Next()));
}

void Followers::Tap(node_test::SimMember* member, Revision from) {
  taps_[member] = std::make_unique<Follower>(Follower::Options{
      .desk = desk_,
      .member = member,
      .keys = kv::PrefixRange(""),
      .from = from,
      .sink =
          [this, member](const kv::WatchedRevision& revision) {
            std::string wrong = chronicle_->Add(revision.revision, desk_->now_us());
            if (wrong.empty()) return;
            desk_->Report("one-history",
                          "member " + std::to_string(member->id().value()) + ": " + wrong);
          },
      .on_compacted =
          [this, member](Revision compacted) {
            // Not from within the follower that is replaced.
            desk_->After(0, [this, member, compacted, starts = member->starts()] {
              if (member->IsUp() && member->starts() == starts) Tap(member, compacted.Next());
            });
          }});
}

void Followers::OnEnded(const node_test::SimMember* member) {
  taps_.erase(member);
  for (auto& client : clients_) {
    if (client->member != member) continue;
    client->follower.reset();
    client->member = nullptr;
    desk_->After(desk_->prng().Below(200'000), [this, to = client.get()] { Attach(to); });
  }
}

// ---- clients ----

void Followers::StartClients() {
  for (const char* prefix : {"key/", "bank/", "session/", ""}) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->keys = kv::PrefixRange(prefix);
    Client* client = clients_.back().get();
    Attach(client);
    Wander(client);
  }
}

void Followers::Attach(Client* client) {
  if (client->follower != nullptr) return;
  node_test::SimMember* member = desk_->Pick(false);
  if (member == nullptr) return desk_->After(100'000, [this, client] { Attach(client); });
  client->member = member;
  client->follower = std::make_unique<Follower>(Follower::Options{
      .desk = desk_,
      .member = member,
      .keys = client->keys,
      .from = client->next,
      .delay_us_max = desk_->prng().OneIn(3) ? 500'000u : 2'000u,
      .sink =
          [client](const kv::WatchedRevision& revision) {
            Given given{.revision = revision.revision->revision};
            for (size_t i = 0; i < revision.picked.size(); ++i) {
              given.events.push_back(revision.revision->events[revision.picked[i]]);
            }
            client->next = given.revision.Next();
            client->given.push_back(std::move(given));
          },
      .on_compacted =
          [this](Revision compacted) {
            desk_->Report("watch", "what a watch still needs is compacted, up to revision " +
                                       std::to_string(compacted.value()));
          }});
}

// Goes on at another member, from where it is.
void Followers::Wander(Client* client) {
  desk_->After(desk_->prng().Below(kWanderUs), [this, client] {
    if (client->follower != nullptr) Move(client);
    Wander(client);
  });
}

void Followers::Move(Client* client) {
  client->follower->Remove();
  client->follower.reset();
  client->member = nullptr;
  Attach(client);
}

Revision Followers::Floor() const {
  Revision floor = chronicle_->last();
  for (const auto& client : clients_) floor = std::min(floor, client->next);
  return floor;
}

std::vector<Followers::Given> Followers::DueTo(const Client& client) const {
  std::vector<Given> due;
  for (Revision r = Chronicle::kFirst; r <= chronicle_->last(); r = r.Next()) {
    Given given{.revision = r};
    for (const kv::Event& event : chronicle_->At(r).events) {
      if (client.keys.Contains(event.kv.key)) given.events.push_back(event);
    }
    if (!given.events.empty()) due.push_back(std::move(given));
  }
  return due;
}

std::string Followers::WhyNotComplete() const {
  for (const auto& client : clients_) {
    const std::vector<Given> due = DueTo(*client);
    if (!due.empty() && client->next <= due.back().revision) {
      return NameOf(client->keys) + " is at " + std::to_string(client->next.value()) + " of " +
             std::to_string(due.back().revision.value());
    }
  }
  return "";
}

void Followers::Check() const {
  for (const auto& client : clients_) {
    const std::vector<Given> due = DueTo(*client);
    const auto is_same = [](const Given& a, const Given& b) {
      return a.revision == b.revision && a.events == b.events;
    };
    const auto [given, wanted] =
        std::mismatch(client->given.begin(), client->given.end(), due.begin(), due.end(), is_same);
    if (given == client->given.end() && wanted == due.end()) continue;
    const auto name = [](auto at, auto end) {
      return at == end ? std::string("nothing")
                       : "revision " + std::to_string(at->revision.value());
    };
    desk_->Report("watch", NameOf(client->keys) + " was given " + name(given, client->given.end()) +
                               " where " + name(wanted, due.end()) + " was due");
  }
}

}  // namespace keel::nodesim
