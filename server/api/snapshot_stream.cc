#include "server/api/snapshot_stream.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/etcdserverpb/maintenance.pb.h"
#include "api/version.h"
#include "backup/crypt.h"
#include "base/coding.h"
#include "kv/snapshot/snapshot_format.h"
#include "kv/snapshot/snapshot_reader.h"
#include "net/services/proto_call.h"
#include "server/api/piece_stream.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

constexpr size_t kBlobBytes = size_t{32} << 10;
constexpr size_t kPaddedTo = 512;
using backup::kSumBytes;
// Of a field that is a length and bytes.
constexpr char kBlobTag = pb::SnapshotResponse::kBlobFieldNumber << 3 | 2;

class Source : public PieceSource {
 public:
  Source(CorePtr core, ViewPtr view, pb::SnapshotResponse first)
      : core_(std::move(core)),
        began_us_(core_->clock().MonotonicUs()),
        reader_(std::move(view), {}),
        left_(core_->node().StateBytes()),
        first_(std::move(first)) {}

  [[nodiscard]] Result<Piece> Next() override {
    Result<std::string> chunk = reader_.Next();
    if (!chunk.ok()) return Unmapped(chunk.status());
    Piece piece;
    piece.last = chunk->empty();
    Add(*chunk, &piece);
    if (piece.last) core_->counts().snapshots.Add(core_->clock().MonotonicUs() - began_us_);
    return piece;
  }

 protected:
  // Makes messages of a chunk, if they are full; the last call has an empty one.
  virtual void Add(std::string_view chunk, Piece* piece) = 0;

  // `known` is what is left behind this blob, near the end; before, it is an estimate that never
  // rises, and leaves room for what comes last.
  [[nodiscard]] Payload Message(std::string_view blob, std::optional<uint64_t> known = {}) {
    left_ = std::max<uint64_t>(left_ - std::min<uint64_t>(left_, blob.size()), kSumBytes);
    if (known.has_value()) left_ = std::min(left_, *known);
    pb::SnapshotResponse response;
    std::swap(response, first_);
    response.set_version(std::string(kEtcdVersion));
    response.set_remaining_bytes(left_);
    // The blob is put behind what Protobuf makes of the rest: it would copy it twice.
    const std::string rest = response.SerializeAsString();
    std::string bytes;
    bytes.reserve(rest.size() + 1 + kVarint64BytesMax + blob.size());
    bytes.append(rest);
    bytes.push_back(kBlobTag);
    AppendLengthPrefixed(&bytes, blob);
    return Payload::Of(std::move(bytes));
  }

 private:
  const CorePtr core_;
  const uint64_t began_us_;
  kv::SnapshotReader reader_;
  uint64_t left_ = 0;
  pb::SnapshotResponse first_;
};

// What etcd's clients save: blobs of one size, whatever the chunks are, and the sum at the end.
class PlainSource final : public Source {
 public:
  using Source::Source;

 private:
  void Add(std::string_view chunk, Piece* piece) override {
    pending_ += chunk;
    const bool last = piece->last;
    if (last) {
      const size_t total = sent_bytes_ + pending_.size();
      pending_.append((kPaddedTo - total % kPaddedTo) % kPaddedTo, '\0');
    }
    size_t at = 0;
    while (pending_.size() - at >= kBlobBytes || (last && at < pending_.size())) {
      const std::string_view blob = std::string_view(pending_).substr(at, kBlobBytes);
      at += blob.size();
      sent_bytes_ += blob.size();
      sum_.Add(blob);
      std::optional<uint64_t> known;
      if (last) known = pending_.size() - at + kSumBytes;
      piece->messages.push_back(Message(blob, known));
    }
    pending_.erase(0, at);
    if (last) piece->messages.push_back(Message(sum_.Finish(), 0));
  }

  backup::Sha256 sum_;
  std::string pending_;
  uint64_t sent_bytes_ = 0;
};

// What keelctl asks for: each chunk as it is. Their own sums chain them, so nobody adds up the
// whole.
class ChunkedSource final : public Source {
 public:
  using Source::Source;

 private:
  void Add(std::string_view chunk, Piece* piece) override {
    if (chunk.empty()) return;
    const bool ends = kv::KindOf(chunk) == kv::ChunkBody::Kind::kEnd;
    piece->messages.push_back(Message(chunk, ends ? std::optional<uint64_t>(0) : std::nullopt));
  }
};

}  // namespace

std::unique_ptr<net::CallHandler> MakeSnapshotStream(const CorePtr& core, net::ServerCall call,
                                                     const Caller& caller) {
  auto begin = [core, in_chunks = caller.wants_chunks](std::string_view bytes,
                                                       PieceStream::SourceDone done) {
    const auto request = net::ParseMessage<pb::SnapshotRequest>(bytes);
    if (!request.ok()) return std::move(done)(request.status());
    const ViewPtr view = core->view();
    pb::SnapshotResponse first;
    *first.mutable_header() = core->Header(view->revision());
    if (in_chunks) {
      return std::move(done)(std::make_unique<ChunkedSource>(core, view, std::move(first)));
    }
    std::move(done)(std::make_unique<PlainSource>(core, view, std::move(first)));
  };
  return std::make_unique<PieceStream>(
      core, call,
      PieceStream::Options{.requires_leader = caller.requires_leader,
                           .begin = std::move(begin),
                           .reads = &core->bulk()});
}

}  // namespace keel::api
