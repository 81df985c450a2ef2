#include "backup/archive/tip.h"

#include <algorithm>

#include "backup/sealed_bytes.h"
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
  AppendChecksum(&bytes);
  return bytes;
}

Result<Tip> DecodeTip(std::string_view bytes) {
  const std::string_view body = Checked(bytes);
  uint64_t numbers[6] = {};
  ByteReader reader(body.substr(std::min(body.size(), kMagic.size())));
  for (uint64_t& number : numbers) reader.ReadFixed64(&number);
  if (!body.starts_with(kMagic) || !reader.AtEnd()) {
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
