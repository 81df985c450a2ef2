#include "server/api/lease_service.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "api/etcdserverpb/lease.pb.h"
#include "base/coding.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/version_walk.h"
#include "server/api/streaming.h"
#include "server/api/unary.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

constexpr int64_t kTtlMax = 9'000'000'000;

kv::LeaseId IdOf(int64_t id) { return kv::LeaseId(static_cast<uint64_t>(id)); }

// ---- grants and revokes ----

// A lease that could run out within one election would end by no fault of its holder.
uint64_t GrantedTtl(const ServiceOptions& options, int64_t asked_s) {
  const uint64_t least_s = (options.election_timeout_ms * 3 / 2 + 999) / 1'000;
  return std::max(least_s, static_cast<uint64_t>(std::max<int64_t>(asked_s, 0)));
}

void Grant(const CorePtr& core, const pb::LeaseGrantRequest& message, const Caller& caller,
           const Reply& reply) {
  if (message.ttl() > kTtlMax) return reply.Fail(StatusOf(ApiError::kLeaseTtlTooLarge));
  const bool chosen = message.id() == 0;
  const kv::LeaseId id = chosen ? kv::LeaseId(core->DrawId()) : IdOf(message.id());
  core->Propose(
      caller,
      {.operation = kv::LeaseGrantOp{.id = id, .ttl_s = GrantedTtl(core->options(), message.ttl())},
       .trace = reply.trace()},
      [core, message, caller, reply, chosen](const Result<node::Applied>& applied) {
        if (!applied.ok()) {
          // Somebody else's by chance: another one, unless this one was to be had only once.
          const bool taken = applied.status() == StatusOf(ApiError::kLeaseExists);
          if (chosen && taken && caller.origin.session.IsNone()) {
            return Grant(core, message, caller, reply);
          }
          return reply.Fail(applied.status());
        }
        const auto& lease = std::get<kv::LeaseResult>(applied->outcome.answer);
        pb::LeaseGrantResponse response;
        *response.mutable_header() = core->Header(applied->outcome.revision);
        response.set_id(static_cast<int64_t>(lease.id.value()));
        response.set_ttl(static_cast<int64_t>(lease.ttl_s));
        reply.Send(response);
      });
}

void Revoke(const CorePtr& core, const pb::LeaseRevokeRequest& message, const Caller& caller,
            const Reply& reply) {
  kv::LeaseRevokeOp revoke;
  revoke.ids.push_back(IdOf(message.id()));
  core->Propose(caller, {.operation = std::move(revoke), .essential = true, .trace = reply.trace()},
                [core, reply](const Result<node::Applied>& applied) {
                  if (!applied.ok()) return reply.Fail(applied.status());
                  pb::LeaseRevokeResponse response;
                  *response.mutable_header() = core->Header(applied->outcome.revision);
                  reply.Send(response);
                });
}

// ---- what is left, and which there are: of a view, on the pool ----

// Nothing, where there is no such lease.
Result<std::optional<uint64_t>> GrantedOf(const kv::ReadView& view, kv::LeaseId id) {
  const std::string key = view.layout().NumberKey(kv::Family::kLeases, id.value());
  const auto iterator = view.Iterate(true);
  iterator->Seek(key);
  KEEL_RETURN_IF_ERROR(iterator->status());
  if (!iterator->Valid() || iterator->key() != key) return std::optional<uint64_t>();
  uint64_t ttl_s = 0;
  ByteReader reader(iterator->value());
  if (!reader.ReadVarint64(&ttl_s))
    return DataLoss("lease " + std::to_string(id.value()) + " is malformed");
  return std::optional<uint64_t>(ttl_s);
}

Status AddKeys(const kv::ReadView& view, kv::LeaseId id, pb::LeaseTimeToLiveResponse* response) {
  const std::string prefix = view.layout().NumberKey(kv::Family::kAttached, id.value());
  const auto iterator = view.Iterate(false);
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    response->add_keys(std::string(iterator->key().substr(prefix.size())));
  }
  return iterator->status();
}

void AnswerTimeToLive(const CorePtr& core, const pb::LeaseTimeToLiveRequest& message,
                      const node::LeaseAnswer& left, const kv::ReadView& view, const Reply& reply) {
  pb::LeaseTimeToLiveResponse response;
  *response.mutable_header() = core->Header(view.revision());
  response.set_id(message.id());
  response.set_ttl(-1);
  const auto granted_s = GrantedOf(view, IdOf(message.id()));
  if (!granted_s.ok()) return reply.Fail(Unmapped(granted_s.status()));
  if (left.found && granted_s->has_value()) {
    response.set_ttl(static_cast<int64_t>(left.seconds));
    response.set_grantedttl(static_cast<int64_t>(**granted_s));
    if (message.keys()) {
      if (const Status read = AddKeys(view, IdOf(message.id()), &response); !read.ok()) {
        return reply.Fail(Unmapped(read));
      }
    }
  }
  reply.Send(response);
}

void TimeToLive(const CorePtr& core, const pb::LeaseTimeToLiveRequest& message,
                const Caller& /*caller*/, const Reply& reply) {
  core->node().LeaseRemaining(
      IdOf(message.id()), [core, message, reply](const node::LeaseAnswer& left) {
        if (!left.led) return reply.Fail(StatusOf(ApiError::kNoLeader));
        core->Read(Core::Where::kPool, [core, message, reply, left](const Result<ViewPtr>& view) {
          if (!view.ok()) return reply.Fail(view.status());
          AnswerTimeToLive(core, message, left, **view, reply);
        });
      });
}

