#include "backup/chunk_source.h"

#include <algorithm>
#include <utility>

#include "backup/crypt.h"
#include "base/coding.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::backup {

namespace {

constexpr size_t kPaddedTo = 512;

}  // namespace

Result<std::string> ChunkSplitter::Next() {
  const std::string_view rest = std::string_view(pending_).substr(taken_);
  if (rest.size() < kv::kChunkHeaderBytes) return std::string();
  const size_t body_bytes = DecodeFixed32(rest.data());
  if (body_bytes > kv::kChunkBytesMax - kv::kChunkHeaderBytes) {
    return DataLoss("a chunk claims " + std::to_string(body_bytes) + " bytes");
  }
  const size_t size = kv::kChunkHeaderBytes + body_bytes;
  if (rest.size() < size) {
    pending_.erase(0, std::exchange(taken_, 0));
    return std::string();
  }
  taken_ += size;
  return std::string(rest.substr(0, size));
}

struct StreamSum::State {
  Sha256 sum;
};

void StreamSum::Free::operator()(State* state) const { delete state; }

StreamSum::StreamSum() : state_(new State) {}

std::string StreamSum::Add(std::string_view bytes) {
  size_bytes_ += bytes.size();
  std::string body = std::exchange(tail_, {});
  body.reserve(body.size() + bytes.size());
  body.append(bytes);
  const size_t body_bytes = body.size() - std::min(body.size(), kSumBytes);
  tail_ = body.substr(body_bytes);
  body.resize(body_bytes);
  state_->sum.Add(body);
  return body;
}

Status StreamSum::Check() {
  if (size_bytes_ % kPaddedTo != kSumBytes) {
    return DataLoss("sha256 checksum not found [bytes: " + std::to_string(size_bytes_) + "]");
  }
  if (state_->sum.Finish() != tail_) return DataLoss("the checksum does not fit: it is damaged");
  return {};
}

}  // namespace keel::backup
