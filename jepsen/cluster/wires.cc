#include "jepsen/cluster/wires.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "jepsen/cluster/command.h"
#include "jepsen/cluster/ping.h"

namespace keel::jepsen {
namespace {

constexpr uint16_t kEchoPort = 7;
constexpr size_t kOwnNumber = 254;
constexpr const char* kHostPrefix = "10.77.0.";
constexpr uint64_t kBitsPerByte = 8;

std::string Host(size_t number) { return kHostPrefix + std::to_string(number); }
uint32_t AddressOf(size_t number) {
  in_addr address{};
  ::inet_pton(AF_INET, Host(number).c_str(), &address);
  return ntohl(address.s_addr);
}
std::string PortOf(size_t node) { return "keel" + std::to_string(node + 1); }

constexpr const char* kTable = R"(table bridge keel {
  counter lost { }
  chain between { type filter hook forward priority 0; }
  chain to_clients { type filter hook input priority 0; }
  chain from_clients { type filter hook output priority 0; }
})";

// Where the packets of a way pass the bridge, and what tells them.
std::string MatchOf(const Links& links, Links::Way way) {
  const bool from_clients = way.from == links.clients();
  const bool to_clients = way.to == links.clients();
  const std::string from = " ip saddr " + Host(from_clients ? kOwnNumber : way.from + 1);
  const std::string to = " ip daddr " + Host(to_clients ? kOwnNumber : way.to + 1);
  return std::string(from_clients ? "from_clients"
                     : to_clients ? "to_clients"
                                  : "between") +
         from + to;
}

template <class Work>
void ForEachWay(const Links& links, const Work& work) {
  for (size_t from = 0; from <= links.nodes(); from++) {
    for (size_t to = 0; to <= links.nodes(); to++) {
      if (from != to) work(Links::Way{.from = from, .to = to});
    }
  }
}

bool IsShaped(const LinkState& link) {
  return link.delay_us > 0 || link.bytes_per_second > 0 || link.reorders_per_mille > 0 ||
         link.duplicates_per_mille > 0;
}

// The sum of a counter over a text as /proc/net/netstat is: a line of names, then one of numbers.
uint64_t CounterIn(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  std::string names;
  std::string numbers;
  uint64_t sum = 0;
  while (std::getline(lines, names) && std::getline(lines, numbers)) {
    std::istringstream name_words(names);
    std::istringstream number_words(numbers);
    std::string a;
    std::string b;
    while (name_words >> a && number_words >> b) {
      if (a == name) sum += std::stoull(b);
    }
  }
  return sum;
}

}  // namespace

std::string DropRules(const Links& links) {
  std::string rules;
  ForEachWay(links, [&](Links::Way way) {
    const LinkState& link = links.At(way);
    const std::string rule = "add rule bridge keel " + MatchOf(links, way);
    if (link.is_cut) rules += rule + " drop\n";
    if (link.stalls_per_mille > 0) {
      rules += rule + " numgen random mod 1000 < " + std::to_string(link.stalls_per_mille) +
               " counter name lost drop\n";
    }
  });
  return rules;
}

std::string ShapeOf(const Links& links, size_t node) {
  const std::string port = PortOf(node);
  std::string shape;
  for (size_t from = 0; from < links.nodes(); from++) {
    if (from == node) continue;
    const LinkState& link = links.At({.from = from, .to = node});
    if (!IsShaped(link)) continue;
    const std::string id = std::to_string(from + 1);
    const std::string rate = link.bytes_per_second == 0
                                 ? "10gbit"
                                 : std::to_string(link.bytes_per_second * kBitsPerByte) + "bit";
    shape += "class add dev " + port + " parent 1: classid 1:" + id + " htb rate " + rate +
             " quantum 1514\n";
    std::string netem;
    if (link.delay_us > 0) {
      netem +=
          " delay " + std::to_string(link.delay_us) + "us " + std::to_string(link.jitter_us) + "us";
    }
    if (link.reorders_per_mille > 0) {
      netem += " reorder " + std::to_string(link.reorders_per_mille / 10.0) + "%";
    }
    if (link.duplicates_per_mille > 0) {
      netem += " duplicate " + std::to_string(link.duplicates_per_mille / 10.0) + "%";
    }
    if (!netem.empty()) {
      shape += "qdisc add dev " + port + " parent 1:" + id + " netem limit 10000" + netem + "\n";
    }
    shape += "filter add dev " + port + " parent 1: protocol ip u32 match ip src " +
             Host(from + 1) + " flowid 1:" + id + "\n";
  }
  if (shape.empty()) return "";
  return "qdisc add dev " + port + " root handle 1: htb default 99\nclass add dev " + port +
         " parent 1: classid 1:99 htb rate 10gbit quantum 1514\n" + shape;
}

