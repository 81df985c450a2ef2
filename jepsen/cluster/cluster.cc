#include "jepsen/cluster/cluster.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>

#include "jepsen/cluster/ping.h"
#include "jepsen/cluster/ports.h"

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;

// A process that waits for its disk takes no signal.
constexpr auto kSignalPatience = milliseconds(20'000);
constexpr auto kStartPatience = milliseconds(60'000);
// Most end within this; who takes longer is looked at again.
constexpr auto kStopLook = milliseconds(200);
constexpr auto kPollEvery = milliseconds(5);

constexpr uint16_t kPeerPort = 2380;
constexpr uint16_t kClientPort = 2379;

std::string Url(const std::string& host, uint16_t port) {
  return "http://" + host + ":" + std::to_string(port);
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

std::string_view ToString(Target target) { return target == Target::kKeel ? "keel" : "etcd"; }

std::string_view ToString(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::kLoopback:
      return "loopback";
    case NetworkKind::kNamespaces:
      return "namespaces";
    case NetworkKind::kPackets:
      return "packets";
  }
  return "";
}

Result<std::unique_ptr<Cluster>> Cluster::Start(Options options) {
  std::unique_ptr<Cluster> cluster(new Cluster(std::move(options)));
  KEEL_RETURN_IF_ERROR(cluster->Begin());
  return cluster;
}

Cluster::~Cluster() = default;

Status Cluster::BeginNetwork() {
  if (options_.network != NetworkKind::kLoopback) {
    bool by_packets = options_.network == NetworkKind::kPackets;
    if (!by_packets && options_.needs_netem && !Wires::HasNetem()) {
      by_packets = true;
      std::fputs("this kernel has no netem: the tool carries the packets itself\n", stderr);
    }
    KEEL_ASSIGN_OR_RETURN(auto wires, Wires::Make({.nodes = size(),
                                                   .needs_netem = options_.needs_netem,
                                                   .by_packets = by_packets,
                                                   .seed = options_.seed}));
    for (size_t i = 0; i < size(); i++) {
      ports_.push_back({.host = Wires::HostOf(i), .peer = kPeerPort, .client = kClientPort});
    }
    KEEL_ASSIGN_OR_RETURN(network_, Network::StartOn(std::move(wires), ports_));
    return {};
  }
  if (options_.attached.empty()) {
    KEEL_ASSIGN_OR_RETURN(claim_, PortClaim::Make(2 * size()));
    for (size_t i = 0; i < size(); i++) {
      ports_.push_back({.peer = claim_->ports()[2 * i], .client = claim_->ports()[2 * i + 1]});
    }
  }
  for (const net::Address& address : options_.attached) {
    ports_.push_back({.host = address.host, .peer = 0, .client = address.port});
  }
  KEEL_ASSIGN_OR_RETURN(network_, Network::Start(ports_, options_.seed));
  return {};
}

Status Cluster::Begin() {
  KEEL_RETURN_IF_ERROR(BeginNetwork());
  if (!options_.attached.empty()) {
    for (Node& node : nodes_) node.state = NodeState::kRunning;
    return {};
  }
  for (size_t i = 0; i < size(); i++) KEEL_RETURN_IF_ERROR(StartNode(i));
  for (size_t i = 0; i < size(); i++) KEEL_RETURN_IF_ERROR(AwaitPort(i));
  return {};
}

std::string Cluster::DataOf(size_t node) const { return options_.directory + "/" + NameOf(node); }
std::string Cluster::LogOf(size_t node) const { return DataOf(node) + ".log"; }
std::string Cluster::PeerUrl(size_t node) const {
  return Url(network_->PortsOf(node).host, network_->PortsOf(node).peer);
}

std::vector<std::string> Cluster::CommandOf(size_t node, const Origin& origin) const {
  std::string initial;
  for (const size_t member : origin.members) {
    initial += (initial.empty() ? "" : ",") + NameOf(member) + "=" + PeerUrl(member);
  }
  std::vector<std::string> command = {
      options_.program,
      "--name=" + NameOf(node),
      "--data-dir=" + DataOf(node),
      "--listen-client-urls=" + Url(ports_[node].host, ports_[node].client),
      "--advertise-client-urls=" +
          Url(network_->PortsOf(node).host, network_->PortsOf(node).client),
      "--listen-peer-urls=" + Url(ports_[node].host, ports_[node].peer),
      "--initial-advertise-peer-urls=" + PeerUrl(node),
      "--initial-cluster=" + initial,
      "--initial-cluster-state=" + std::string(origin.state),
      "--initial-cluster-token=chaos",
  };
  // Nobody else is in the namespaces.
  const bool is_apart = options_.network != NetworkKind::kLoopback;
  if (is_apart && options_.target == Target::kKeel) command.emplace_back("--insecure");
  command.insert(command.end(), options_.flags.begin(), options_.flags.end());
  return command;
}

Status Cluster::StartNode(size_t node) {
  Origin origin{.state = "new", .members = {}};
  for (size_t i = 0; i < size(); i++) origin.members.push_back(i);
  return Launch(node, origin);
}

Status Cluster::Join(size_t node, const std::vector<size_t>& members) {
  const auto& process = nodes_[node].process;
  if (process != nullptr && process->IsRunning()) return {};
  return Launch(node, {.state = "existing", .members = members});
}

Status Cluster::Wipe(size_t node) {
  nodes_[node].process = nullptr;
  NoteDown(node, /*has_given_up=*/false);
  std::error_code error;
  std::filesystem::remove_all(DataOf(node), error);
  return error ? Internal("removing " + DataOf(node) + ": " + error.message()) : Status();
}

Status Cluster::Launch(size_t node, const Origin& origin) {
  Node& started = nodes_[node];
  started.process = nullptr;
  KEEL_RETURN_IF_ERROR(AwaitFreePorts(node));
  Child::Options child{
      .arguments = CommandOf(node, origin), .environment = {}, .log_path = LogOf(node)};
  if (network_->wires() != nullptr) child.network = network_->wires()->NamespaceOf(node);
  if (options_.environment) child.environment = options_.environment(node);
  KEEL_ASSIGN_OR_RETURN(started.process, Child::Start(child));
  network_->SetProcess(node, started.process->pid());
  started.state = NodeState::kRunning;
  started.has_given_up = false;
  started.started_at = std::chrono::steady_clock::now();
  return {};
}

Status Cluster::AwaitFreePorts(size_t node) const {
  if (claim_ == nullptr) return {};  // nobody else is in a namespace
  for (const uint16_t port : {ports_[node].peer, ports_[node].client}) {
    Patience patience = For(kStartPatience);
    while (!IsPortFree(ports_[node].host, port)) {
      if (patience.IsOver()) {
        return Unavailable("another program has taken port " + std::to_string(port) + " of " +
                           NameOf(node));
      }
      std::this_thread::sleep_for(kPollEvery);
    }
  }
  return {};
}

void Cluster::NoteDown(size_t node, bool has_given_up) {
  nodes_[node].state = NodeState::kDown;
  nodes_[node].has_given_up = has_given_up;
  network_->SetProcess(node, 0);
}

// The port itself, not the proxy's, which is always open.
Status Cluster::AwaitPort(size_t node) {
  Patience patience = For(kStartPatience);
  while (!patience.IsOver()) {
    if (!nodes_[node].process->IsRunning()) return Ended(node);
    if (IsOpen(node)) return {};
    std::this_thread::sleep_for(kPollEvery);
  }
  return DeadlineExceeded(NameOf(node) + " does not open its client port; its log ends with\n" +
                          LogTail(node, 10));
}

bool Cluster::IsOpen(size_t node) const {
  return AcceptsConnections(ports_[node].host, ports_[node].client);
}

Status Cluster::KillNodes(const std::vector<size_t>& nodes) {
  for (const size_t node : nodes) KEEL_RETURN_IF_ERROR(nodes_[node].process->Send(SIGKILL));
  for (const size_t node : nodes) {
    const auto status = nodes_[node].process->WaitForEnd(For(kSignalPatience));
    const bool is_killed = status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGKILL;
    if (!is_killed && !(status && nodes_[node].may_end)) {
      return Internal(NameOf(node) + " did not die of SIGKILL: " +
                      (status ? HowItEnded(*status) : std::string("it runs")));
    }
    NoteDown(node, /*has_given_up=*/false);
  }
  return {};
}

Status Cluster::AskToStop(size_t node) {
  Node& stopped = nodes_[node];
  KEEL_RETURN_IF_ERROR(stopped.process->Send(SIGTERM));
  stopped.state = NodeState::kStopping;
  stopped.stop_patience = For(options_.stop_patience);
  return {};
}

Result<std::optional<Cluster::StopOutcome>> Cluster::TakeStop(size_t node) {
  Node& stopped = nodes_[node];
  Patience look = For(kStopLook);
  Patience* const patience = &*stopped.stop_patience;
  while (stopped.process->IsRunning() && !patience->IsOver()) {
    if (look.IsOver()) return std::optional<StopOutcome>();
    std::this_thread::sleep_for(kPollEvery);
  }
  const auto status = stopped.process->WaitForEnd(For(milliseconds(0)));
  if (!status && options_.target != Target::kKeel) {
    KEEL_RETURN_IF_ERROR(KillNodes({node}));
    return std::optional(StopOutcome::kKilled);
  }
  // etcd ends by the signal itself once it has closed everything.
  const bool is_clean = status && ((WIFEXITED(*status) && WEXITSTATUS(*status) == 0) ||
                                   (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGTERM));
  if (!is_clean) {
    return Internal(NameOf(node) + " did not end by itself on SIGTERM: " +
                    (status ? HowItEnded(*status) : std::string("it runs")));
  }
  NoteDown(node, /*has_given_up=*/false);
  return std::optional(StopOutcome::kEnded);
}

Status Cluster::PauseNode(size_t node) {
  Node& paused = nodes_[node];
  KEEL_RETURN_IF_ERROR(paused.process->Send(SIGSTOP));
  Patience patience = For(kSignalPatience);
  while (paused.process->State() != 'T') {
    if (paused.may_end && TakeEnd(node, milliseconds(0))) return {};
    if (patience.IsOver()) {
      return Internal(NameOf(node) + " was not stopped by SIGSTOP");
    }
    std::this_thread::sleep_for(kPollEvery);
  }
  paused.state = NodeState::kPaused;
  return {};
}

Status Cluster::ResumeNode(size_t node) {
  if (nodes_[node].state != NodeState::kPaused) return {};
  KEEL_RETURN_IF_ERROR(nodes_[node].process->Send(SIGCONT));
  nodes_[node].state = NodeState::kRunning;
  return {};
}

Status Cluster::Ended(size_t node) const {
  return Internal(NameOf(node) + " ended by itself; its log ends with\n" + LogTail(node, 10));
}

Status Cluster::CheckAlive() {
  for (size_t i = 0; i < size(); i++) {
    if (nodes_[i].is_withdrawn || nodes_[i].process == nullptr) continue;
    const NodeState state = nodes_[i].state;
    if (state == NodeState::kDown || state == NodeState::kStopping) continue;
    if (nodes_[i].process->IsRunning()) continue;
    if (!nodes_[i].may_end) return Ended(i);
    TakeEnd(i, milliseconds(0));
  }
  return {};
}

std::optional<int> Cluster::TakeEnd(size_t node, milliseconds patience) {
  const auto status = nodes_[node].process->WaitForEnd(For(patience));
  if (status) NoteDown(node, /*has_given_up=*/true);
  return status;
}

std::vector<size_t> Cluster::RunningNodes() {
  std::vector<size_t> running;
  for (size_t i = 0; i < size(); i++) {
    if (nodes_[i].is_withdrawn) continue;
    if (nodes_[i].may_end && nodes_[i].state == NodeState::kRunning) TakeEnd(i, milliseconds(0));
    if (nodes_[i].state == NodeState::kRunning) running.push_back(i);
  }
  return running;
}

std::string Cluster::LogTail(size_t node, size_t lines) const {
  std::ifstream file(LogOf(node));
  std::deque<std::string> last;
  std::string line;
  while (std::getline(file, line)) {
    last.push_back(line);
    if (last.size() > lines) last.pop_front();
  }
  std::string text;
  for (const std::string& each : last) text += each + "\n";
  return text;
}

}  // namespace keel::jepsen
