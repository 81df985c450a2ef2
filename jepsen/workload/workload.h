// What clients do in a run, and how it is judged: one kind of use of the store.
//
// A workload has a number of clients (slots). The driver tells a free one to take a step, which is
// one operation, noted in the recorder; when the faults are over it asks for the last steps, which
// read all that there is to read. Workloads share a store and no keys: each has a prefix. All of it
// belongs to the network's executor, but Judge, which is called after the run.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/etcdserverpb/kv.pb.h"
#include "base/prng.h"
#include "jepsen/checker/check.h"
#include "jepsen/workload/client.h"
#include "jepsen/workload/recorder.h"

namespace keel::jepsen {

using Done = std::function<void()>;

class Workload {
 public:
  struct Context {
    Client* client = nullptr;
    uint64_t seed = 1;
    uint64_t timeout_us = 1'500'000;
    // How many times the clients, and the keys that they share: a higher rate needs more of both.
    size_t crowd = 1;
    bool has_sessions = false;  // the server knows Keel's own service of sessions
  };

  // `slots`: in a crowd of one.
  Workload(const Context& context, size_t slots);
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;
  virtual ~Workload() = default;

  // Before the first step: what has to be in the store.
  virtual void Prepare(std::function<void(Status)> done) { done({}); }
  virtual void Step(Slot* slot, Done done) = 0;
  // False when there is nothing more to read; then `done` is not called.
  virtual bool LastStep(Slot* slot, Done done) = 0;
  // By the name of a model of the checker, unless a workload has a judge of its own.
  [[nodiscard]] virtual Result<Report> Judge(const PairedHistory& history) const;

  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }
  [[nodiscard]] const Recorder& recorder() const { return recorder_; }

 protected:
  using KeyValues = etcdserverpb::RangeResponse;

  // For those without a judge of their own.
  [[nodiscard]] virtual CheckOptions CheckedAs() const { return {}; }
  [[nodiscard]] static CheckOptions ByModel(std::string_view model);

  // One call for a slot: every other client goes through libkeel, the others to their node, or to
  // the next one that answers. One client in four stays with a node while there is a connection,
  // however long its answers take.
  template <class Response, class Request>
  void Ask(Slot* slot, std::string_view path, const Request& request,
           std::function<void(Result<Response>)> done) {
    slot->node = NodeFor(*slot);
    client_->Ask<Response>({.node = slot->node,
                            .path = path,
                            .timeout_us = context_.timeout_us,
                            .metadata = {},
                            .through_sdk = slot->place % 2 == 1},
                           request, std::move(done));
  }
  [[nodiscard]] size_t NodeFor(const Slot& slot);
  void Range(Slot* slot, const etcdserverpb::RangeRequest& request,
             std::function<void(Result<etcdserverpb::RangeResponse>)> done);
  void Put(Slot* slot, const etcdserverpb::PutRequest& request,
           std::function<void(Result<etcdserverpb::PutResponse>)> done);
  void Txn(Slot* slot, const etcdserverpb::TxnRequest& request,
           std::function<void(Result<etcdserverpb::TxnResponse>)> done);

  const Context context_;
  Client* const client_;
  Prng dice_;
  Recorder recorder_;

 private:
  std::vector<Slot> slots_;
};

// Where all keys of a workload are.
[[nodiscard]] inline std::string PrefixOf(std::string_view workload) {
  return "/" + std::string(workload) + "/";
}

// Requests and parts of them.
[[nodiscard]] etcdserverpb::RangeRequest RangeOf(const std::string& key);
[[nodiscard]] etcdserverpb::RangeRequest RangeOfPrefix(const std::string& prefix);
[[nodiscard]] etcdserverpb::PutRequest PutOf(const std::string& key, const std::string& value);
void CompareMod(etcdserverpb::TxnRequest* txn, const std::string& key, int64_t mod_revision);
void ThenPut(etcdserverpb::TxnRequest* txn, const std::string& key, const std::string& value);
void ThenRange(etcdserverpb::TxnRequest* txn, const std::string& key);
// "12" -> 12; nil for what is no number.
[[nodiscard]] Value NumberOf(const std::string& text);

struct WorkloadEntry {
  std::string_view name;
  std::string_view help;
  unsigned weight;  // its share of the operations
  std::unique_ptr<Workload> (*make)(const Workload::Context& context);
};
[[nodiscard]] std::span<const WorkloadEntry> Workloads();

// The makers, each in a file of its own.
std::unique_ptr<Workload> MakeRegister(const Workload::Context& context);
std::unique_ptr<Workload> MakeSet(const Workload::Context& context);
std::unique_ptr<Workload> MakeAppend(const Workload::Context& context);
std::unique_ptr<Workload> MakeBank(const Workload::Context& context);
std::unique_ptr<Workload> MakeWatch(const Workload::Context& context);
std::unique_ptr<Workload> MakeLease(const Workload::Context& context);
std::unique_ptr<Workload> MakeLock(const Workload::Context& context);
std::unique_ptr<Workload> MakeElection(const Workload::Context& context);
std::unique_ptr<Workload> MakeSession(const Workload::Context& context);
std::unique_ptr<Workload> MakeCompaction(const Workload::Context& context);

}  // namespace keel::jepsen
