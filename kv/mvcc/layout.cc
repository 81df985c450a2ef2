#include "kv/mvcc/layout.h"

#include <bit>
#include <cstring>

#include "base/coding.h"

namespace keel::kv {

namespace {

constexpr size_t kNumberBytes = 8;
constexpr size_t kSubBytes = 4;

// A zero byte becomes 00 ff and the end is 00 01: so a key sorts before its extensions, and the
// versions of one key stay together.
constexpr char kEscape = '\0';
constexpr char kEscapedZero = '\xff';
constexpr char kTerminator = '\x01';

void AppendEscaped(std::string* out, std::string_view key) {
  size_t from = 0;
  for (size_t zero = key.find(kEscape); zero != std::string_view::npos;
       zero = key.find(kEscape, from)) {
    out->append(key.substr(from, zero + 1 - from));
    out->push_back(kEscapedZero);
    from = zero + 1;
  }
  out->append(key.substr(from));
  constexpr char kEnd[] = {kEscape, kTerminator};
  out->append(kEnd, sizeof(kEnd));
}

// Highest byte first, on both kinds of machine; gives the place behind it.
char* EncodeBigEndian64(char* at, uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

char* EncodeBigEndian32(char* at, uint32_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

// The flags of a data record; the other bits are zero.
constexpr uint8_t kDeleted = 1;
constexpr uint8_t kLeased = 2;

}  // namespace

void AppendBigEndian64(std::string* out, uint64_t value) {
  char bytes[kNumberBytes];
  EncodeBigEndian64(bytes, value);
  out->append(bytes, kNumberBytes);
}

uint64_t DecodeBigEndian64(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

Layout::Layout(uint32_t group) : group_(sizeof(group), '\0') {
  EncodeBigEndian32(group_.data(), group);
}

char* Layout::EncodePrefix(Family family, char* at) const {
  at += group_.copy(at, kFamilyPrefixBytes - 1);
  *at = static_cast<char>(family);
  return at + 1;
}

void Layout::SetPrefix(Family family, std::string* out) const {
  char bytes[kFamilyPrefixBytes];
  EncodePrefix(family, bytes);
  out->assign(bytes, sizeof(bytes));
}

std::string Layout::Prefix(Family family) const {
  std::string prefix;
  SetPrefix(family, &prefix);
  return prefix;
}

std::string Layout::DataPrefix(std::string_view key) const {
  std::string out;
  out.reserve(kFamilyPrefixBytes + key.size() + 2 + kNumberBytes);
  SetPrefix(Family::kData, &out);
  AppendEscaped(&out, key);
  return out;
}

void Layout::SetDataKey(std::string_view key, Revision revision, std::string* out) const {
  SetPrefix(Family::kData, out);
  AppendEscaped(out, key);
  AppendBigEndian64(out, ~revision.value());
}

std::string Layout::DataKey(std::string_view key, Revision revision) const {
  std::string out;
  out.reserve(kFamilyPrefixBytes + key.size() + 2 + kNumberBytes);
  SetDataKey(key, revision, &out);
  return out;
}

void Layout::SetRevisionKey(Revision revision, uint32_t sub, std::string* out) const {
  char bytes[kFamilyPrefixBytes + kNumberBytes + kSubBytes];
  char* end = EncodePrefix(Family::kRevisions, bytes);
  end = EncodeBigEndian64(end, revision.value());
  EncodeBigEndian32(end, sub);
  out->assign(bytes, sizeof(bytes));
}

std::string Layout::RevisionKey(Revision revision, uint32_t sub) const {
  std::string out;
  SetRevisionKey(revision, sub, &out);
  return out;
}

std::string Layout::NumberKey(Family family, uint64_t number) const {
  std::string out = Prefix(family);
  AppendBigEndian64(&out, number);
  return out;
}

std::string Layout::OutcomeKey(SessionId session, uint64_t sequence) const {
  std::string out = NumberKey(Family::kOutcomes, session.value());
  AppendBigEndian64(&out, sequence);
  return out;
}

std::string Layout::AttachedKey(LeaseId lease, std::string_view key) const {
  return NumberKey(Family::kAttached, lease.value()).append(key);
}

std::string Layout::NameKey(Family family, std::string_view name) const {
  return Prefix(family).append(name);
}

bool ParseDataKey(std::string_view bytes, std::string* key, Revision* revision) {
  if (bytes.size() < kFamilyPrefixBytes + 2 + kNumberBytes) return false;
  key->clear();
  std::string_view escaped = bytes.substr(kFamilyPrefixBytes);
  while (true) {
    const size_t zero = escaped.find(kEscape);
    if (zero == std::string_view::npos || zero + 1 >= escaped.size()) return false;
    key->append(escaped.substr(0, zero));
    const char mark = escaped[zero + 1];
    escaped.remove_prefix(zero + 2);
    if (mark == kTerminator) break;
    if (mark != kEscapedZero) return false;
    key->push_back(kEscape);
  }
  if (escaped.size() != kNumberBytes) return false;
  *revision = Revision(~DecodeBigEndian64(escaped));
  return true;
}

std::optional<Revision> RevisionInDataKey(std::string_view bytes, std::string_view prefix) {
  if (bytes.size() != prefix.size() + kNumberBytes || !bytes.starts_with(prefix)) {
    return std::nullopt;
  }
  return Revision(~DecodeBigEndian64(bytes.substr(prefix.size())));
}

void SetData(const DataRecord& record, std::string* out) {
  out->clear();
  if (record.deleted) {
    out->push_back(static_cast<char>(kDeleted));
    AppendVarint32(out, record.sub);
    return;
  }
  char head[1 + 4 * kVarint64BytesMax];
  head[0] = static_cast<char>(record.lease.IsNone() ? 0 : kLeased);
  char* end = EncodeVarint64(head + 1, record.sub);
  end = EncodeVarint64(end, record.create.value());
  end = EncodeVarint64(end, record.version);
  if (!record.lease.IsNone()) end = EncodeVarint64(end, record.lease.value());
  out->reserve(record.value.size() + sizeof(head));
  out->append(head, static_cast<size_t>(end - head));
  out->append(record.value);
}

std::string EncodeData(const DataRecord& record) {
  std::string out;
  SetData(record, &out);
  return out;
}

bool DecodeData(std::string_view bytes, DataRecord* record) {
  ByteReader reader(bytes);
  uint8_t flags = 0;
  uint64_t create = 0;
  uint64_t lease = 0;
  if (!reader.ReadByte(&flags) || !reader.ReadVarint32(&record->sub)) return false;
  record->deleted = flags == kDeleted;
  if (record->deleted) return reader.AtEnd();
  if (flags != 0 && flags != kLeased) return false;
  if (!reader.ReadVarint64(&create) || !reader.ReadVarint64(&record->version)) return false;
  if (flags == kLeased && (!reader.ReadVarint64(&lease) || lease == 0)) return false;
  record->create = Revision(create);
  record->lease = LeaseId(lease);
  record->value = reader.rest();
  return create != 0 && record->version != 0;
}

void SetRevision(const RevisionRecord& record, std::string* out) {
  char head[1 + kVarint64BytesMax];
  head[0] = static_cast<char>(record.kind);
  const char* end = EncodeVarint64(head + 1, record.previous.value());
  out->assign(head, static_cast<size_t>(end - head));
  out->append(record.key);
}

std::string EncodeRevision(const RevisionRecord& record) {
  std::string out;
  SetRevision(record, &out);
  return out;
}

bool DecodeRevision(std::string_view bytes, RevisionRecord* record) {
  ByteReader reader(bytes);
  uint8_t kind = 0;
  uint64_t previous = 0;
  if (!reader.ReadByte(&kind) || kind > 1 || !reader.ReadVarint64(&previous)) return false;
  record->kind = static_cast<EventKind>(kind);
  record->previous = Revision(previous);
  record->key = reader.rest();
  return !record->key.empty();
}

bool ParseRevisionKey(std::string_view bytes, Revision* revision, uint32_t* sub) {
  if (bytes.size() != kFamilyPrefixBytes + kNumberBytes + kSubBytes) return false;
  *revision = Revision(DecodeBigEndian64(bytes.substr(kFamilyPrefixBytes)));
  uint32_t number = 0;
  for (const char c : bytes.substr(kFamilyPrefixBytes + kNumberBytes)) {
    number = (number << 8) | static_cast<unsigned char>(c);
  }
  *sub = number;
  return true;
}

}  // namespace keel::kv