std::string Wires::HostOf(size_t node) { return Host(node + 1); }

Result<std::unique_ptr<Wires>> Wires::Make(const Options& options) {
  std::unique_ptr<Wires> wires(new Wires(options));
  KEEL_RETURN_IF_ERROR(options.by_packets ? wires->BuildSwitch() : wires->BuildBridge());
  KEEL_ASSIGN_OR_RETURN(wires->echo_, EchoServer::Start(wires->spaces_, kEchoPort));
  return wires;
}

bool Wires::HasNetem() {
  const auto space = Namespace::Make();
  if (!space.ok()) return false;
  return RunCommand({.words = {"tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"},
                     .input = {},
                     .network = space->descriptor()})
      .ok();
}

// For the next run of this process; what is left of it goes with the process.
Wires::~Wires() {
  if (switch_ != nullptr) return;  // its devices go with their descriptors
  std::string all = "link del keel0\n";
  for (size_t node = 0; node < spaces_.size(); node++) all += "link del " + PortOf(node) + "\n";
  (void)RunCommand({.words = {"ip", "-force", "-batch", "-"}, .input = all, .network = -1});
  (void)RunCommand(
      {.words = {"nft", "delete", "table", "bridge", "keel"}, .input = {}, .network = -1});
}

// A device in each namespace, and one of the clients in ours; whatever they send goes through them.
Status Wires::BuildSwitch() {
  std::vector<PacketSwitch::End> ends;
  const auto add = [&](const std::string& device, size_t number, const Namespace* space) -> Status {
    Result<int> tun = Internal("no TUN device");
    const auto open = [&] { tun = OpenTun(device); };
    if (space == nullptr) {
      open();
    } else {
      space->Run(open);
    }
    KEEL_ASSIGN_OR_RETURN(const int descriptor, tun);
    ends.push_back({.descriptor = descriptor, .address = AddressOf(number)});
    const std::string input = "link set lo up\naddr add " + Host(number) + "/24 dev " + device +
                              "\nlink set " + device + " up\n";
    return RunCommand({.words = {"ip", "-batch", "-"},
                       .input = input,
                       .network = space == nullptr ? -1 : space->descriptor()})
        .status();
  };
  Status made;
  for (size_t node = 0; made.ok() && node < options_.nodes; node++) {
    KEEL_ASSIGN_OR_RETURN(auto space, Namespace::Make());
    spaces_.push_back(std::move(space));
    made = add("eth0", node + 1, &spaces_.back());
  }
  if (made.ok()) made = add("keel0", kOwnNumber, nullptr);
  if (!made.ok()) {
    for (const PacketSwitch::End& end : ends) ::close(end.descriptor);
    return made.WithContext("links that this tool carries, by /dev/net/tun and iproute2");
  }
  KEEL_ASSIGN_OR_RETURN(switch_, PacketSwitch::Start(std::move(ends), options_.seed));
  return {};
}

Status Wires::BuildBridge() {
  std::string ours = "link set lo up\nlink add name keel0 type bridge\naddr add " +
                     Host(kOwnNumber) + "/24 dev keel0\nlink set keel0 up\n";
  const auto bridge = RunCommand({.words = {"ip", "-batch", "-"}, .input = ours, .network = -1});
  if (!bridge.ok()) {
    return bridge.status().WithContext(
        "a bridge, for --network namespaces: apt-get install iproute2, and a kernel with bridge "
        "and veth");
  }
  for (size_t node = 0; node < options_.nodes; node++) {
    KEEL_ASSIGN_OR_RETURN(auto space, Namespace::Make());
    const std::string port = PortOf(node);
    // Packets of a size that a link may count one by one.
    const std::string theirs = "link set lo up\nlink add name eth0 type veth peer name " + port +
                               " netns " + std::to_string(::getpid()) + "\naddr add " +
                               HostOf(node) +
                               "/24 dev eth0\nlink set eth0 gso_max_segs 1\nlink set eth0 up\n";
    KEEL_RETURN_IF_ERROR(
        RunCommand({.words = {"ip", "-batch", "-"}, .input = theirs, .network = space.descriptor()})
            .status()
            .WithContext("a link between namespaces, which needs a kernel with veth"));
    KEEL_RETURN_IF_ERROR(RunCommand({.words = {"ip", "link", "set", port, "master", "keel0", "up"},
                                     .input = {},
                                     .network = -1})
                             .status());
    spaces_.push_back(std::move(space));
  }
  return CheckTools();
}

