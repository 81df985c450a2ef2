// A snapshot is saved from a running member, restored as a cluster of its own, and compared with
// what the cluster says it was at the snapshot's revision.
//
// The saving goes through the faults that are on; it is known to have had its effect when the
// restored server has given the same keys, values and versions as the cluster's past.
#include <filesystem>
#include <map>
#include <tuple>

#include "base/numbers.h"
#include "jepsen/cluster/command.h"
#include "jepsen/cluster/patience.h"
#include "jepsen/cluster/ports.h"
#include "jepsen/nemesis/fault.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kAskTimeoutUs = 1'000'000;
constexpr auto kServePatience = std::chrono::milliseconds(30'000);
constexpr const char* kToken = "--initial-cluster-token=restored";

// Key -> value, version, revisions of creation and change. Not those under leases, which end on
// their own in both.
using Versions = std::map<std::string, std::tuple<std::string, int64_t, int64_t, int64_t>>;

Versions VersionsIn(const etcdserverpb::RangeResponse& answer) {
  Versions versions;
  for (const auto& kv : answer.kvs()) {
    if (kv.lease() != 0) continue;
    versions[kv.key()] = {kv.value(), kv.version(), kv.create_revision(), kv.mod_revision()};
  }
  return versions;
}

std::optional<int64_t> RevisionIn(const std::string& json) {
  constexpr std::string_view kField = "\"revision\":";
  const size_t at = json.find(kField);
  if (at == std::string::npos) return std::nullopt;
  const size_t begin = json.find_first_not_of(' ', at + kField.size());
  const size_t end = json.find_first_not_of("0123456789", begin);
  return ParseNumber<int64_t>(json.substr(begin, end - begin));
}

// The cluster of one that a snapshot was restored to.
class Restored {
 public:
  Restored(Arena* arena, std::string directory, Versions expected)
      : arena_(arena),
        directory_(std::move(directory)),
        expected_(std::move(expected)),
        patience_(arena->cluster()->For(kServePatience)) {}
  ~Restored() {
    process_.reset();
    if (network_ != nullptr) network_->Stop();
    if (client_ != nullptr) client_->Close();
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

  Status Start(const std::string& keelctl) {
    KEEL_ASSIGN_OR_RETURN(claim_, PortClaim::Make(2));
    const uint16_t client_port = claim_->ports()[1];
    const std::string peer = "http://127.0.0.1:" + std::to_string(claim_->ports()[0]);
    const std::string url = "http://127.0.0.1:" + std::to_string(client_port);
    const std::string data = "--data-dir=" + directory_ + "/data";
    const std::string members = "--initial-cluster=restored=" + peer;
    KEEL_RETURN_IF_ERROR(
        RunCommand(
            {.words = {keelctl, "snapshot", "restore", directory_ + "/snapshot", "--name=restored",
                       data, members, kToken, "--initial-advertise-peer-urls=" + peer},
             .input = {}})
            .status());
    KEEL_ASSIGN_OR_RETURN(
        process_,
        Child::Start(
            {.arguments = {arena_->cluster()->options().program, "--name=restored", data, members,
                           kToken, "--listen-peer-urls=" + peer,
                           "--initial-advertise-peer-urls=" + peer, "--listen-client-urls=" + url,
                           "--advertise-client-urls=" + url},
             .environment = {},
             .log_path = directory_ + "/log"}));
    const std::vector<Network::NodePorts> ends = {{.peer = 0, .client = client_port}};
    KEEL_ASSIGN_OR_RETURN(network_, Network::Start(ends, 1));
    client_ = std::make_unique<Client>(network_.get(), 1, 1);
    return {};
  }

  // True when it was compared and is the same.
  Result<bool> Compare() {
    if (!process_->IsRunning()) return Internal("the restored server has ended");
    if (patience_.IsOver()) {
      return DeadlineExceeded("the restored server does not serve");
    }
    auto promise = std::make_shared<std::promise<Result<etcdserverpb::RangeResponse>>>();
    network_->Run([&] {
      (void)client_->Connected(0);
      client_->Ask<etcdserverpb::RangeResponse>(
          {.node = 0,
           .path = "/etcdserverpb.KV/Range",
           .timeout_us = kAskTimeoutUs,
           .metadata = {}},
          RangeOfPrefix("/"), [promise](Result<etcdserverpb::RangeResponse> answer) {
            promise->set_value(std::move(answer));
          });
    });
    const auto answer = promise->get_future().get();
    if (!answer.ok()) return false;
    const Versions found = VersionsIn(*answer);
    for (const auto& [key, version] : expected_) {
      const auto at = found.find(key);
      if (at == found.end()) return Internal("the snapshot lacks the key " + key);
      if (at->second != version) return Internal("the snapshot has another version of " + key);
    }
    if (found.size() > expected_.size()) return Internal("the snapshot has keys that nobody had");
    return true;
  }

 private:
  Arena* const arena_;
  const std::string directory_;
  const Versions expected_;
  Patience patience_;
  std::unique_ptr<PortClaim> claim_;
  std::unique_ptr<Child> process_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Client> client_;
};

class SnapshotRestore final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    Cluster* cluster = arena->cluster();
    const std::vector<size_t> running = cluster->RunningNodes();
    if (running.empty()) return Effect::kNothing;
    const size_t node = running[dice->Below(running.size())];
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::string keelctl = (self.parent_path() / "keelctl").string();
    if (!std::filesystem::exists(keelctl, error)) return NotFound("no " + keelctl);
    const std::string directory = cluster->options().directory + "/restored";
    if (!std::filesystem::create_directory(directory, error)) return Effect::kNothing;
    auto saved = Save(arena, node, keelctl, directory + "/snapshot");
    if (!saved.ok()) return saved.status();
    if (!*saved) {
      std::filesystem::remove_all(directory, error);
      return Effect::kNothing;
    }
    auto restored = std::make_shared<Restored>(arena, directory, **std::move(saved));
    KEEL_RETURN_IF_ERROR(restored->Start(keelctl));
    arena->AddChore({.what = "the comparison of a snapshot of " + cluster->NameOf(node),
                     .work = [restored] { return restored->Compare(); }});
    return Effect::kConfirmed;
  }

  Status Stop(Arena* /*arena*/) override { return {}; }

 private:
  // What the cluster says that it was; nothing where other faults keep the member from answering.
  Result<std::optional<Versions>> Save(Arena* arena, size_t node, const std::string& keelctl,
                                       const std::string& path) {
    const Network::NodePorts& ports = arena->network()->PortsOf(node);
    const std::string endpoint = ports.host + ":" + std::to_string(ports.client);
    const auto saved =
        RunCommand({.words = {keelctl, "--endpoints=" + endpoint, "--dial-timeout=1s",
                              "--command-timeout=3s", "snapshot", "save", path},
                    .input = {}});
    if (!saved.ok()) return std::optional<Versions>();
    KEEL_ASSIGN_OR_RETURN(
        const std::string told,
        RunCommand(
            {.words = {keelctl, "--write-out=json", "snapshot", "status", path}, .input = {}}));
    const auto revision = RevisionIn(told);
    if (!revision) return Internal("keelctl tells no revision of a snapshot: " + told);
    etcdserverpb::RangeRequest request = RangeOfPrefix("/");
    request.set_revision(*revision);
    const auto past = arena->Ask<etcdserverpb::RangeResponse>({.node = node,
                                                               .path = "/etcdserverpb.KV/Range",
                                                               .timeout_us = kAskTimeoutUs,
                                                               .metadata = {}},
                                                              request);
    if (!past.ok()) return std::optional<Versions>();
    what_ = arena->cluster()->NameOf(node) + " at revision " + std::to_string(*revision);
    return std::optional(VersionsIn(*past));
  }
};

}  // namespace

std::unique_ptr<Fault> MakeSnapshotRestore() { return std::make_unique<SnapshotRestore>(); }

}  // namespace keel::jepsen
