#include "server/node/membership.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"

namespace keel::node {

namespace {

constexpr uint8_t kFormat = 1;

void AppendStrings(std::string* out, const std::vector<std::string>& strings) {
  AppendVarint64(out, strings.size());
  for (const std::string& string : strings) AppendLengthPrefixed(out, string);
}

bool ReadStrings(ByteReader* reader, std::vector<std::string>* strings) {
  uint64_t count = 0;
  // Each takes a byte at least: no count makes room for more than was sent.
  if (!reader->ReadVarint64(&count) || count > reader->rest().size()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view string;
    if (!reader->ReadLengthPrefixed(&string)) return false;
    strings->emplace_back(string);
  }
  return true;
}

bool ById(const MemberInfo& a, const MemberInfo& b) { return a.id < b.id; }

}  // namespace

Membership::Membership(std::vector<MemberInfo> members) : members_(std::move(members)) {
  std::sort(members_.begin(), members_.end(), ById);
}

const MemberInfo* Membership::Find(NodeId id) const {
  const auto found = std::lower_bound(members_.begin(), members_.end(), MemberInfo{.id = id}, ById);
  return found != members_.end() && found->id == id ? &*found : nullptr;
}

void Membership::Set(MemberInfo member) {
  const auto found = std::lower_bound(members_.begin(), members_.end(), member, ById);
  if (found != members_.end() && found->id == member.id) {
    *found = std::move(member);
  } else {
    members_.insert(found, std::move(member));
  }
}

void Membership::Prune(const raft::Config& config) {
  std::erase_if(members_,
                [&](const MemberInfo& member) { return config.Find(member.id) == nullptr; });
}

std::string Membership::Encode() const {
  std::string bytes(1, static_cast<char>(kFormat));
  AppendVarint64(&bytes, members_.size());
  for (const MemberInfo& member : members_) {
    AppendVarint64(&bytes, member.id.value());
    AppendLengthPrefixed(&bytes, member.name);
    AppendStrings(&bytes, member.peer_urls);
    AppendStrings(&bytes, member.client_urls);
    bytes.push_back(member.votes_once_started ? 1 : 0);
  }
  return bytes;
}

std::optional<Membership> Membership::Decode(std::string_view bytes) {
  ByteReader reader(bytes);
  uint8_t format = 0;
  uint64_t count = 0;
  if (!reader.ReadByte(&format) || format != kFormat || !reader.ReadVarint64(&count)) {
    return std::nullopt;
  }
  Membership membership;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t id = 0;
    std::string_view name;
    uint8_t flag = 0;
    MemberInfo member;
    if (!reader.ReadVarint64(&id) || !reader.ReadLengthPrefixed(&name) ||
        !ReadStrings(&reader, &member.peer_urls) || !ReadStrings(&reader, &member.client_urls) ||
        !reader.ReadByte(&flag) || flag > 1) {
      return std::nullopt;
    }
    member.votes_once_started = flag == 1;
    member.id = NodeId(id);
    member.name = name;
    // Ascending ids: equal memberships have equal bytes.
    const std::vector<MemberInfo>& members = membership.members_;
    if (!members.empty() && members.back().id >= member.id) return std::nullopt;
    membership.members_.push_back(std::move(member));
  }
  if (!reader.AtEnd()) return std::nullopt;
  return membership;
}

ConfigAndMembers DecodeConfigEntry(std::string_view payload) {
  const raft::Config::Decoded decoded = raft::Config::Decode(payload);
  ConfigAndMembers result{.config = decoded.config};
  if (decoded.config != nullptr && !decoded.context.empty()) {
    result.membership = Membership::Decode(decoded.context);
  }
  return result;
}

}  // namespace keel::node
