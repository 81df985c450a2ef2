// The header and the trailer of a snapshot file: docs/backup_format.md, in code.
//
// Between the two stand blocks (backup/blocks.h), whose raw bytes are the chunks of a snapshot
// (kv/snapshot/snapshot_format.h), one behind the other. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backup/crypt.h"
#include "base/ids.h"
#include "base/result.h"

namespace keel::backup {

inline constexpr uint32_t kFileFormat = 1;
inline constexpr std::string_view kFileMagic = "KEELSNAP";
inline constexpr size_t kFileHeaderBytes = 128;
inline constexpr size_t kFileTrailerBytes = 104;

struct FileHeader {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;  // of the member that was asked
  Index applied;
  Term applied_term;
  Revision revision;
  uint64_t saved_ms = 0;  // by the wall clock of whoever saved it
  bool is_encrypted = false;
  std::string salt;  // kSaltBytes; zeros unless encrypted
  uint32_t key_check = 0;

  friend bool operator==(const FileHeader&, const FileHeader&) = default;
};
[[nodiscard]] std::string EncodeFileHeader(const FileHeader& header);
// FAILED_PRECONDITION for a format that a newer Keel wrote; DATA_LOSS for damage; INVALID_ARGUMENT
// if the bytes do not begin as a snapshot file does.
[[nodiscard]] Result<FileHeader> DecodeFileHeader(std::string_view bytes);
// The blocks are chained to the header's own checksum.
[[nodiscard]] uint64_t ChainSeed(std::string_view header_bytes);

struct FileTrailer {
  uint64_t blocks = 0;
  uint64_t raw_bytes = 0;
  uint64_t records = 0;
  uint64_t versions = 0;  // of all keys, as etcd counts them
  Revision compacted;
  uint64_t file_bytes = 0;  // the trailer included
  uint64_t chain = 0;       // of the last block
  std::string sum;          // SHA-256 of all bytes before the trailer

  friend bool operator==(const FileTrailer&, const FileTrailer&) = default;
};
[[nodiscard]] std::string EncodeFileTrailer(const FileTrailer& trailer);
[[nodiscard]] Result<FileTrailer> DecodeFileTrailer(std::string_view bytes);

}  // namespace keel::backup
