#include "backup/archive/gap_note.h"

#include <algorithm>

#include "backup/sealed_bytes.h"
#include "base/coding.h"

namespace keel::backup {

namespace {

constexpr std::string_view kMagic = "KEELGAP1";

}  // namespace

std::string EncodeGapNote(const GapNote& note) {
  std::string bytes(kMagic);
  for (const uint64_t number :
       {note.cluster_id, note.behind.index.value(), note.behind.term.value(), note.behind.time_ms,
        note.behind.chain, note.noted_ms}) {
    AppendFixed64(&bytes, number);
  }
  AppendChecksum(&bytes);
  return bytes;
}

Result<GapNote> DecodeGapNote(std::string_view bytes) {
  const std::string_view body = Checked(bytes);
  uint64_t numbers[6] = {};
  ByteReader reader(body.substr(std::min(body.size(), kMagic.size())));
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  if (!body.starts_with(kMagic) || !reader.AtEnd()) {
    return DataLoss("the note of a gap is damaged; no moment depends on it");
  }
  return GapNote{.cluster_id = numbers[0],
                 .behind = {.index = Index(numbers[1]),
                            .term = Term(numbers[2]),
                            .time_ms = numbers[3],
                            .chain = numbers[4]},
                 .noted_ms = numbers[5]};
}

}  // namespace keel::backup
