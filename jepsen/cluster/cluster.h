// A cluster of real servers on this machine, each node a process behind the network's proxies.
//
// Keel and etcd are started with the same flags. Nodes keep their ports and directories over a
// restart. The cluster knows what each node was told to be (running, paused, down), which a caller
// that wants to hurt only a minority asks. The main thread only: children live as long as it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/child.h"
#include "jepsen/cluster/network.h"
#include "jepsen/cluster/patience.h"
#include "jepsen/cluster/ports.h"

namespace keel::jepsen {

// Proxies on the loopback; namespaces, wired by the kernel where it can do what the faults need; or
// namespaces between which the tool carries every packet.
enum class NetworkKind : uint8_t { kLoopback, kNamespaces, kPackets };

enum class Target : uint8_t { kKeel, kEtcd };
[[nodiscard]] std::string_view ToString(Target target);
[[nodiscard]] std::string_view ToString(NetworkKind kind);

class Cluster {
 public:
  struct Options {
    Target target = Target::kKeel;
    std::string program;
    std::string directory;  // for data and logs; made and removed by the caller
    size_t nodes = 3;
    NetworkKind network = NetworkKind::kLoopback;
    bool needs_netem = false;
    // Servers that run already, by their client ports: none is started, ended or hurt.
    std::vector<net::Address> attached;
    uint64_t seed = 1;
    std::vector<std::string> flags;                   // beside those that make the cluster
    std::chrono::milliseconds stop_patience{20'000};  // from SIGTERM to the end
    // What a node finds in its environment, if anything; asked at each start.
    std::function<std::vector<std::string>(size_t node)> environment;
  };
  // Starts the network and every node, and waits until each node's client port is open.
  static Result<std::unique_ptr<Cluster>> Start(Options options);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  ~Cluster();

  [[nodiscard]] size_t size() const { return nodes_.size(); }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Network* network() { return network_.get(); }

  enum class NodeState : uint8_t { kRunning, kPaused, kStopping, kDown };
  [[nodiscard]] NodeState StateOf(size_t node) const { return nodes_[node].state; }
  [[nodiscard]] std::vector<size_t> RunningNodes();
  [[nodiscard]] std::string NameOf(size_t node) const { return "n" + std::to_string(node + 1); }
  [[nodiscard]] std::string DataOf(size_t node) const;
  [[nodiscard]] std::string LogOf(size_t node) const;
  [[nodiscard]] std::string PeerUrl(size_t node) const;
  // The log's last lines.
  [[nodiscard]] std::string LogTail(size_t node, size_t lines) const;

  Status StartNode(size_t node);
  // The node was removed from the cluster, or has not joined it yet: nothing is done to it but to
  // wipe it and to have it join, and it may end by itself.
  void Withdraw(size_t node) { nodes_[node].is_withdrawn = true; }
  void Readmit(size_t node) { nodes_[node].is_withdrawn = false; }
  [[nodiscard]] bool IsWithdrawn(size_t node) const { return nodes_[node].is_withdrawn; }
  // Ends its process, if there is one, and removes its data.
  Status Wipe(size_t node);
  // Starts it, unless it runs, as a member that was added to a cluster that there is. `members`:
  // all that the cluster has now, itself among them; etcd wants to be told these and no others.
  Status Join(size_t node, const std::vector<size_t>& members);
  [[nodiscard]] bool MayEnd(size_t node) const { return nodes_[node].may_end; }
  // It is down, and nobody killed or stopped it.
  [[nodiscard]] bool HasGivenUp(size_t node) const { return nodes_[node].has_given_up; }
  // For what the nodes do, on the disk that they use.
  [[nodiscard]] Patience For(std::chrono::milliseconds time) const {
    return Patience(time, options_.directory);
  }
  // Its client port is open: it serves, or waits for others to.
  Status AwaitPort(size_t node);
  [[nodiscard]] bool IsOpen(size_t node) const;
  // SIGKILL, to all at once; confirmed by how each ended. One that may end by itself may have.
  Status KillNodes(const std::vector<size_t>& nodes);
  // SIGTERM, and an end by itself with exit code 0. A target that is not ours and does not end in
  // time is killed, as an operator would; ours is held to it.
  Status AskToStop(size_t node);
  // Nothing while it still takes its time.
  enum class StopOutcome : uint8_t { kEnded, kKilled };
  Result<std::optional<StopOutcome>> TakeStop(size_t node);
  // SIGSTOP; confirmed by the state of its process. One that may end by itself may have.
  Status PauseNode(size_t node);
  // Nothing, where it is not paused.
  Status ResumeNode(size_t node);
  // From now on, or no longer, the node may end by itself, as one does whose disk has failed.
  void AllowEnd(size_t node, bool may_end) { nodes_[node].may_end = may_end; }
  // A node that is running and may not end must not have ended. One that may is down then.
  Status CheckAlive();
  // Of a node that is allowed to give up by itself: how it ended, if it has. It is down then.
  std::optional<int> TakeEnd(size_t node, std::chrono::milliseconds patience);

 private:
  struct Node {
    NodeState state = NodeState::kDown;
    bool may_end = false;
    bool has_given_up = false;
    bool is_withdrawn = false;
    std::optional<Patience> stop_patience;
    std::unique_ptr<Child> process;
    std::chrono::steady_clock::time_point started_at;
  };

  explicit Cluster(Options options) : options_(std::move(options)), nodes_(options_.nodes) {}
  Status Begin();
  Status BeginNetwork();
  struct Origin {
    std::string_view state;
    std::vector<size_t> members;
  };
  [[nodiscard]] std::vector<std::string> CommandOf(size_t node, const Origin& origin) const;
  Status Launch(size_t node, const Origin& origin);
  // Whoever has taken its ports while it was down is waited for.
  Status AwaitFreePorts(size_t node) const;
  // It has ended, and that is how it should be.
  void NoteDown(size_t node, bool has_given_up);
  [[nodiscard]] Status Ended(size_t node) const;

  const Options options_;
  std::unique_ptr<PortClaim> claim_;
  std::vector<Network::NodePorts> ports_;
  std::unique_ptr<Network> network_;
  std::vector<Node> nodes_;
};

}  // namespace keel::jepsen
