// Exactly once: a key's version counts its puts.
//
// Each client puts a key of its own, one put after the other. Where the server has Keel's sessions
// a put without an answer is sent again, under the same sequence and to another node, until there
// is one: it must then have taken effect once. Elsewhere nothing is sent twice. The key's version
// is read now and then: it is at least the number of puts answered before, and at most that of puts
// called before the read's end.
#include <map>

#include "api/keel/session.pb.h"
#include "jepsen/workload/judges.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr int64_t kPutsPerKey = 200;
constexpr uint64_t kReadsOf100 = 15;
constexpr uint64_t kRetryAfterUs = 100'000;
constexpr int kTriesMax = 40;

struct Session {
  uint64_t number = 0;  // 0: there is none yet
  uint64_t sequence = 0;
};

class SessionWorkload final : public Workload {
 public:
  explicit SessionWorkload(const Context& context)
      : Workload(context, kClients), sessions_(slots().size()), puts_(slots().size()) {}

  void Step(Slot* slot, Done done) override {
    if (context_.has_sessions && sessions_[slot->place].number == 0) {
      return Open(slot, std::move(done));
    }
    const std::string key = KeyOf(*slot);
    keys_.insert_or_assign(key, false);
    if (dice_.Chance(kReadsOf100, 100)) return ReadVersion(slot, key, std::move(done));
    puts_[slot->place]++;
    const Call call{.f = "put", .value = Value::Integer(0), .key = Value::String(key)};
    recorder_.Invoke(*slot, call);
    Session* session = &sessions_[slot->place];
    session->sequence++;
    Send(slot, call, 1, std::move(done));
  }

  bool LastStep(Slot* slot, Done done) override {
    for (auto& [key, is_read] : keys_) {
      if (is_read) continue;
      is_read = true;
      ReadVersion(slot, key, std::move(done));
      return true;
    }
    return false;
  }

  [[nodiscard]] Result<Report> Judge(const PairedHistory& history) const override {
    return JudgeVersions(history);
  }

 private:
  [[nodiscard]] std::string KeyOf(const Slot& slot) const {
    return "/session/" + std::to_string(slot.place) + "/" +
           std::to_string(puts_[slot.place] / kPutsPerKey);
  }

  // No operation of the history: a session that nobody uses does no harm.
  void Open(Slot* slot, Done done) {
    Ask<keel::api::OpenResponse>(slot, "/keel.api.Session/Open", keel::api::OpenRequest(),
                                 [this, slot, done](const Result<keel::api::OpenResponse>& answer) {
                                   if (answer.ok()) {
                                     sessions_[slot->place] = {.number = answer->session(),
                                                               .sequence = 0};
                                   } else {
                                     slot->node++;
                                   }
                                   done();
                                 });
  }

  void Send(Slot* slot, const Call& call, int tries, Done done) {
    const Session& session = sessions_[slot->place];
    net::Metadata metadata;
    const std::string number = std::to_string(session.number);
    const std::string sequence = std::to_string(session.sequence);
    const std::string acknowledged = std::to_string(session.sequence - 1);
    if (context_.has_sessions) {
      metadata.Add({.name = "keel-session", .value = number});
      metadata.Add({.name = "keel-sequence", .value = sequence});
      metadata.Add({.name = "keel-acknowledged", .value = acknowledged});
    }
    slot->node = NodeFor(*slot);
    client_->Ask<etcdserverpb::PutResponse>(
        {.node = slot->node,
         .path = "/etcdserverpb.KV/Put",
         .timeout_us = context_.timeout_us,
         .metadata = std::move(metadata)},
        PutOf(call.key->text, "x"),
        [this, slot, call, tries, done](const Result<etcdserverpb::PutResponse>& answer) {
          if (answer.ok()) {
            recorder_.Ok(*slot, call);
            return done();
          }
          if (context_.has_sessions && IsWorthRepeating(answer.status()) && tries < kTriesMax) {
            slot->node++;
            client_->executor()->PostAfter(kRetryAfterUs, [this, slot, call, tries, done] {
              Send(slot, call, tries + 1, done);
            });
            return;
          }
          // An earlier try may have taken effect, whatever this one says.
          sessions_[slot->place] = {};
          if (tries > 1) {
            recorder_.Unknown(slot, call);
          } else {
            recorder_.Failed(slot, call, answer.status());
          }
          done();
        });
  }

  static bool IsWorthRepeating(const Status& status) {
    return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded ||
           status.code() == Code::kUnknown || status.code() == Code::kCancelled ||
           status.code() == Code::kResourceExhausted;
  }

  void ReadVersion(Slot* slot, const std::string& key, Done done) {
    Call call{.f = "version", .value = Value::Nil(), .key = Value::String(key)};
    recorder_.Invoke(*slot, call);
    Range(slot, RangeOf(key),
          [this, slot, call, done](const Result<etcdserverpb::RangeResponse>& answer) mutable {
            if (!answer.ok()) {
              recorder_.Failed(slot, call, answer.status());
              return done();
            }
            call.value = Value::Integer(answer->kvs_size() == 0 ? 0 : answer->kvs(0).version());
            recorder_.Ok(*slot, call);
            done();
          });
  }

  std::vector<Session> sessions_;
  std::vector<int64_t> puts_;
  std::map<std::string, bool> keys_;  // whether the last steps have read it
};

}  // namespace

std::unique_ptr<Workload> MakeSession(const Workload::Context& context) {
  return std::make_unique<SessionWorkload>(context);
}

}  // namespace keel::jepsen