void Leases(const CorePtr& core, const pb::LeaseLeasesRequest& /*message*/,
            const Caller& /*caller*/, const Reply& reply) {
  core->Read(Core::Where::kPool, [core, reply](const Result<ViewPtr>& view) {
    if (!view.ok()) return reply.Fail(view.status());
    pb::LeaseLeasesResponse response;
    *response.mutable_header() = core->Header((*view)->revision());
    const std::string family = (*view)->layout().Prefix(kv::Family::kLeases);
    const auto iterator = (*view)->Iterate(false);
    for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
         iterator->Next()) {
      const std::string_view id = iterator->key().substr(family.size());
      response.add_leases()->set_id(static_cast<int64_t>(kv::DecodeBigEndian64(id)));
    }
    if (const Status read = iterator->status(); !read.ok()) return reply.Fail(Unmapped(read));
    reply.Send(response);
  });
}

// ---- renewals ----

// One stream of renewals. Many may be under way; they are answered in the order of asking.
class KeepAliveStream final : public net::CallHandler, public OpenStream {
 public:
  KeepAliveStream(CorePtr core, net::ServerCall call, bool requires_leader)
      : core_(std::move(core)), call_(call), requires_leader_(requires_leader) {
    core_->Add(this);
  }
  ~KeepAliveStream() override {
    core_->Remove(this);
    *alive_ = false;
  }

  net::Flow OnMessage(std::string_view bytes) override {
    const auto request = net::ParseMessage<pb::LeaseKeepAliveRequest>(bytes);
    if (!request.ok()) {
      End(request.status());
      return net::Flow::kPause;
    }
    const uint64_t number = first_ + waiting_.size();
    // Of before the renewal: the lease lives that long after what the client has seen.
    Waiting& waiting = waiting_.emplace_back();
    *waiting.response.mutable_header() = core_->Header(core_->view()->revision());
    waiting.response.set_id(request->id());
    core_->node().RenewLease(IdOf(request->id()), [core = core_, alive = alive_, this,
                                                   number](const node::LeaseAnswer& answer) {
      core->ToTransport([alive, this, number, answer] {
        if (*alive) OnAnswer(number, answer);
      });
    });
    return MayRead() ? net::Flow::kMore : net::Flow::kPause;
  }
  void OnHalfClose() override {
    half_closed_ = true;
    Flush();
  }
  void OnWritable() override {
    writable_ = true;
    Flush();
  }
  void End(const Status& why) override { call_.Finish(why); }
  [[nodiscard]] bool requires_leader() const override { return requires_leader_; }

 private:
  static constexpr size_t kWaitingMax = 1'024;

  struct Waiting {
    pb::LeaseKeepAliveResponse response;
    bool answered = false;
  };

  [[nodiscard]] bool MayRead() const { return writable_ && waiting_.size() < kWaitingMax; }

  void OnAnswer(uint64_t number, const node::LeaseAnswer& answer) {
    if (!answer.led) return End(StatusOf(ApiError::kNoLeader));
    Waiting& waiting = waiting_[number - first_];
    waiting.answered = true;
    // A lease that is gone is told by a time of 0.
    waiting.response.set_ttl(answer.found ? static_cast<int64_t>(answer.seconds) : 0);
    Flush();
  }

  void Flush() {
    const bool held_back = !MayRead();
    while (writable_ && !waiting_.empty() && waiting_.front().answered) {
      const net::WriteResult result = call_.Write(net::SerializeMessage(waiting_.front().response));
      if (result == net::WriteResult::kRefused) {
        writable_ = false;
        break;
      }
      if (result == net::WriteResult::kGone) return;
      writable_ = result == net::WriteResult::kMore;
      waiting_.pop_front();
      ++first_;
    }
    if (half_closed_ && waiting_.empty()) return call_.Finish(Status());
    if (held_back && MayRead()) call_.ResumeReads();
  }

  const CorePtr core_;
  const net::ServerCall call_;
  const bool requires_leader_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::deque<Waiting> waiting_;
  uint64_t first_ = 0;  // the number of waiting_.front()
  bool writable_ = true;
  bool half_closed_ = false;
};

}  // namespace

void AddLease(const CorePtr& core, net::MethodTable* methods) {
  using Learners = Core::Learners;
  methods->AddUnary("/etcdserverpb.Lease/LeaseGrant",
                    Unary<pb::LeaseGrantRequest>(core, Learners::kRefused, Grant));
  methods->AddUnary("/etcdserverpb.Lease/LeaseRevoke",
                    Unary<pb::LeaseRevokeRequest>(core, Learners::kRefused, Revoke));
  methods->AddUnary("/etcdserverpb.Lease/LeaseTimeToLive",
                    Unary<pb::LeaseTimeToLiveRequest>(core, Learners::kRefused, TimeToLive));
  methods->AddUnary("/etcdserverpb.Lease/LeaseLeases",
                    Unary<pb::LeaseLeasesRequest>(core, Learners::kRefused, Leases));
  methods->AddStreaming(
      "/etcdserverpb.Lease/LeaseKeepAlive",
      Streaming(core, Learners::kRefused,
                [](const CorePtr& shared, net::ServerCall call, const Caller& caller) {
                  return std::make_unique<KeepAliveStream>(shared, call, caller.requires_leader);
                }));
}

}  // namespace keel::api
