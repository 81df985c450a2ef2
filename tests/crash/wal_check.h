// Judges what a crash left of a member's log and vote: opens both, compares them with what may be
// found, goes on with them, crashes them again, and lets single bytes rot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simfs/image.h"
#include "tests/wal/log_contents.h"
#include "wal/options.h"
#include "wal/vote_file.h"

namespace keel::crash {

// The layout that the workload and its check agree on.
[[nodiscard]] wal::LogOptions WalOptions();
[[nodiscard]] wal::VoteFile::Options VoteOptions();

struct WalExpectation {
  const std::vector<wal::LogContents>* logs = nullptr;  // one of them must be found
  const std::vector<wal::VoteRecord>* votes = nullptr;  // likewise; the first is acknowledged
  bool has_votes = false;                               // the vote file must be there
};

// Empty, or what is wrong.
[[nodiscard]] std::string CheckWalImage(const simfs::Image& image,
                                        const WalExpectation& expectation, uint64_t seed);

}  // namespace keel::crash
