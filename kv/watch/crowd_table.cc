#include "kv/watch/crowd_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/checksum.h"

namespace keel::kv {

namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kInlineBytes = 32;
constexpr size_t kPlacesMin = 16;

}  // namespace

struct alignas(kLineBytes) CrowdTable::Place {
  uint64_t hash = 0;
  std::unique_ptr<std::vector<Member>> others;  // of the crowd, but for the first
  std::unique_ptr<char[]> long_key;
  uint32_t key_bytes = 0;
  Member first = 0;
  char key[kInlineBytes - 1] = {};
  bool used = false;

  [[nodiscard]] bool Is(std::string_view other, uint64_t other_hash) const {
    const char* bytes = long_key != nullptr ? long_key.get() : key;
    return hash == other_hash && key_bytes == other.size() &&
           std::memcmp(bytes, other.data(), other.size()) == 0;
  }
  void Take(std::string_view taken, uint64_t taken_hash, Member member) {
    used = true;
    hash = taken_hash;
    key_bytes = static_cast<uint32_t>(taken.size());
    first = member;
    if (taken.size() > sizeof(key)) long_key = std::make_unique<char[]>(taken.size());
    taken.copy(long_key != nullptr ? long_key.get() : key, taken.size());
  }
};

CrowdTable::CrowdTable() : places_(kPlacesMin) { static_assert(sizeof(Place) == kLineBytes); }
CrowdTable::~CrowdTable() = default;

uint64_t CrowdTable::HashOf(std::string_view key) { return Checksum(key); }

size_t CrowdTable::Mask() const { return places_.size() - 1; }

size_t CrowdTable::At(std::string_view key, uint64_t hash) const {
  size_t at = hash & Mask();
  while (places_[at].used && !places_[at].Is(key, hash)) at = (at + 1) & Mask();
  return at;
}

void CrowdTable::Grow() {
  std::vector<Place> old(places_.size() * 2);
  old.swap(places_);
  for (Place& place : old) {
    if (!place.used) continue;
    size_t at = place.hash & Mask();
    while (places_[at].used) at = (at + 1) & Mask();
    places_[at] = std::move(place);
  }
}

bool CrowdTable::Add(std::string_view key, Member member) {
  const uint64_t hash = HashOf(key);
  size_t at = At(key, hash);
  if (places_[at].used) {
    Place& place = places_[at];
    if (place.others == nullptr) place.others = std::make_unique<std::vector<Member>>();
    place.others->push_back(member);
    return false;
  }
  if ((used_ + 1) * 2 > places_.size()) {
    Grow();
    at = At(key, hash);
  }
  places_[at].Take(key, hash, member);
  ++used_;
  return true;
}

void CrowdTable::Free(size_t at) {
  for (size_t next = (at + 1) & Mask(); places_[next].used; next = (next + 1) & Mask()) {
    // It may move up as far as where its hash sends it, and no further.
    const size_t home = places_[next].hash & Mask();
    if (((next - home) & Mask()) < ((next - at) & Mask())) continue;
    places_[at] = std::move(places_[next]);
    at = next;
  }
  places_[at] = Place();
  --used_;
}

bool CrowdTable::Remove(std::string_view key, Member member, bool* emptied) {
  *emptied = false;
  const size_t at = At(key, HashOf(key));
  Place& place = places_[at];
  if (!place.used) return false;
  std::vector<Member>* others = place.others.get();
  if (place.first != member) {
    if (others == nullptr) return false;
    const auto found = std::find(others->begin(), others->end(), member);
    if (found == others->end()) return false;
    *found = others->back();
  } else if (others == nullptr) {
    Free(at);
    *emptied = true;
    return true;
  } else {
    place.first = others->back();
  }
  others->pop_back();
  if (others->empty()) place.others.reset();
  return true;
}

void CrowdTable::Prefetch(uint64_t hash) const { __builtin_prefetch(&places_[hash & Mask()]); }

void CrowdTable::Find(std::string_view key, uint64_t hash, std::vector<Member>* members) const {
  const Place& place = places_[At(key, hash)];
  if (!place.used) return;
  members->push_back(place.first);
  if (place.others == nullptr) return;
  members->insert(members->end(), place.others->begin(), place.others->end());
}

}  // namespace keel::kv
