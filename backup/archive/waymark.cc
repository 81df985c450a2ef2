#include "backup/archive/waymark.h"

#include <algorithm>

#include "backup/sealed_bytes.h"
#include "base/coding.h"

namespace keel::backup {

std::string EncodeWaymark(std::string_view magic, const Waymark& mark) {
  std::string bytes(magic);
  for (const uint64_t number : {mark.cluster_id, mark.at.index.value(), mark.at.term.value(),
                                mark.at.time_ms, mark.at.chain, mark.time_ms}) {
    AppendFixed64(&bytes, number);
  }
  AppendChecksum(&bytes);
  return bytes;
}

std::optional<Waymark> DecodeWaymark(std::string_view magic, std::string_view bytes) {
  const std::string_view body = Checked(bytes);
  uint64_t numbers[6] = {};
  ByteReader reader(body.substr(std::min(body.size(), magic.size())));
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  if (!body.starts_with(magic) || !reader.AtEnd()) return std::nullopt;
  return Waymark{.cluster_id = numbers[0],
                 .at = {.index = Index(numbers[1]),
                        .term = Term(numbers[2]),
                        .time_ms = numbers[3],
                        .chain = numbers[4]},
                 .time_ms = numbers[5]};
}

}  // namespace keel::backup
