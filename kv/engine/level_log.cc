#include "kv/engine/level_log.h"

#include <array>

#include "base/coding.h"

namespace keel::kv {

namespace {

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 7;
enum FragmentType : uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<uint32_t, 256> MakeCrc32cTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrc32cTable = MakeCrc32cTable();

// As LevelDB stores it: masked, because a checksum over bytes that hold checksums is weak.
uint32_t MaskedCrc32c(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) {
    crc = kCrc32cTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

struct Fragment {
  uint8_t type = kZero;
  std::string_view payload;
};

// The fragment at `at`, or what is wrong there.
const char* ReadFragment(std::string_view file, size_t at, Fragment* fragment) {
  if (file.size() - at < kHeaderBytes) return "a header is cut off";
  const char* header = file.data() + at;
  const size_t length = static_cast<unsigned char>(header[4]) +
                        (static_cast<size_t>(static_cast<unsigned char>(header[5])) << 8);
  fragment->type = static_cast<uint8_t>(header[6]);
  if (fragment->type == kZero || fragment->type > kLast) return "no fragment begins here";
  if (at % kBlockBytes + kHeaderBytes + length > kBlockBytes) return "a length crosses its block";
  if (file.size() - at - kHeaderBytes < length) return "a fragment is cut off";
  if (MaskedCrc32c(file.substr(at + 6, 1 + length)) != DecodeFixed32(header)) {
    return "a checksum does not match";
  }
  fragment->payload = file.substr(at + kHeaderBytes, length);
  return nullptr;
}

bool ReadFileNumbers(ByteReader* reader, uint64_t tag) {
  uint64_t number = 0;
  std::string_view key;
  switch (tag) {
    case 5:  // compact pointer: level, key
      return reader->ReadVarint64(&number) && reader->ReadLengthPrefixed(&key);
    case 6:  // deleted file: level, number
      return reader->ReadVarint64(&number) && reader->ReadVarint64(&number);
    case 7:  // new file: level, number, size, smallest, largest
      return reader->ReadVarint64(&number) && reader->ReadVarint64(&number) &&
             reader->ReadVarint64(&number) && reader->ReadLengthPrefixed(&key) &&
             reader->ReadLengthPrefixed(&key);
    default:
      return false;
  }
}

bool ReadEdit(std::string_view record, ManifestLogs* logs) {
  ByteReader reader(record);
  while (!reader.AtEnd()) {
    uint64_t tag = 0;
    uint64_t ignored = 0;
    std::string_view name;
    if (!reader.ReadVarint64(&tag)) return false;
    bool read = false;
    switch (tag) {
      case 1:  // comparator
        read = reader.ReadLengthPrefixed(&name);
        break;
      case 2:
        read = reader.ReadVarint64(&logs->log_number);
        break;
      case 3:  // next file number
        read = reader.ReadVarint64(&ignored);
        break;
      case 4:
        read = reader.ReadVarint64(&logs->last_sequence);
        break;
      case 9:
        read = reader.ReadVarint64(&logs->previous_log_number);
        break;
      default:
        read = ReadFileNumbers(&reader, tag);
    }
    if (!read) return false;
  }
  return true;
}

}  // namespace

LevelLogScan ScanLevelLog(std::string_view file) {
  LevelLogScan scan;
  std::string record;
  bool inside = false;
  size_t at = 0;
  while (at < file.size()) {
    const size_t left = kBlockBytes - at % kBlockBytes;
    if (left < kHeaderBytes) {
      at += left;  // too small for a header: filled with zeros
      continue;
    }
    Fragment fragment;
    if (const char* wrong = ReadFragment(file, at, &fragment); wrong != nullptr) {
      scan.complaint = wrong;
      return scan;
    }
    const bool begins = fragment.type == kFull || fragment.type == kFirst;
    if (begins == inside) {
      scan.complaint = "fragments out of order";
      return scan;
    }
    if (begins) record.clear();
    record.append(fragment.payload);
    at += kHeaderBytes + fragment.payload.size();
    inside = fragment.type == kFirst || fragment.type == kMiddle;
    if (inside) continue;
    scan.records.push_back(record);
    scan.good_bytes = at;
  }
  if (inside) scan.complaint = "a record is cut off";
  // A block's zero filling is no damage.
  if (!inside) scan.good_bytes = file.size();
  return scan;
}

Status ReadManifestLogs(const std::vector<std::string>& records, ManifestLogs* logs) {
  for (const std::string& record : records) {
    if (!ReadEdit(record, logs)) return DataLoss("a record of the MANIFEST does not decode");
  }
  return Status::Ok();
}

}  // namespace keel::kv
