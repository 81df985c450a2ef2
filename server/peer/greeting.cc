#include "server/peer/greeting.h"

#include "api/keel/peer.pb.h"
#include "base/numbers.h"

namespace keel::peers {

std::string_view ToString(Refusal refusal) {
  constexpr std::string_view kNames[] = {"none",           "version",      "not_ready",
                                         "other_cluster",  "other_member", "unknown_member",
                                         "removed_member", "stale_process"};
  return kNames[static_cast<size_t>(refusal)];
}

std::string EncodeHello(const Hello& hello) {
  peer::Hello message;
  message.set_version(hello.version);
  message.set_cluster_id(hello.cluster_id);
  message.set_from(hello.from.value());
  message.set_to(hello.to.value());
  message.set_lane(static_cast<uint32_t>(hello.lane));
  message.set_boot(hello.boot.value());
  message.set_commit(hello.commit.value());
  for (const std::string& url : hello.peer_urls) message.add_peer_urls(url);
  return message.SerializeAsString();
}

std::optional<Hello> DecodeHello(std::string_view bytes) {
  peer::Hello message;
  if (bytes.size() > (size_t{64} << 10) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  const bool is_lane = message.lane() <= static_cast<uint32_t>(node::Lane::kBulk);
  if (!is_lane || message.from() == 0) return std::nullopt;
  Hello hello{.version = message.version(),
              .cluster_id = message.cluster_id(),
              .from = NodeId(message.from()),
              .to = NodeId(message.to()),
              .lane = static_cast<node::Lane>(message.lane()),
              .boot = raft::BootId(message.boot()),
              .commit = Index(message.commit())};
  hello.peer_urls.assign(message.peer_urls().begin(), message.peer_urls().end());
  return hello;
}

std::string EncodeWelcome(const Welcome& welcome) {
  peer::Welcome message;
  message.set_version(kPeerProtocol);
  message.set_refusal(static_cast<uint32_t>(welcome.refusal));
  message.set_reason(welcome.reason);
  return message.SerializeAsString();
}

std::optional<Welcome> DecodeWelcome(std::string_view bytes) {
  peer::Welcome message;
  if (bytes.size() > (size_t{64} << 10) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  if (message.refusal() > static_cast<uint32_t>(kRefusalLast)) return std::nullopt;
  return Welcome{.refusal = static_cast<Refusal>(message.refusal()), .reason = message.reason()};
}

void Doorkeeper::SetMembers(std::shared_ptr<const node::Membership> members,
                            std::shared_ptr<const raft::Config> config) {
  members_ = std::move(members);
  config_ = std::move(config);
  std::erase_if(boots_, [this](const auto& known) { return !Knows(known.first); });
}

bool Doorkeeper::Knows(NodeId id) const {
  return (members_ != nullptr && members_->Find(id) != nullptr) ||
         (config_ != nullptr && config_->Find(id) != nullptr);
}

Welcome Doorkeeper::Judge(const Hello& hello, Index commit) {
  const auto refuse = [](Refusal refusal, std::string reason) {
    return Welcome{.refusal = refusal, .reason = std::move(reason)};
  };
  if (hello.version != kPeerProtocol) {
    return refuse(Refusal::kVersion, "version " + std::to_string(kPeerProtocol) +
                                         " of the peer protocol is spoken here, not " +
                                         std::to_string(hello.version));
  }
  if (self_.member.IsNone()) return refuse(Refusal::kNotReady, "this member is still starting");
  if (hello.cluster_id != self_.cluster_id) {
    return refuse(Refusal::kCluster, "this is cluster " + HexNumber(self_.cluster_id) + ", not " +
                                         HexNumber(hello.cluster_id) +
                                         ": mend --initial-cluster and its token");
  }
  if (hello.to != self_.member) {
    return refuse(Refusal::kOtherMember, "this is member " + HexNumber(self_.member.value()) +
                                             ", not " + HexNumber(hello.to.value()) +
                                             ": its address or its directory has changed");
  }
  if (config_ != nullptr && config_->WasRemoved(hello.from)) {
    return refuse(Refusal::kRemovedMember,
                  "member " + HexNumber(hello.from.value()) + " was removed from this cluster");
  }
  const bool is_known = Knows(hello.from);
  if (!is_known && hello.commit <= commit) {
    return refuse(Refusal::kUnknownMember,
                  "no member of this cluster has the id " + HexNumber(hello.from.value()));
  }
  // Strangers' boots are not kept: they would have no bound.
  if (!is_known) return {};
  raft::BootId& boot = boots_[hello.from];
  if (hello.boot < boot) {
    return refuse(Refusal::kStale, "a later process of member " + HexNumber(hello.from.value()) +
                                       " has been here: two run on copies of one directory");
  }
  boot = hello.boot;
  return {};
}

}  // namespace keel::peers
