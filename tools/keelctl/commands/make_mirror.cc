// make-mirror: what the source holds under a prefix, and from then on every change of it, in the
// destination; changes of one revision in one transaction.
#include <chrono>

#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/calls/watcher.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"

namespace keel::ctl {
namespace {

constexpr int64_t kPageKeys = 1000;
// Below the 128 operations that a server takes in one transaction.
constexpr int kOpsMax = 100;
constexpr std::chrono::seconds kBetweenTotals(30);
constexpr uint64_t kLookUs = 200'000;

class Mirror {
 public:
  struct Options {
    std::string prefix;
    std::string to_prefix;
  };
  Mirror(Context* context, Calls* to, Options options)
      : context_(*context), to_(*to), options_(std::move(options)) {}

  // Copies all keys as of one revision, and gives that.
  Result<int64_t> CopyAll() {
    pb::RangeRequest request;
    request.set_key(FirstKey());
    request.set_range_end(PrefixEnd(options_.prefix));
    request.set_limit(kPageKeys);
    int64_t revision = 0;
    while (true) {
      const auto page = context_.calls().Any<pb::RangeResponse>(method::kRange, request);
      if (!page.ok()) return page.status();
      if (revision == 0) revision = page->header().revision();
      for (const auto& kv : page->kvs()) {
        AddPut(kv);
        if (ops_.success_size() >= kOpsMax) KEEL_RETURN_IF_ERROR(Commit());
      }
      KEEL_RETURN_IF_ERROR(Commit());
      ShowTotal();
      if (!page->more() || page->kvs().empty()) return revision;
      request.set_revision(revision);
      request.set_key(page->kvs().rbegin()->key() + std::string(1, '\0'));
    }
  }

  // Copies every change behind `revision`; returns only by failure or interruption.
  Status Follow(int64_t revision) {
    Watcher watcher(&context_.calls());
    pb::WatchCreateRequest request;
    request.set_key(FirstKey());
    request.set_range_end(PrefixEnd(options_.prefix));
    request.set_start_revision(revision + 1);
    watcher.Add(request);
    pb::WatchResponse answer;
    while (true) {
      ShowTotal();
      switch (watcher.Next(&answer, kLookUs)) {
        case Watcher::Outcome::kTimeout:
          continue;
        case Watcher::Outcome::kInterrupted:
          return Cancelled("interrupted");
        case Watcher::Outcome::kFailed:
          return watcher.failure();
        case Watcher::Outcome::kAnswer:
          break;
      }
      if (answer.canceled()) {
        return OutOfRange(answer.compact_revision() != 0
                              ? "etcdserver: mvcc: required revision has been compacted"
                              : answer.cancel_reason());
      }
      KEEL_RETURN_IF_ERROR(Apply(answer));
    }
  }

 private:
  [[nodiscard]] std::string FirstKey() const {
    return options_.prefix.empty() ? std::string(1, '\0') : options_.prefix;
  }
  [[nodiscard]] std::string Renamed(const std::string& key) const {
    return options_.to_prefix + key.substr(options_.prefix.size());
  }

  Status Apply(const pb::WatchResponse& answer) {
    int64_t last = 0;
    for (const mvccpb::Event& event : answer.events()) {
      if (last != 0 && event.kv().mod_revision() > last) KEEL_RETURN_IF_ERROR(Commit());
      last = event.kv().mod_revision();
      if (event.type() == mvccpb::Event::PUT) {
        AddPut(event.kv());
      } else {
        ops_.add_success()->mutable_request_delete_range()->set_key(Renamed(event.kv().key()));
      }
    }
    return Commit();
  }

  void AddPut(const mvccpb::KeyValue& kv) {
    pb::PutRequest* put = ops_.add_success()->mutable_request_put();
    put->set_key(Renamed(kv.key()));
    put->set_value(kv.value());
  }

  Status Commit() {
    if (ops_.success().empty()) return {};
    const auto answer = to_.Any<pb::TxnResponse>(method::kTxn, ops_);
    total_ += ops_.success_size();
    ops_.Clear();
    return answer.status();
  }

  void ShowTotal() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < kBetweenTotals) return;
    shown_ = now;
    context_.Out(std::to_string(total_) + "\n");
  }

  Context& context_;
  Calls& to_;
  const Options options_;
  pb::TxnRequest ops_;
  int64_t total_ = 0;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

}  // namespace

ExitCode RunMakeMirror(Context& context) {
  const FlagValues& flags = context.flags();
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "make-mirror takes one destination argument");
  }
  const std::string& to_prefix = flags.Text("dest-prefix");
  const bool no_prefix = flags.Switch("no-dest-prefix");
  if (no_prefix && !to_prefix.empty()) {
    return context.Fail(
        ExitCode::kBadArguments,
        "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one");
  }
  for (const std::string_view name : {"dest-cert", "dest-key", "dest-cacert"}) {
    if (!flags.Text(name).empty()) {
      return context.Fail(ExitCode::kBadFeature,
                          "--" + std::string(name) + ": TLS is not supported yet");
    }
  }
  CallsOptions to = context.settings().calls;
  to.endpoints = {context.words()[0]};
  to.user = flags.Text("dest-user");
  to.password = flags.Text("dest-password");
  if (const size_t colon = to.user.find(':'); to.password.empty() && colon != std::string::npos) {
    to.password = to.user.substr(colon + 1);
    to.user.resize(colon);
  }
  Calls destination(to);
  const std::string& prefix = flags.Text("prefix");
  Mirror mirror(&context, &destination,
                {.prefix = prefix,
                 .to_prefix = no_prefix           ? ""
                              : to_prefix.empty() ? prefix
                                                  : to_prefix});
  const auto revision = mirror.CopyAll();
  return context.Fail(revision.ok() ? mirror.Follow(*revision) : revision.status());
}

}  // namespace keel::ctl
