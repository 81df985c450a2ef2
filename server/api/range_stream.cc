#include "server/api/range_stream.h"

#include <utility>

#include "api/etcdserverpb/kv.pb.h"
#include "kv/mvcc/range.h"
#include "net/services/proto_call.h"
#include "server/api/piece_stream.h"
#include "server/api/translate.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// Small enough that a slow reader costs little memory, large enough that a fast one waits for
// nothing but the disk.
constexpr uint64_t kPieceBytes = uint64_t{128} << 10;

class Source final : public PieceSource {
 public:
  Source(const ViewPtr& view, kv::RangeRequest request, pb::ResponseHeader header)
      : stream_(view, std::move(request)), header_(std::move(header)) {}

  [[nodiscard]] Result<Piece> Next() override {
    Result<kv::RangeStream::Piece> read = stream_.Next(kPieceBytes);
    if (!read.ok()) return Unmapped(read.status());
    kv::RangeStream::Piece& piece = *read;
    if (piece.result.error != kv::KvError::kNone) return StatusOf(piece.result.error);
    pb::RangeStreamResponse message;
    Write(std::move(piece.result), message.mutable_range_response());
    if (piece.last) message.mutable_range_response()->mutable_header()->Swap(&header_);
    Piece encoded{.messages = {}, .last = piece.last};
    encoded.messages.push_back(net::SerializeMessage(message));
    return encoded;
  }

 private:
  kv::RangeStream stream_;
  pb::ResponseHeader header_;
};

Status CheckStream(const kv::RangeRequest& request) {
  if (const kv::KvError bad = kv::CheckRange(request); bad != kv::KvError::kNone) {
    return StatusOf(bad);
  }
  const bool by_key =
      request.sort_order == kv::SortOrder::kAscend && request.sort_target == kv::SortTarget::kKey;
  if (request.sort_order != kv::SortOrder::kNone && !by_key) {
    return Unimplemented("RangeStream does not support custom sort orders");
  }
  if (!request.min_mod.IsNone() || !request.max_mod.IsNone() || !request.min_create.IsNone() ||
      !request.max_create.IsNone()) {
    return Unimplemented("RangeStream does not support revision filters");
  }
  return {};
}

void Begin(const CorePtr& core, const Caller& caller, std::string_view bytes,
           PieceStream::SourceDone done) {
  Result<pb::RangeRequest> message = net::ParseMessage<pb::RangeRequest>(bytes);
  if (!message.ok()) return std::move(done)(message.status());
  const bool serializable = message->serializable();
  if (!serializable) {
    if (Status why = core->Admit(caller, Core::Learners::kRefused); !why.ok()) {
      return std::move(done)(std::move(why));
    }
  }
  Result<kv::RangeRequest> request = ToRange(&*message);
  if (!request.ok()) return std::move(done)(request.status());
  if (Status bad = CheckStream(*request); !bad.ok()) return std::move(done)(std::move(bad));
  auto start = [core, request = std::move(*request),
                done = std::move(done)](const Result<ViewPtr>& view) mutable {
    if (!view.ok()) return std::move(done)(view.status());
    std::move(done)(
        std::make_unique<Source>(*view, std::move(request), core->Header((*view)->revision())));
  };
  if (serializable) return start(core->view());
  core->Read(Core::Where::kTransport, std::move(start));
}

}  // namespace

std::unique_ptr<net::CallHandler> MakeRangeStream(const CorePtr& core, net::ServerCall call,
                                                  const Caller& caller) {
  auto begin = [core, caller](std::string_view bytes, PieceStream::SourceDone done) {
    Begin(core, caller, bytes, std::move(done));
  };
  return std::make_unique<PieceStream>(
      core, call,
      PieceStream::Options{.requires_leader = caller.requires_leader,
                           .begin = std::move(begin),
                           .reads = &core->pool()});
}

}  // namespace keel::api
