#include "jepsen/cluster/peer_of.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace keel::jepsen {
namespace {

// Of "0100007F:1F90" in /proc/net/tcp.
std::optional<uint16_t> PortOf(std::string_view address) {
  const size_t colon = address.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return static_cast<uint16_t>(
      std::strtoul(std::string(address.substr(colon + 1)).c_str(), nullptr, 16));
}

bool Holds(pid_t process, const std::string& socket) {
  const std::string directory = "/proc/" + std::to_string(process) + "/fd";
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(directory, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(at->path(), gone) == socket) return true;
  }
  return false;
}

}  // namespace

uint64_t InodeIn(std::string_view table, PortPair ports) {
  std::istringstream lines{std::string(table)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string slot;
    std::string local;
    std::string remote;
    std::string skipped;
    words >> slot >> local >> remote;
    if (PortOf(local) != ports.local || PortOf(remote) != ports.remote) continue;
    // state, queues, timer, retransmissions, user, timeout
    for (int i = 0; i < 6; i++) words >> skipped;
    uint64_t inode = 0;
    words >> inode;
    return inode;
  }
  return 0;
}

std::optional<size_t> PeerOf(PortPair ports, std::span<const pid_t> processes) {
  std::ostringstream table;
  table << std::ifstream("/proc/net/tcp").rdbuf();
  const uint64_t inode = InodeIn(table.str(), ports);
  if (inode == 0) return std::nullopt;
  const std::string socket = "socket:[" + std::to_string(inode) + "]";
  for (size_t i = 0; i < processes.size(); i++) {
    if (processes[i] > 0 && Holds(processes[i], socket)) return i;
  }
  return std::nullopt;
}

}  // namespace keel::jepsen
