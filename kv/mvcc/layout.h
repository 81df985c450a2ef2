// Every key and value that the store keeps in its engine: docs/kv_layout.md, in code.
//
// A key begins with the group's number (four bytes, big-endian) and a letter:
//   d  data:      escaped key, inverted revision      -> flags, create, version, lease, sub, value
//   r  revisions: revision, sub                       -> kind, previous revision, key
//   l  leases:    id                                  -> ttl, remainder
//   a  attached:  lease id, key                       -> nothing
//   n  sessions:  id                                  -> user, log time of the last use, ...
//   o  outcomes:  session id, sequence                -> an encoded Outcome
//   u  auth:      a name                              -> users, roles, settings
//   p  prefixes:  prefix                              -> quota, live keys, live bytes
//   q  fence:     nothing                             -> nothing
//   c  chain:     log index                           -> chain hash there
//   s  state:     a name                              -> the store's own numbers
// The newest version of a key comes first among its data, so one seek finds it, at any revision.
// Functions only append to or read what they are given; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

enum class Family : char {
  kData = 'd',
  kRevisions = 'r',
  kLeases = 'l',
  kAttached = 'a',
  kSessions = 'n',
  kOutcomes = 'o',
  kAuth = 'u',
  kPrefixes = 'p',
  kFence = 'q',
  kChain = 'c',
  kState = 's',
};

class Layout {
 public:
  explicit Layout(uint32_t group);

  // The five bytes that all keys of a family begin with.
  [[nodiscard]] std::string Prefix(Family family) const;
  // All keys of the group begin with it.
  [[nodiscard]] const std::string& group_prefix() const { return group_; }

  // Where the versions of `key` begin; the data of one key, and of no other, start with it.
  [[nodiscard]] std::string DataPrefix(std::string_view key) const;
  [[nodiscard]] std::string DataKey(std::string_view key, Revision revision) const;
  [[nodiscard]] std::string RevisionKey(Revision revision, uint32_t sub) const;
  // The same into a string that is kept for its room: every put writes one of each.
  void SetDataKey(std::string_view key, Revision revision, std::string* out) const;
  void SetRevisionKey(Revision revision, uint32_t sub, std::string* out) const;
  // For leases, sessions and the chain: families whose keys are numbers.
  [[nodiscard]] std::string NumberKey(Family family, uint64_t number) const;
  [[nodiscard]] std::string OutcomeKey(SessionId session, uint64_t sequence) const;
  [[nodiscard]] std::string AttachedKey(LeaseId lease, std::string_view key) const;
  [[nodiscard]] std::string NameKey(Family family, std::string_view name) const;

 private:
  // Writes the prefix at `at`, where there is room for it; gives the place behind it.
  char* EncodePrefix(Family family, char* at) const;
  void SetPrefix(Family family, std::string* out) const;

  std::string group_;
};

inline constexpr size_t kFamilyPrefixBytes = 5;

void AppendBigEndian64(std::string* out, uint64_t value);
[[nodiscard]] uint64_t DecodeBigEndian64(std::string_view bytes);

// What is known of a key's newest version without its value.
struct Head {
  Revision mod;
  Revision create;
  uint64_t version = 0;
  LeaseId lease;
  uint64_t value_bytes = 0;

  friend bool operator==(const Head&, const Head&) = default;
};

// The user's key and the revision in a data key. False where the bytes are none.
[[nodiscard]] bool ParseDataKey(std::string_view bytes, std::string* key, Revision* revision);
// The revision alone, of a key that is known to begin with `prefix`.
[[nodiscard]] std::optional<Revision> RevisionInDataKey(std::string_view bytes,
                                                        std::string_view prefix);

// One version of a key.
struct DataRecord {
  bool deleted = false;  // the key was deleted at this revision: the rest is zero
  Revision create;
  uint64_t version = 0;
  LeaseId lease;
  uint32_t sub = 0;
  std::string_view value;
};
[[nodiscard]] std::string EncodeData(const DataRecord& record);
void SetData(const DataRecord& record, std::string* out);
// The value points into `bytes`.
[[nodiscard]] bool DecodeData(std::string_view bytes, DataRecord* record);

struct RevisionRecord {
  EventKind kind = EventKind::kPut;
  Revision previous;  // the live version that this one ended, if there was one
  std::string_view key;
};
[[nodiscard]] std::string EncodeRevision(const RevisionRecord& record);
void SetRevision(const RevisionRecord& record, std::string* out);
[[nodiscard]] bool DecodeRevision(std::string_view bytes, RevisionRecord* record);
[[nodiscard]] bool ParseRevisionKey(std::string_view bytes, Revision* revision, uint32_t* sub);

}  // namespace keel::kv
