// Reads a state out as a snapshot, chunk by chunk, while the store goes on.
//
// The view is held until the reader goes. Resumable: a receiver that lost the connection says how
// many chunks it has, and the same reader goes on behind the last of them; the chunks come out the
// same. Pacing is the caller's: it asks for the next chunk when it wants one. Belongs to one thread
// at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kv/mvcc/read_view.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::kv {

class SnapshotReader {
 public:
  struct Options {
    size_t chunk_bytes = size_t{256} << 10;
  };
  SnapshotReader(std::shared_ptr<const ReadView> view, const Options& options);

  // The next chunk; empty when all have been read.
  [[nodiscard]] Result<std::string> Next();
  // Goes back to the chunk with this number, from 0; OUT_OF_RANGE if it was never read.
  Status ResumeAt(uint64_t chunk);
  [[nodiscard]] uint64_t next_chunk() const { return marks_.size() - 1; }

 private:
  // All that the chunk to come depends on.
  struct Mark {
    uint64_t chain = 0;
    uint64_t record_count = 0;
    std::string next_key;  // with its group; empty before the header and after the end
    bool ended = false;
  };

  [[nodiscard]] Result<std::string> NextRecords(Mark* mark);

  const std::shared_ptr<const ReadView> view_;
  const Options options_;
  std::vector<Mark> marks_;  // one for each chunk that was read, and the next
  std::unique_ptr<EngineIterator> iterator_;
};

}  // namespace keel::kv
