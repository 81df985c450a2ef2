#include "client/election.h"

#include "api/v3electionpb/v3election.pb.h"
#include "client/core/contest.h"
#include "client/core/convert.h"
#include "client/core/holding.h"
#include "client/core/view_call.h"

namespace keel::client {

namespace {

constexpr Method kProclaim{.path = "/v3electionpb.Election/Proclaim", .retry = Retry::kOnce};
constexpr Method kResign{.path = "/v3electionpb.Election/Resign", .retry = Retry::kIdempotent};
constexpr Method kLeader{.path = "/v3electionpb.Election/Leader", .retry = Retry::kIdempotent};
constexpr const char* kObserve = "/v3electionpb.Election/Observe";

Route ForElections() { return {.kind = Route::Kind::kPreferLeader}; }

struct Office {
  std::string name;
  std::string key;
  Revision revision;
  LeaseId lease;
};

void SetOffice(std::string_view prefix, const Office& office, v3electionpb::LeaderKey* to) {
  to->set_name(std::string(prefix) + office.name);
  to->set_key(std::string(prefix) + office.key);
  to->set_rev(static_cast<int64_t>(office.revision.value()));
  to->set_lease(static_cast<int64_t>(office.lease.value()));
}

Operation StartResign(const View& view, const Office& office, Done<Status> done) {
  v3electionpb::ResignRequest request;
  SetOffice(view.prefix, office, request.mutable_leader());
  return StartCall<v3electionpb::ResignResponse>(
      view, kResign, ForElections(), request, std::move(done),
      [](const v3electionpb::ResignResponse* /*response*/) { return Status(); });
}

}  // namespace

Result<Election> Election::Campaign(const Client* client, std::string name, std::string value) {
  return Campaign(client, std::move(name), std::move(value), Options{});
}

Result<Election> Election::Campaign(const Client* client, std::string name, std::string value,
                                    Options options) {
  KEEL_ASSIGN_OR_RETURN(Holding holding,
                        LeaseFor(client, options.lease, options.ttl, std::move(options.on_lost)));
  KEEL_ASSIGN_OR_RETURN(Turn turn, Contend(client, options.view,
                                           {.name = name,
                                            .lease = holding.id,
                                            .value = std::move(value),
                                            .patience = options.patience}));
  Election election;
  election.client_ = client;
  election.view_ = std::move(options.view);
  election.name_ = std::move(name);
  election.key_ = std::move(turn.key);
  election.revision_ = turn.revision;
  election.lease_id_ = holding.id;
  election.lease_ = std::move(holding.own);
  return election;
}

Election::Election(Election&& other) noexcept
    : client_(std::exchange(other.client_, nullptr)),
      view_(std::move(other.view_)),
      name_(std::move(other.name_)),
      key_(std::move(other.key_)),
      revision_(other.revision_),
      lease_id_(other.lease_id_),
      lease_(std::move(other.lease_)) {}

Election& Election::operator=(Election&& other) noexcept {
  if (this != &other) {
    (void)End(kGoodbyePatience);
    client_ = std::exchange(other.client_, nullptr);
    view_ = std::move(other.view_);
    name_ = std::move(other.name_);
    key_ = std::move(other.key_);
    revision_ = other.revision_;
    lease_id_ = other.lease_id_;
    lease_ = std::move(other.lease_);
  }
  return *this;
}

Election::~Election() { (void)End(kGoodbyePatience); }

bool Election::alive() const {
  return client_ != nullptr && (!lease_.has_value() || lease_->alive());
}

Status Election::Proclaim(std::string value) {
  if (client_ == nullptr) return FailedPrecondition("not elected any more");
  const View view(client_, view_);
  v3electionpb::ProclaimRequest request;
  SetOffice(view.prefix, {.name = name_, .key = key_, .revision = revision_, .lease = lease_id_},
            request.mutable_leader());
  request.set_value(std::move(value));
  return internal::Await<Status>(*view.core, [&](Done<Status> done) {
    StartCall<v3electionpb::ProclaimResponse>(
        view, kProclaim, ForElections(), request, std::move(done),
        [](const v3electionpb::ProclaimResponse* /*response*/) { return Status(); });
  });
}

Status Election::Resign() {
  if (client_ == nullptr) return {};
  return End(client_->core()->options().timeout);
}

Status Election::End(Milliseconds patience) {
  const Client* const client = std::exchange(client_, nullptr);
  if (client == nullptr) return {};
  const View view(client, Patiently(view_, patience));
  const Office office{.name = name_, .key = key_, .revision = revision_, .lease = lease_id_};
  Status status;
  if (client->core()->IsCurrent()) {
    StartResign(view, office, [](const Status& /*status*/) {});
  } else {
    status = internal::Await<Status>(
        *view.core, [&](Done<Status> done) { StartResign(view, office, std::move(done)); });
  }
  lease_.reset();
  return status;
}

Operation Elections::StartLeader(LeaderRequest request,
                                 Done<Result<std::optional<KeyValue>>> done) const {
  v3electionpb::LeaderRequest to;
  to.set_name(view_.prefix + request.name);
  // "Nobody is elected" is an answer, not a failure.
  Done<Result<std::optional<KeyValue>>> then =
      [done = std::move(done)](Result<std::optional<KeyValue>> answer) mutable {
        const bool nobody = answer.status().message() == "election: no leader";
        if (nobody) return done(std::optional<KeyValue>());
        done(std::move(answer));
      };
  return StartCall<v3electionpb::LeaderResponse>(
      view_, kLeader, ForElections(), to, std::move(then),
      [prefix = view_.prefix](v3electionpb::LeaderResponse* response) {
        return Result<std::optional<KeyValue>>(
            std::optional<KeyValue>(ToKeyValue(prefix, response->mutable_kv())));
      });
}

Status Elections::Observe(const std::string& name,
                          const std::function<bool(const KeyValue&)>& on_leader) const {
  v3electionpb::LeaderRequest request;
  request.set_name(view_.prefix + name);
  Revision told;
  while (true) {
    RawStream stream(*client_, kObserve,
                     {.target = view_.target.value_or(Target::Any()),
                      .timeout = Milliseconds(0),
                      .metadata = {{"hasleader", "true"}}});
    if (stream.Write(request)) stream.CloseWrites();
    v3electionpb::LeaderResponse response;
    while (stream.Read(&response)) {
      const KeyValue leader = ToKeyValue(view_.prefix, response.mutable_kv());
      // A new stream begins with what may have been told already.
      if (leader.mod_revision <= told) continue;
      told = leader.mod_revision;
      if (!on_leader(leader)) return {};
    }
    const Status status = stream.status();
    if (!status.ok() && status.code() != Code::kUnavailable) return status;
    std::this_thread::sleep_for(view_.core->options().backoff_min);
  }
}

}  // namespace keel::client
