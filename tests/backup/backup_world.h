// A small store, its Maintenance.Snapshot stream as the server would send it, and files of it on a
// simulated disk: for tests of backup files. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backup/chunk_source.h"
#include "backup/crypt.h"
#include "backup/snapshot_check.h"
#include "backup/snapshot_writer.h"
#include "base/check.h"
#include "kv/snapshot/snapshot_reader.h"
#include "tests/kv/support/store_world.h"

namespace keel::backup {

inline constexpr char kSnapshotPath[] = "/saved.keel";

inline std::vector<std::string> ChunksOf(std::shared_ptr<const kv::ReadView> view) {
  kv::SnapshotReader reader(std::move(view), {.chunk_bytes = 400});
  std::vector<std::string> chunks;
  while (true) {
    auto chunk = reader.Next();
    KEEL_CHECK(chunk.ok()) << chunk.status();
    if (chunk->empty()) return chunks;
    chunks.push_back(*std::move(chunk));
  }
}

// Chunks, zeros up to a multiple of 512, and the SHA-256 of all that.
inline std::string StreamOf(std::shared_ptr<const kv::ReadView> view) {
  std::string stream;
  for (const std::string& chunk : ChunksOf(std::move(view))) stream += chunk;
  stream.append((512 - stream.size() % 512) % 512, '\0');
  Sha256 sum;
  sum.Add(stream);
  return stream + sum.Finish();
}

inline void FillStore(kv::StoreWorld* world) {
  world->Apply(kv::LeaseGrantOp{.id = kv::LeaseId(7), .ttl_s = 60});
  for (int i = 0; i < 60; ++i) {
    world->Put("k" + std::to_string(i % 20), "value " + std::to_string(i),
               kv::LeaseId(i % 3 * 7 % 14));
  }
  world->Apply(kv::DeleteRangeOp{.keys = {.begin = "k3", .end = {}}});
}

inline Status SaveChunks(FileSystem* files, const std::vector<std::string>& chunks) {
  auto writer = SnapshotWriter::Create(
      {.files = files, .path = kSnapshotPath, .cluster_id = 11, .member_id = 12, .saved_ms = 13});
  KEEL_RETURN_IF_ERROR(writer.status());
  for (const std::string& chunk : chunks) KEEL_RETURN_IF_ERROR((*writer)->AddChunk(chunk));
  return (*writer)->Complete();
}

// Writes `stream` in uneven pieces.
inline Status SaveStream(FileSystem* files, std::string_view stream, const std::string& key = {},
                         bool has_thread = false) {
  auto writer = SnapshotWriter::Create({.files = files,
                                        .path = kSnapshotPath,
                                        .cluster_id = 11,
                                        .member_id = 12,
                                        .saved_ms = 13,
                                        .key = key,
                                        .has_thread = has_thread});
  KEEL_RETURN_IF_ERROR(writer.status());
  for (size_t step = 1; !stream.empty(); step = step % 997 + 100) {
    KEEL_RETURN_IF_ERROR((*writer)->Add(stream.substr(0, step)));
    stream.remove_prefix(std::min(step, stream.size()));
  }
  return (*writer)->Finish();
}

inline void WriteBytes(FileSystem* files, const std::string& path, std::string_view bytes) {
  auto file = files->OpenAppendable(path, OpenMode::kCreateOrEmpty);
  KEEL_CHECK(file.ok()) << file.status();
  KEEL_CHECK((*file)->Append(bytes).ok());
  KEEL_CHECK((*file)->Sync().ok());
}

inline std::string ReadBytes(FileSystem* files, const std::string& path) {
  auto file = files->OpenReadable(path, AccessPattern::kSequential);
  KEEL_CHECK(file.ok()) << file.status();
  std::string bytes((*file)->SizeBytes().value(), '\0');
  KEEL_CHECK((*file)->ReadAt(0, {bytes.data(), bytes.size()}).ok());
  return bytes;
}

inline Result<SnapshotFindings> VerifyFile(FileSystem* files, const std::string& key = {}) {
  KEEL_ASSIGN_OR_RETURN(const auto source,
                        OpenSnapshotFile({.files = files, .path = kSnapshotPath, .key = key}));
  return CheckSnapshot(source.get(), nullptr);
}

}  // namespace keel::backup
