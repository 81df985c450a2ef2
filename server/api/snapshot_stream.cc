#include "server/api/snapshot_stream.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/etcdserverpb/maintenance.pb.h"
#include "api/version.h"
#include "base/check.h"
#include "kv/snapshot/snapshot_reader.h"
#include "net/services/proto_call.h"
#include "server/api/piece_stream.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

constexpr size_t kBlobBytes = size_t{32} << 10;
constexpr size_t kPaddedTo = 512;
constexpr size_t kSumBytes = 32;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    KEEL_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1) << "no SHA-256";
  }
  void Add(std::string_view bytes) {
    KEEL_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1) << "SHA-256";
  }
  [[nodiscard]] std::string Finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    KEEL_CHECK(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1) << "SHA-256";
    return {reinterpret_cast<const char*>(digest), length};
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

class Source final : public PieceSource {
 public:
  Source(CorePtr core, ViewPtr view, pb::SnapshotResponse first)
      : core_(std::move(core)),
        began_us_(core_->clock().MonotonicUs()),
        reader_(std::move(view), {}),
        left_(core_->node().StateBytes()),
        first_(std::move(first)) {}

  [[nodiscard]] Result<Piece> Next() override {
    Piece piece;
    const Result<std::string> read = reader_.Next();
    if (!read.ok()) return Unmapped(read.status());
    const std::string& chunk = *read;
    piece.last = chunk.empty();
    pending_ += chunk;
    if (piece.last) {
      const size_t total = sent_bytes_ + pending_.size();
      pending_.append((kPaddedTo - total % kPaddedTo) % kPaddedTo, '\0');
    }
    size_t at = 0;
    while (pending_.size() - at >= kBlobBytes || (piece.last && at < pending_.size())) {
      std::string blob = pending_.substr(at, kBlobBytes);
      at += blob.size();
      sum_.Add(blob);
      // An estimate until the last piece. It never rises, and leaves room for the sum.
      left_ = std::max<uint64_t>(left_ - std::min<uint64_t>(left_, blob.size()), kSumBytes);
      if (piece.last) left_ = std::min<uint64_t>(left_, pending_.size() - at + kSumBytes);
      piece.messages.push_back(Message(std::move(blob)));
    }
    pending_.erase(0, at);
    if (piece.last) {
      left_ = 0;
      piece.messages.push_back(Message(sum_.Finish()));
      core_->counts().snapshots.Add(core_->clock().MonotonicUs() - began_us_);
    }
    return piece;
  }

 private:
  Payload Message(std::string blob) {
    sent_bytes_ += blob.size();
    pb::SnapshotResponse response;
    std::swap(response, first_);
    response.set_blob(std::move(blob));
    response.set_version(std::string(kEtcdVersion));
    response.set_remaining_bytes(left_);
    return net::SerializeMessage(response);
  }

  const CorePtr core_;
  const uint64_t began_us_;
  kv::SnapshotReader reader_;
  Sha256 sum_;
  std::string pending_;
  uint64_t sent_bytes_ = 0;
  uint64_t left_ = 0;
  pb::SnapshotResponse first_;
};

}  // namespace

std::unique_ptr<net::CallHandler> MakeSnapshotStream(const CorePtr& core, net::ServerCall call,
                                                     const Caller& caller) {
  auto begin = [core](std::string_view bytes, PieceStream::SourceDone done) {
    const auto request = net::ParseMessage<pb::SnapshotRequest>(bytes);
    if (!request.ok()) return std::move(done)(request.status());
    const ViewPtr view = core->view();
    pb::SnapshotResponse first;
    *first.mutable_header() = core->Header(view->revision());
    std::move(done)(std::make_unique<Source>(core, view, std::move(first)));
  };
  return std::make_unique<PieceStream>(
      core, call,
      PieceStream::Options{.requires_leader = caller.requires_leader, .begin = std::move(begin)});
}

}  // namespace keel::api
