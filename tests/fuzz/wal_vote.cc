// Opens a vote file whose bytes come from anywhere: it is refused, or it opens, saves and is found
// again as saved.
//
// The first byte says whether the checksums of the two slots are put right, or every input would be
// turned away.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "tests/simfs/simulated_file_system.h"
#include "wal/vote_file.h"

namespace keel::wal {
namespace {

using simfs::Image;
using simfs::SimulatedFileSystem;

void PutRight(std::string* bytes, uint64_t offset) {
  if (bytes->size() < offset + kVoteSlotBytes) return;
  char* slot = bytes->data() + offset;
  std::string_view("KEELVOTE").copy(slot, 8);
  EncodeFixed64(slot + kVoteSlotBytes - 8, Checksum({slot, kVoteSlotBytes - 8}));
}

// The slots are laid out side by side in the input, so that a short one fills both.
std::string FileOf(std::string_view input) {
  const bool puts_right = !input.empty() && input[0] % 2 == 1;
  if (!input.empty()) input.remove_prefix(1);
  std::string bytes(input.substr(0, kVoteSlotBytes));
  if (input.size() > kVoteSlotBytes) {
    bytes.resize(kVoteSlotOffsets[1]);
    bytes.append(input.substr(kVoteSlotBytes));
  }
  if (puts_right) {
    for (uint64_t offset : kVoteSlotOffsets) PutRight(&bytes, offset);
  }
  return bytes;
}

void Run(std::string_view input) {
  Image image;
  image.directories.insert("/node");
  image.Replace("/node/vote", FileOf(input));
  SimulatedFileSystem files(image);
  const VoteFile::Options options = {.path = "/node/vote", .member = NodeId(7)};
  VoteRecord saved;
  {
    const auto votes = VoteFile::Open(&files, options);
    if (!votes.ok()) {
      KEEL_CHECK(votes.status().message().find("/node/vote") != std::string_view::npos);
      return;
    }
    const Term next = (*votes)->record().term.Next();
    if (next.IsNone()) return;  // the last term that there is
    KEEL_CHECK((*votes)->Save({.term = next, .vote = NodeId(3)}).ok());
    saved = (*votes)->record();
  }
  files.Crash({.mode = simfs::LossMode::kEverything});
  const auto votes = VoteFile::Open(&files, options);
  KEEL_CHECK(votes.ok()) << votes.status();
  ++saved.boot;
  KEEL_CHECK((*votes)->record() == saved);
}

}  // namespace
}  // namespace keel::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  keel::wal::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
