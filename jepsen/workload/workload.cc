#include "jepsen/workload/workload.h"

#include <array>

#include "base/numbers.h"

namespace keel::jepsen {
namespace {

constexpr size_t kLoyalEvery = 4;

constexpr std::array kWorkloads = {
    WorkloadEntry{"register", "put, get and compare-and-set of single keys", 25, &MakeRegister},
    WorkloadEntry{"set", "elements that are added, and the set read", 10, &MakeSet},
    WorkloadEntry{"append", "transactions that append to lists and read them", 15, &MakeAppend},
    WorkloadEntry{"bank", "transfers between accounts whose sum stays", 10, &MakeBank},
    WorkloadEntry{"watch", "watches that break off and go on, without a gap", 14, &MakeWatch},
    WorkloadEntry{"lease", "leases that end neither early nor late", 8, &MakeLease},
    WorkloadEntry{"lock", "locks with a fencing token", 8, &MakeLock},
    WorkloadEntry{"election", "elections, and what the elected may say", 6, &MakeElection},
    WorkloadEntry{"session", "puts that take effect exactly once", 10, &MakeSession},
    WorkloadEntry{"compaction", "compaction, and reads of the past", 8, &MakeCompaction},
};

}  // namespace

std::span<const WorkloadEntry> Workloads() { return kWorkloads; }

Workload::Workload(const Context& context, size_t slots)
    : context_(context),
      client_(context.client),
      dice_(context.seed),
      recorder_(&context.client->clock(), slots * context.crowd) {
  for (size_t i = 0; i < slots * context.crowd; i++) {
    slots_.push_back({.place = i, .process = static_cast<int64_t>(i), .node = i});
  }
}

Result<Report> Workload::Judge(const PairedHistory& history) const {
  return Check(history, CheckedAs());
}

CheckOptions Workload::ByModel(std::string_view model) {
  CheckOptions options;
  options.model = model;
  return options;
}

size_t Workload::NodeFor(const Slot& slot) {
  const bool is_loyal = slot.place % kLoyalEvery == 0;
  return is_loyal ? client_->Connected(slot.node) : client_->Responsive(slot.node);
}

void Workload::Range(Slot* slot, const etcdserverpb::RangeRequest& request,
                     std::function<void(Result<etcdserverpb::RangeResponse>)> done) {
  Ask<etcdserverpb::RangeResponse>(slot, "/etcdserverpb.KV/Range", request, std::move(done));
}

void Workload::Put(Slot* slot, const etcdserverpb::PutRequest& request,
                   std::function<void(Result<etcdserverpb::PutResponse>)> done) {
  Ask<etcdserverpb::PutResponse>(slot, "/etcdserverpb.KV/Put", request, std::move(done));
}

void Workload::Txn(Slot* slot, const etcdserverpb::TxnRequest& request,
                   std::function<void(Result<etcdserverpb::TxnResponse>)> done) {
  Ask<etcdserverpb::TxnResponse>(slot, "/etcdserverpb.KV/Txn", request, std::move(done));
}

etcdserverpb::RangeRequest RangeOf(const std::string& key) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  return request;
}

etcdserverpb::RangeRequest RangeOfPrefix(const std::string& prefix) {
  etcdserverpb::RangeRequest request;
  request.set_key(prefix);
  std::string end = prefix;
  end.back()++;
  request.set_range_end(end);
  return request;
}

etcdserverpb::PutRequest PutOf(const std::string& key, const std::string& value) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request;
}

void CompareMod(etcdserverpb::TxnRequest* txn, const std::string& key, int64_t mod_revision) {
  etcdserverpb::Compare* compare = txn->add_compare();
  compare->set_result(etcdserverpb::Compare::EQUAL);
  compare->set_target(etcdserverpb::Compare::MOD);
  compare->set_key(key);
  compare->set_mod_revision(mod_revision);
}

void ThenPut(etcdserverpb::TxnRequest* txn, const std::string& key, const std::string& value) {
  *txn->add_success()->mutable_request_put() = PutOf(key, value);
}

void ThenRange(etcdserverpb::TxnRequest* txn, const std::string& key) {
  *txn->add_success()->mutable_request_range() = RangeOf(key);
}

Value NumberOf(const std::string& text) {
  const auto number = ParseNumber<int64_t>(text);
  return number.has_value() ? Value::Integer(*number) : Value::Nil();
}

}  // namespace keel::jepsen
