// Compaction with reads of the past: what was at a revision stays what it was, until a compaction
// takes it away, and then nobody is told of it.
#include <deque>

#include "jepsen/workload/judges.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr uint64_t kKeys = 5;
// How many revisions of ours are remembered, to read at; a compaction leaves about half of them.
constexpr size_t kRemembered = 400;
constexpr uint64_t kPutsOf1000 = 500;
constexpr uint64_t kCompactionsOf1000 = 5;
constexpr int kLastReads = 100;

class CompactionWorkload final : public Workload {
 public:
  explicit CompactionWorkload(const Context& context) : Workload(context, kClients) {}

  void Step(Slot* slot, Done done) override {
    const uint64_t choice = dice_.Below(1000);
    if (choice < kPutsOf1000 || revisions_.empty()) return Write(slot, std::move(done));
    if (choice < kPutsOf1000 + kCompactionsOf1000 && revisions_.size() >= kRemembered) {
      return Compact(slot, revisions_[revisions_.size() / 2], std::move(done));
    }
    ReadAt(slot, std::move(done));
  }

  bool LastStep(Slot* slot, Done done) override {
    if (last_reads_++ >= kLastReads || revisions_.empty()) return false;
    ReadAt(slot, std::move(done));
    return true;
  }

  [[nodiscard]] Result<Report> Judge(const PairedHistory& history) const override {
    return JudgePast(history);
  }

 private:
  static std::string NameOf(uint64_t key) { return "/compaction/" + std::to_string(key); }

  void Write(Slot* slot, Done done) {
    const uint64_t key = dice_.Below(kKeys);
    const int64_t value = ++last_value_;
    const Call call{.f = "put",
                    .value = Value::Integer(value),
                    .key = Value::Integer(static_cast<int64_t>(key))};
    recorder_.Invoke(*slot, call);
    Put(slot, PutOf(NameOf(key), std::to_string(value)),
        [this, slot, call, done](const Result<etcdserverpb::PutResponse>& answer) {
          if (!answer.ok()) {
            recorder_.Failed(slot, call, answer.status());
            return done();
          }
          const int64_t revision = answer->header().revision();
          revisions_.push_back(revision);
          if (revisions_.size() > kRemembered) revisions_.pop_front();
          recorder_.Ok(*slot, call, {.store = revision, .mod = {}, .by_key = {}});
          done();
        });
  }

  void ReadAt(Slot* slot, Done done) {
    const uint64_t key = dice_.Below(kKeys);
    const int64_t revision = revisions_[dice_.Below(revisions_.size())];
    const Call call{.f = "read-at",
                    .value = Value::Integer(revision),
                    .key = Value::Integer(static_cast<int64_t>(key))};
    recorder_.Invoke(*slot, call);
    etcdserverpb::RangeRequest request = RangeOf(NameOf(key));
    request.set_revision(revision);
    Range(slot, request,
          [this, slot, call, done](const Result<etcdserverpb::RangeResponse>& answer) {
            Call answered = call;
            if (answer.ok()) {
              const bool is_there = answer->kvs_size() > 0;
              answered.value = is_there ? NumberOf(answer->kvs(0).value()) : Value::Nil();
              recorder_.Ok(*slot, answered,
                           {.store = answer->header().revision(),
                            .mod = is_there ? answer->kvs(0).mod_revision() : 0,
                            .by_key = {}});
            } else if (answer.status().message().find("compacted") != std::string_view::npos) {
              answered.value = Value::Keyword("compacted");
              recorder_.Ok(*slot, answered);
            } else {
              recorder_.Failed(slot, call, answer.status());
            }
            done();
          });
  }

  void Compact(Slot* slot, int64_t revision, Done done) {
    const Call call{.f = "compact", .value = Value::Integer(revision)};
    recorder_.Invoke(*slot, call);
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    Ask<etcdserverpb::CompactionResponse>(
        slot, "/etcdserverpb.KV/Compact", request,
        [this, slot, call, done](const Result<etcdserverpb::CompactionResponse>& answer) {
          recorder_.Answered(slot, call, answer.status());
          done();
        });
  }

  int64_t last_value_ = 0;
  int last_reads_ = 0;
  std::deque<int64_t> revisions_;
};

}  // namespace

std::unique_ptr<Workload> MakeCompaction(const Workload::Context& context) {
  return std::make_unique<CompactionWorkload>(context);
}

}  // namespace keel::jepsen
