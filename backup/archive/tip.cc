#include "backup/archive/tip.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::backup {

namespace {

constexpr std::string_view kMagic = "KEELTIP1";

}  // namespace

std::string EncodeTip(const Tip& tip) {
  std::string bytes(kMagic);
  for (const uint64_t number : {tip.cluster_id, tip.at.index.value(), tip.at.term.value(),
                                tip.at.time_ms, tip.at.chain, tip.whole_until_ms}) {
    AppendFixed64(&bytes, number);
  }
  AppendFixed64(&bytes, Checksum(bytes));
  return bytes;
}

Result<Tip> DecodeTip(std::string_view bytes) {
  const std::string_view body = bytes.substr(0, bytes.size() - std::min<size_t>(bytes.size(), 8));
  uint64_t numbers[7] = {};
  ByteReader reader(bytes.substr(std::min(bytes.size(), kMagic.size())));
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  if (!bytes.starts_with(kMagic) || !reader.AtEnd() || numbers[6] != Checksum(body)) {
    return DataLoss("the tip is damaged; without it, what the segments hold can be restored");
  }
  return Tip{.cluster_id = numbers[0],
             .at = {.index = Index(numbers[1]),
                    .term = Term(numbers[2]),
                    .time_ms = numbers[3],
                    .chain = numbers[4]},
             .whole_until_ms = numbers[5]};
}

}  // namespace keel::backup
