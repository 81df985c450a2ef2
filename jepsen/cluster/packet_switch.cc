#include "jepsen/cluster/packet_switch.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace keel::jepsen {
namespace {

constexpr size_t kPacketBytesMax = 65536;
// Read from one end before the others have their turn.
constexpr int kPacketsOfTurn = 64;
constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr long kNsPerUs = 1'000;
constexpr size_t kHeaderBytes = 20;
constexpr size_t kDestinationAt = 16;
constexpr int kVersionShift = 4;
constexpr int kVersion = 4;

}  // namespace

Result<int> OpenTun(const std::string& name) {
  const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0 && (errno == EACCES || errno == EPERM)) {
    return PermissionDenied("this user may not open /dev/net/tun: run as root, or chmod 666 it");
  }
  if (device < 0) return ErrnoStatus(errno, "/dev/net/tun (the kernel has it by modprobe tun)");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  if (::ioctl(device, TUNSETIFF, &request) != 0) {
    const int error = errno;
    ::close(device);
    return ErrnoStatus(error, "a TUN device");
  }
  return device;
}

uint32_t DestinationOf(std::string_view packet) {
  if (packet.size() < kHeaderBytes) return 0;
  if (static_cast<unsigned char>(packet[0]) >> kVersionShift != kVersion) return 0;
  uint32_t address = 0;
  for (size_t i = 0; i < sizeof(address); i++) {
    address = address << 8 | static_cast<unsigned char>(packet[kDestinationAt + i]);
  }
  return address;
}

PacketSwitch::PacketSwitch(std::vector<End> ends, uint64_t seed)
    : ends_(std::move(ends)),
      next_links_(std::make_shared<Links>(ends_.size() - 1)),
      links_(next_links_),
      dice_(seed),
      buffer_(kPacketBytesMax, '\0'),
      under_way_(ends_.size() * ends_.size()) {}

Result<std::unique_ptr<PacketSwitch>> PacketSwitch::Start(std::vector<End> ends, uint64_t seed) {
  std::unique_ptr<PacketSwitch> made(new PacketSwitch(std::move(ends), seed));
  made->stop_ = ::eventfd(0, EFD_CLOEXEC);
  if (made->stop_ < 0) return ErrnoStatus(errno, "eventfd");
  made->thread_ = std::thread([raw = made.get()] { raw->Carry(); });
  return made;
}

PacketSwitch::~PacketSwitch() {
  if (thread_.joinable()) {
    ::eventfd_write(stop_, 1);
    thread_.join();
  }
  if (stop_ >= 0) ::close(stop_);
  for (const End& end : ends_) ::close(end.descriptor);
}

void PacketSwitch::Apply(const Links& links) {
  auto next = std::make_shared<const Links>(links);
  const std::lock_guard<std::mutex> lock(mutex_);
  next_links_ = std::move(next);
}

LinkCounters PacketSwitch::Counters() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return told_;
}

std::optional<uint64_t> PacketSwitch::LeftUs() const {
  std::optional<uint64_t> next_us;
  for (const PacketLink& link : under_way_) {
    const auto due_us = link.NextUs();
    if (due_us && (!next_us || *due_us < *next_us)) next_us = due_us;
  }
  if (!next_us) return std::nullopt;
  const uint64_t now_us = clock_.MonotonicUs();
  return *next_us > now_us ? *next_us - now_us : 0;
}

void PacketSwitch::Carry() {
  std::vector<pollfd> wanted = {{.fd = stop_, .events = POLLIN, .revents = 0}};
  for (const End& end : ends_) {
    wanted.push_back({.fd = end.descriptor, .events = POLLIN, .revents = 0});
  }
  while (true) {
    const auto left_us = LeftUs();
    const timespec wait{
        .tv_sec = static_cast<time_t>(left_us.value_or(0) / kUsPerSecond),
        .tv_nsec = static_cast<long>(left_us.value_or(0) % kUsPerSecond) * kNsPerUs};
    const int ready = ::ppoll(wanted.data(), wanted.size(), left_us ? &wait : nullptr, nullptr);
    if (ready < 0 && errno != EINTR) return;
    if (ready > 0 && wanted[0].revents != 0) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      links_ = next_links_;
    }
    for (size_t i = 0; ready > 0 && i < ends_.size(); i++) {
      if (wanted[i + 1].revents != 0) ReadAll(i);
    }
    WriteDue();
    const std::lock_guard<std::mutex> lock(mutex_);
    told_ = counters_;
  }
}

void PacketSwitch::ReadAll(size_t from) {
  for (int i = 0; i < kPacketsOfTurn; i++) {
    const ssize_t bytes = ::read(ends_[from].descriptor, buffer_.data(), buffer_.size());
    if (bytes <= 0) return;
    const std::string packet(buffer_.data(), static_cast<size_t>(bytes));
    const uint32_t address = DestinationOf(packet);
    const auto end = std::find_if(ends_.begin(), ends_.end(),
                                  [&](const End& each) { return each.address == address; });
    if (end == ends_.end()) continue;
    const Links::Way way{.from = from, .to = static_cast<size_t>(end - ends_.begin())};
    LinkOf(way).Take(packet, {.now_us = clock_.MonotonicUs(),
                              .state = &links_->At(way),
                              .dice = &dice_,
                              .counters = &counters_});
  }
}

// A device that takes no more has lost what it was given, as any that is full.
void PacketSwitch::WriteDue() {
  const uint64_t now_us = clock_.MonotonicUs();
  for (size_t i = 0; i < under_way_.size(); i++) {
    const int to = ends_[i % ends_.size()].descriptor;
    while (const auto packet = under_way_[i].Leave(now_us)) {
      (void)!::write(to, packet->data(), packet->size());
    }
  }
}

}  // namespace keel::jepsen
