#include "backup/sealed_bytes.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::backup {

void AppendChecksum(std::string* bytes) { AppendFixed64(bytes, Checksum(*bytes)); }

std::string_view Checked(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return {};
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  return ChecksumAtEnd(bytes) == Checksum(body) ? body : std::string_view();
}

uint64_t ChecksumAtEnd(std::string_view bytes) {
  return DecodeFixed64(bytes.data() + bytes.size() - kChecksumBytes);
}

}  // namespace keel::backup
