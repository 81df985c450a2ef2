// The blocks that backup files are made of: stretches of a byte stream, compressed by zstd, with a
// cipher encrypted, and chained by checksums.
//
// A block is {stored bytes, raw bytes, checksum, stored}, four, four and eight bytes little-endian
// and the stored bytes; the checksum is over the two lengths and the stored bytes, seeded with the
// checksum before it. So no block can be changed, lost, repeated or moved unseen. One thread at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backup/crypt.h"
#include "base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace keel::backup {

inline constexpr size_t kBlockHeaderBytes = 16;
// Of the stream; the last block of a file is shorter.
inline constexpr size_t kBlockRawBytes = size_t{1} << 20;
// What a reader makes room for: zstd's worst case, and the tag.
inline constexpr size_t kStoredBytesMax = kBlockRawBytes + (size_t{64} << 10);

// Where a chain of blocks begins.
struct ChainStart {
  uint64_t seed = 0;
  std::unique_ptr<Cipher> cipher;  // null: not encrypted
};

class BlockSealer {
 public:
  explicit BlockSealer(ChainStart start);
  ~BlockSealer();
  BlockSealer(const BlockSealer&) = delete;
  BlockSealer& operator=(const BlockSealer&) = delete;

  // At most kBlockRawBytes.
  [[nodiscard]] std::string Seal(std::string_view raw);
  [[nodiscard]] uint64_t chain() const { return chain_; }
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  std::unique_ptr<Cipher> cipher_;
  ZSTD_CCtx_s* const context_;
  std::string packed_;  // room for one block, whatever it packs to
  uint64_t chain_;
  uint64_t count_ = 0;
};

class BlockOpener {
 public:
  explicit BlockOpener(ChainStart start);
  ~BlockOpener();
  BlockOpener(const BlockOpener&) = delete;
  BlockOpener& operator=(const BlockOpener&) = delete;

  // How many stored bytes follow the header that `bytes` is; DATA_LOSS for an absurd claim.
  [[nodiscard]] static Result<size_t> StoredBytes(std::string_view header);
  // The raw bytes of a whole block.
  [[nodiscard]] Result<std::string> Open(std::string_view block);
  [[nodiscard]] uint64_t chain() const { return chain_; }
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  std::unique_ptr<Cipher> cipher_;
  ZSTD_DCtx_s* const context_;
  uint64_t chain_;
  uint64_t count_ = 0;
};

}  // namespace keel::backup
