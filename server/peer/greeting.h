// The first words on a peer connection, and who is let in.
//
// The dialer says who it is, whom it means to reach, in which cluster, on which lane. The other end
// lets it in or says why not. Nothing of a connection reaches the node before that. Values, and one
// judge without I/O; the judge belongs to the transport's executor.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/config.h"
#include "server/node/membership.h"
#include "server/node/transport.h"

namespace keel::peers {

inline constexpr uint32_t kPeerProtocol = 1;

struct Hello {
  uint32_t version = kPeerProtocol;
  uint64_t cluster_id = 0;
  NodeId from;
  NodeId to;
  node::Lane lane = node::Lane::kUrgent;
  raft::BootId boot;                   // of the dialer's process
  Index commit;                        // how much of the log the dialer knows to be committed
  std::vector<std::string> peer_urls;  // where the dialer itself can be reached

  friend bool operator==(const Hello&, const Hello&) = default;
};

enum class Refusal : uint8_t {
  kNone,
  kVersion,        // it speaks another version of this protocol
  kNotReady,       // this member has not joined its cluster yet: ask again
  kCluster,        // it belongs to another cluster
  kOtherMember,    // it means to reach somebody else
  kUnknownMember,  // it is no member of this cluster, as far as is known here
  kRemovedMember,  // it was one, and was removed
  kStale,          // a later process of the same member has been here
};
inline constexpr Refusal kRefusalLast = Refusal::kStale;
[[nodiscard]] std::string_view ToString(Refusal refusal);

struct Welcome {
  Refusal refusal = Refusal::kNone;
  std::string reason;  // for people; empty if there is no refusal

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

[[nodiscard]] std::string EncodeHello(const Hello& hello);
[[nodiscard]] std::optional<Hello> DecodeHello(std::string_view bytes);
[[nodiscard]] std::string EncodeWelcome(const Welcome& welcome);
[[nodiscard]] std::optional<Welcome> DecodeWelcome(std::string_view bytes);

class Doorkeeper {
 public:
  struct Self {
    NodeId member;
    uint64_t cluster_id = 0;
    raft::BootId boot;
  };
  // Before this, everybody is told to ask again.
  void SetSelf(const Self& self) { self_ = self; }
  [[nodiscard]] const Self& self() const { return self_; }
  void SetMembers(std::shared_ptr<const node::Membership> members,
                  std::shared_ptr<const raft::Config> config);

  // `commit`: what this member knows to be committed. A stranger that knows more of the same
  // cluster's log has joined while this member was away, and is let in.
  [[nodiscard]] Welcome Judge(const Hello& hello, Index commit);

 private:
  [[nodiscard]] bool Knows(NodeId id) const;

  Self self_;
  std::shared_ptr<const node::Membership> members_;
  std::shared_ptr<const raft::Config> config_;
  std::map<NodeId, raft::BootId> boots_;  // the latest of each member; no more than there are
};

}  // namespace keel::peers
