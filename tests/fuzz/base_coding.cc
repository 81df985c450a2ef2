// Feeds ByteReader with anything: no input may make it look outside its bytes, and whatever it
// accepts must be exactly what the appending side would have written.
//
// The first half of the input says what to read, one operation a byte; the second half is read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"

namespace keel {
namespace {

// Performs one read and appends what it gave, so that the two can be compared. False at a failure.
bool ReadAndRewrite(uint8_t operation, ByteReader* reader, std::string* rewritten) {
  uint8_t byte = 0;
  uint32_t narrow = 0;
  uint64_t wide = 0;
  std::string_view bytes;
  switch (operation % 7) {
    case 0:
      if (!reader->ReadByte(&byte)) return false;
      rewritten->push_back(static_cast<char>(byte));
      return true;
    case 1:
      if (!reader->ReadFixed32(&narrow)) return false;
      AppendFixed32(rewritten, narrow);
      return true;
    case 2:
      if (!reader->ReadFixed64(&wide)) return false;
      AppendFixed64(rewritten, wide);
      return true;
    case 3:
      if (!reader->ReadVarint32(&narrow)) return false;
      AppendVarint32(rewritten, narrow);
      return true;
    case 4:
      if (!reader->ReadVarint64(&wide)) return false;
      AppendVarint64(rewritten, wide);
      return true;
    case 5:
      if (!reader->ReadBytes(operation / 7, &bytes)) return false;
      rewritten->append(bytes);
      return true;
    default:
      if (!reader->ReadLengthPrefixed(&bytes)) return false;
      AppendLengthPrefixed(rewritten, bytes);
      return true;
  }
}

void Run(std::string_view operations, std::string_view input) {
  ByteReader reader(input);
  std::string rewritten;
  for (char operation : operations) {
    const bool read = ReadAndRewrite(static_cast<uint8_t>(operation), &reader, &rewritten);
    KEEL_CHECK(read == reader.ok());
    if (!read) {
      KEEL_CHECK(reader.rest().empty() && !reader.AtEnd()) << "a failed reader has nothing left";
      continue;
    }
    KEEL_CHECK(input.substr(0, rewritten.size()) == rewritten) << "read and append disagree";
    KEEL_CHECK(input.substr(rewritten.size()) == reader.rest());
  }
  KEEL_CHECK(reader.AtEnd() == (reader.ok() && rewritten.size() == input.size()));
}

}  // namespace
}  // namespace keel

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  keel::Run(all.substr(0, size / 2), all.substr(size / 2));
  return 0;
}