// Each thing that faults will ask of the kernel, once, on links that carry nothing yet.
Status Wires::CheckTools() const {
  Links links(options_.nodes);
  links.At({.from = 0, .to = 1}) = {.is_cut = true, .stalls_per_mille = 1};
  const std::string filters =
      std::string(kTable) + "\n" + DropRules(links) + "flush chain bridge keel between\n";
  const auto filtered = RunCommand({.words = {"nft", "-f", "-"}, .input = filters, .network = -1});
  if (!filtered.ok()) {
    return filtered.status().WithContext(
        "cutting links, for --network namespaces: apt-get install nftables, and a kernel with "
        "nf_tables for bridges (modprobe nf_tables nft_numgen)");
  }
  links.At({.from = 0, .to = 1}) = {.bytes_per_second = 1'000'000};
  const std::string end = "qdisc del dev " + PortOf(1) + " root\n";
  const auto shaped =
      RunCommand({.words = {"tc", "-batch", "-"}, .input = ShapeOf(links, 1) + end, .network = -1});
  if (!shaped.ok()) {
    return shaped.status().WithContext(
        "slow links need a kernel with htb and u32 (modprobe sch_htb cls_u32)");
  }
  if (!options_.needs_netem) return {};
  links.At({.from = 0, .to = 1}) = {.delay_us = 1'000};
  const auto delayed =
      RunCommand({.words = {"tc", "-batch", "-"}, .input = ShapeOf(links, 1) + end, .network = -1});
  if (delayed.ok()) return {};
  return FailedPrecondition(
      "this kernel has no netem, which delay, reorder and duplicate need: modprobe sch_netem, or "
      "--network packets");
}

Status Wires::Apply(const Links& links) {
  if (switch_ != nullptr) {
    switch_->Apply(links);
    return {};
  }
  const std::string rules =
      "flush chain bridge keel between\nflush chain bridge keel to_clients\n"
      "flush chain bridge keel from_clients\n" +
      DropRules(links);
  KEEL_RETURN_IF_ERROR(
      RunCommand({.words = {"nft", "-f", "-"}, .input = rules, .network = -1}).status());
  for (size_t node = 0; node < options_.nodes; node++) {
    KEEL_RETURN_IF_ERROR(Shape(node, ShapeOf(links, node)));
  }
  return {};
}

Status Wires::Shape(size_t node, const std::string& shape) {
  if (shape == shapes_[node]) return {};
  const std::string end = shapes_[node].empty() ? "" : "qdisc del dev " + PortOf(node) + " root\n";
  KEEL_RETURN_IF_ERROR(
      RunCommand({.words = {"tc", "-batch", "-"}, .input = end + shape, .network = -1}).status());
  shapes_[node] = shape;
  return {};
}

Result<uint64_t> Wires::LostPackets() const {
  if (switch_ != nullptr) return switch_->Counters().stalls;
  KEEL_ASSIGN_OR_RETURN(const std::string lost,
                        RunCommand({.words = {"nft", "list", "counter", "bridge", "keel", "lost"},
                                    .input = {},
                                    .network = -1}));
  const size_t at = lost.find("packets ");
  if (at == std::string::npos) return Internal("nft does not count: " + lost);
  return std::stoull(lost.substr(at + std::string_view("packets ").size()));
}

// Whatever has become of packets on their way: that they came late or twice is what the nodes' TCP
// has seen.
Result<LinkCounters> Wires::Counters() const {
  LinkCounters counters;
  KEEL_ASSIGN_OR_RETURN(counters.stalls, LostPackets());
  for (const Namespace& space : spaces_) {
    KEEL_ASSIGN_OR_RETURN(const std::string text, RunCommand({.words = {"cat", "/proc/net/netstat"},
                                                              .input = {},
                                                              .network = space.descriptor()}));
    counters.reorders += CounterIn(text, "TCPOFOQueue");
    counters.duplicates += CounterIn(text, "TCPDSACKOldSent");
  }
  return counters;
}

std::vector<std::optional<std::chrono::microseconds>> Wires::Pings(
    std::span<const LinkPing> pings, std::chrono::milliseconds patience) const {
  std::vector<std::optional<std::chrono::microseconds>> answers(pings.size());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < pings.size(); i++) {
    threads.emplace_back([&, i] {
      const Links::Way way = pings[i].way;
      std::unique_ptr<PingSocket> socket;
      const auto make = [&] { socket = std::make_unique<PingSocket>(HostOf(way.to)); };
      if (way.from < spaces_.size()) {
        spaces_[way.from].Run(make);
      } else {
        make();
      }
      socket->Connect(kEchoPort);
      answers[i] = socket->Await({.bytes = pings[i].bytes, .deadline = deadline});
    });
  }
  for (std::thread& thread : threads) thread.join();
  return answers;
}

}  // namespace keel::jepsen
