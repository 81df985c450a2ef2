#include "server/api/snapshot_stream.h"

#include <openssl/evp.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "api/etcdserverpb/maintenance.pb.h"
#include "api/version.h"
#include "base/check.h"
#include "kv/snapshot/snapshot_reader.h"
#include "net/services/proto_call.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

constexpr size_t kBlobBytes = size_t{32} << 10;
constexpr size_t kPaddedTo = 512;
constexpr size_t kSumBytes = 32;
// What has been read and not been taken yet: enough that the disk is read while the client works on
// what it has, and little beside what the transport holds.
constexpr size_t kAheadBytesMax = size_t{1} << 20;

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

// What the pool works on; one piece at a time, so nobody else touches it meanwhile.
class Source {
 public:
  Source(ViewPtr view, uint64_t estimate_bytes, pb::SnapshotResponse first)
      : reader_(std::move(view), {}), left_(estimate_bytes), first_(std::move(first)) {}

  struct Piece {
    std::vector<Payload> messages;
    bool last = false;
  };
  [[nodiscard]] Result<Piece> Next() {
    Piece piece;
    KEEL_ASSIGN_OR_RETURN(const std::string chunk, reader_.Next());
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

  kv::SnapshotReader reader_;
  Sha256 sum_;
  std::string pending_;
  uint64_t sent_bytes_ = 0;
  uint64_t left_ = 0;
  pb::SnapshotResponse first_;
};

class SnapshotStream final : public net::CallHandler, public OpenStream {
 public:
  SnapshotStream(CorePtr core, net::ServerCall call, bool requires_leader)
      : core_(std::move(core)), call_(call), requires_leader_(requires_leader) {
    core_->Add(this);
  }
  ~SnapshotStream() override {
    core_->Remove(this);
    *alive_ = false;
  }

  net::Flow OnMessage(std::string_view bytes) override {
    const auto request = net::ParseMessage<pb::SnapshotRequest>(bytes);
    if (!request.ok()) {
      End(request.status());
    } else if (source_ == nullptr) {
      const ViewPtr view = core_->view();
      pb::SnapshotResponse first;
      *first.mutable_header() = core_->Header(view->revision());
      source_ = std::make_shared<Source>(view, core_->node().StateBytes(), std::move(first));
      Read();
    }
    return net::Flow::kMore;
  }
  void OnHalfClose() override {
    if (source_ == nullptr) End(Internal("the request ended before its message"));
  }
  void OnWritable() override {
    writable_ = true;
    Flush();
  }
  void End(const Status& why) override {
    ended_ = true;
    call_.Finish(why);
  }
  [[nodiscard]] bool requires_leader() const override { return requires_leader_; }

 private:
  void Read() {
    reading_ = true;
    core_->pool().Post([core = core_, source = source_, alive = alive_, this] {
      auto piece = std::make_unique<Result<Source::Piece>>(source->Next());
      core->ToTransport([alive, this, piece = std::move(piece)] {
        if (*alive) OnPiece(std::move(*piece));
      });
    });
  }

  void OnPiece(Result<Source::Piece> piece) {
    reading_ = false;
    if (ended_) return;
    if (!piece.ok()) return End(piece.status());
    last_ = piece->last;
    for (Payload& message : piece->messages) {
      outbox_bytes_ += message.size();
      outbox_.push_back(std::move(message));
    }
    Flush();
  }

  void Flush() {
    while (writable_ && !outbox_.empty()) {
      const net::WriteResult result = call_.Write(outbox_.front());
      if (result == net::WriteResult::kGone) return;
      writable_ = result == net::WriteResult::kMore;
      if (result == net::WriteResult::kRefused) break;
      outbox_bytes_ -= outbox_.front().size();
      outbox_.pop_front();
    }
    if (reading_ || ended_ || source_ == nullptr) return;
    if (!last_ && outbox_bytes_ < kAheadBytesMax) return Read();
    if (last_ && outbox_.empty()) End(Status());
  }

  const CorePtr core_;
  const net::ServerCall call_;
  const bool requires_leader_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<Source> source_;
  std::deque<Payload> outbox_;
  size_t outbox_bytes_ = 0;
  bool writable_ = true;
  bool reading_ = false;
  bool last_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<net::CallHandler> MakeSnapshotStream(const CorePtr& core, net::ServerCall call,
                                                     bool requires_leader) {
  return std::make_unique<SnapshotStream>(core, call, requires_leader);
}

}  // namespace keel::api
