// One request, and an answer in pieces: each is read where it may block, one at a time and at most
// a MiB, and the two pieces that are then under way, ahead of what the client takes.
//
// Whatever the answer is made of is a PieceSource. Belongs to the transport's executor.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "net/rpc.h"
#include "server/api/core.h"

namespace keel::api {

// What is worked on there; one piece at a time, so nobody else touches it meanwhile.
class PieceSource {
 public:
  PieceSource() = default;
  PieceSource(const PieceSource&) = delete;
  PieceSource& operator=(const PieceSource&) = delete;
  virtual ~PieceSource() = default;

  struct Piece {
    std::vector<Payload> messages;
    bool last = false;
  };
  // Not after the last piece, nor after a failure.
  [[nodiscard]] virtual Result<Piece> Next() = 0;
};

class PieceStream final : public net::CallHandler, public OpenStream {
 public:
  using SourceDone = node::Once<Result<std::unique_ptr<PieceSource>>>;
  // Makes the source that a request asks for; `done` comes on the transport, now or later.
  using Begin = std::function<void(std::string_view request, SourceDone done)>;
  struct Options {
    bool requires_leader = false;
    Begin begin;
    Executor* reads = nullptr;  // where the pieces are read
  };
  PieceStream(CorePtr core, net::ServerCall call, Options options);
  ~PieceStream() override;

  net::Flow OnMessage(std::string_view bytes) override;
  void OnHalfClose() override;
  void OnWritable() override;
  void End(const Status& why) override;
  [[nodiscard]] bool requires_leader() const override { return options_.requires_leader; }

 private:
  void OnSource(Result<std::unique_ptr<PieceSource>> source);
  void ReadAhead();
  void OnPiece(Result<PieceSource::Piece> piece);
  void Flush();

  const CorePtr core_;
  const net::ServerCall call_;
  const Options options_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  // Where the pieces are read, and nowhere else.
  struct Work {
    std::unique_ptr<PieceSource> source;
    bool over = false;  // it has given its last, or failed
  };
  std::shared_ptr<Work> work_;
  std::deque<Payload> outbox_;
  size_t outbox_bytes_ = 0;
  bool asked_ = false;
  bool writable_ = true;
  int reads_ = 0;  // asked for, and not here yet
  bool last_ = false;
  bool ended_ = false;
};

}  // namespace keel::api
