// Members that a test makes up: what they say is a table of functions, called on the client's own
// thread, and what reaches them is counted.
//
// Every member knows the list and the leader; a test adds the methods that it is about, by path.
// Answers are given by Status and Protobuf message. The client's Options come from here too: their
// channels lead to these members, and one that is `down` refuses before anything is sent.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/etcdserverpb/cluster.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "api/keel/session.pb.h"
#include "client/client.h"
#include "net/local_channel.h"
#include "net/method_table.h"
#include "net/system_clock.h"

namespace keel::client {

// One unary request as a fake hears it.
struct Heard {
  size_t member = 0;
  std::string path;
  std::string message;
  std::string session;
  std::string sequence;
  std::string acknowledged;
  std::string token;
};

class FakeMembers {
 public:
  struct Answer {
    Status status;
    std::string message;
    // Nothing is ever answered.
    bool silent = false;
  };
  using Method = std::function<Answer(const Heard&)>;

  explicit FakeMembers(size_t count) : down_(count) {
    for (size_t i = 0; i < count; ++i) tables_.push_back(std::make_unique<net::MethodTable>());
    Serve("/etcdserverpb.Maintenance/Status", [this](const Heard& heard) {
      etcdserverpb::StatusResponse response;
      response.mutable_header()->set_member_id(heard.member + 1);
      response.set_leader(leader_ + 1);
      response.set_raftterm(term_);
      return Answer{.message = response.SerializeAsString()};
    });
    Serve("/etcdserverpb.Cluster/MemberList", [this](const Heard& /*heard*/) {
      etcdserverpb::MemberListResponse response;
      for (size_t i = 0; i < tables_.size(); ++i) {
        auto* const member = response.add_members();
        member->set_id(i + 1);
        member->add_clienturls("http://" + NameOf(i));
      }
      return Answer{.message = response.SerializeAsString()};
    });
    Serve("/keel.api.Session/Open", [this](const Heard& /*heard*/) {
      keel::api::OpenResponse response;
      response.set_session(++sessions_);
      return Answer{.message = response.SerializeAsString()};
    });
  }

  // The same method at every member, in place of an earlier one. Before the client is made.
  void Serve(const std::string& path, Method method) {
    const bool added = methods_.insert_or_assign(path, std::move(method)).second;
    for (size_t i = 0; added && i < tables_.size(); ++i) AddTo(i, path);
  }
  void ServeStream(const std::string& path, const net::StreamingMethod& method) {
    for (auto& table : tables_) table->AddStreaming(path, method);
  }

  // Knows all members by the first.
  [[nodiscard]] Options ClientOptions() {
    Options options{.endpoints = {NameOf(0)},
                    .timeout = Milliseconds(5'000),
                    .backoff_min = Milliseconds(1),
                    .backoff_max = Milliseconds(20),
                    .seed = 7};
    options.wrap_channel = [this](const std::string& endpoint, Executor* executor,
                                  std::unique_ptr<net::Channel> /*tcp*/) {
      return std::make_unique<Way>(this, MemberAt(endpoint), executor);
    };
    return options;
  }

  [[nodiscard]] static std::string NameOf(size_t member) {
    return "10.0.0." + std::to_string(member + 1) + ":2379";
  }
  void SetDown(size_t member, bool down) {
    const std::lock_guard lock(mutex_);
    down_[member] = down;
  }
  void SetLeader(size_t member) {
    const std::lock_guard lock(mutex_);
    leader_ = member;
    ++term_;
  }
  // What reached the members, by path.
  [[nodiscard]] std::vector<Heard> HeardOf(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<Heard> found;
    for (const Heard& heard : heard_) {
      if (heard.path == path) found.push_back(heard);
    }
    return found;
  }

 private:
  // Leads to a member while that is up.
  class Way final : public net::Channel {
   public:
    Way(FakeMembers* members, size_t member, Executor* executor)
        : members_(members),
          member_(member),
          executor_(executor),
          channel_({.methods = members->tables_[member].get(),
                    .executor = executor,
                    .clock = &members->clock_}) {}

    [[nodiscard]] net::ClientCallId Start(net::CallOptions options,
                                          std::unique_ptr<net::CallObserver> observer) override {
      if (!members_->IsDown(member_)) {
        return channel_.Start(std::move(options), std::move(observer));
      }
      executor_->Post([observer = std::move(observer)] {
        net::Metadata trailers;
        trailers.Add({net::kNeverSent, "true"});
        observer->OnDone(Unavailable("connection refused"), trailers);
      });
      return net::ClientCallId(0);
    }
    [[nodiscard]] net::WriteResult Write(net::ClientCallId call, Payload message) override {
      return channel_.Write(call, std::move(message));
    }
    void CloseWrites(net::ClientCallId call) override { channel_.CloseWrites(call); }
    void Cancel(net::ClientCallId call) override { channel_.Cancel(call); }
    void ResumeReads(net::ClientCallId call) override { channel_.ResumeReads(call); }

   private:
    FakeMembers* const members_;
    const size_t member_;
    Executor* const executor_;
    net::LocalChannel channel_;
  };

  static size_t MemberAt(const std::string& endpoint) {
    return static_cast<size_t>(endpoint.at(7) - '1');
  }
  [[nodiscard]] bool IsDown(size_t member) {
    const std::lock_guard lock(mutex_);
    return down_[member];
  }

  void AddTo(size_t member, const std::string& path) {
    tables_[member]->AddUnary(
        path, [this, member, path](net::ServerCall call, const net::CallContext& context,
                                   std::string_view request) {
          const auto field = [&](std::string_view name) {
            return std::string(context.metadata.Find(name).value_or(std::string_view()));
          };
          const Heard heard{.member = member,
                            .path = path,
                            .message = std::string(request),
                            .session = field("keel-session"),
                            .sequence = field("keel-sequence"),
                            .acknowledged = field("keel-acknowledged"),
                            .token = field("token")};
          Answer answer;
          {
            const std::lock_guard lock(mutex_);
            heard_.push_back(heard);
            answer = methods_.at(path)(heard);
          }
          if (answer.silent) return;
          if (!answer.status.ok()) return call.Finish(answer.status);
          call.Reply(Payload::Of(answer.message));
        });
  }

  const net::SystemClock clock_;
  std::vector<std::unique_ptr<net::MethodTable>> tables_;
  std::mutex mutex_;
  // Under mutex_:
  std::map<std::string, Method> methods_;
  std::vector<Heard> heard_;
  std::vector<bool> down_;
  size_t leader_ = 0;
  uint64_t term_ = 1;
  uint64_t sessions_ = 0;
};

}  // namespace keel::client
