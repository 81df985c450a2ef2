// A bank: transfers between accounts, whose sum stays. A transfer reads both accounts and writes
// them if neither has changed since; the revisions that it tells order all versions.
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kClients = 6;
constexpr size_t kAccounts = 6;
constexpr int64_t kInitial = 100;
constexpr int kLastReads = 5;
constexpr uint64_t kReadsOf100 = 30;
constexpr std::string_view kPrefix = "/bank/";

std::string NameOf(size_t account) { return std::string(kPrefix) + std::to_string(account); }

struct Account {
  size_t number = 0;
  int64_t balance = 0;
  int64_t mod = 0;
};

class BankWorkload final : public Workload {
 public:
  explicit BankWorkload(const Context& context)
      : Workload(context, kClients), accounts_(kAccounts * context.crowd) {}

  // Once: a second try must not write over transfers.
  void Prepare(std::function<void(Status)> done) override {
    etcdserverpb::TxnRequest txn;
    CompareMod(&txn, NameOf(0), 0);
    for (size_t i = 0; i < accounts_; i++) ThenPut(&txn, NameOf(i), std::to_string(kInitial));
    Txn(&slots()[0], txn,
        [done](const Result<etcdserverpb::TxnResponse>& answer) { done(answer.status()); });
  }

  void Step(Slot* slot, Done done) override {
    if (dice_.Chance(kReadsOf100, 100)) return Read(slot, std::move(done));
    const size_t from = dice_.Below(accounts_);
    const size_t to = (from + 1 + dice_.Below(accounts_ - 1)) % accounts_;
    const auto amount = static_cast<int64_t>(1 + dice_.Below(5));
    Call call{.f = "transfer",
              .value = Value::Map({{Value::Keyword("from"), Name(from)},
                                   {Value::Keyword("to"), Name(to)},
                                   {Value::Keyword("amount"), Value::Integer(amount)}})};
    recorder_.Invoke(*slot, call);
    etcdserverpb::TxnRequest txn;
    ThenRange(&txn, NameOf(from));
    ThenRange(&txn, NameOf(to));
    Txn(slot, txn,
        [this, slot, call, from, to, amount,
         done](const Result<etcdserverpb::TxnResponse>& answer) {
          if (!answer.ok()) {
            recorder_.Fail(slot, call);  // it has only read
            slot->node++;
            return done();
          }
          const Account payer = AccountIn(from, answer->responses(0).response_range());
          const Account payee = AccountIn(to, answer->responses(1).response_range());
          if (payer.balance < amount) {
            recorder_.Fail(slot, call);
            return done();
          }
          Transfer(slot, call, {payer, payee}, amount, done);
        });
  }

  bool LastStep(Slot* slot, Done done) override {
    if (last_reads_++ >= kLastReads) return false;
    Read(slot, std::move(done));
    return true;
  }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override {
    CheckOptions options = ByModel("bank");
    std::vector<std::pair<Value, Value>> initial;
    for (size_t i = 0; i < accounts_; i++) initial.emplace_back(Name(i), Value::Integer(kInitial));
    options.initial = Value::Map(std::move(initial));
    return options;
  }

 private:
  static Value Name(size_t account) { return Value::Integer(static_cast<int64_t>(account)); }

  static Account AccountIn(size_t number, const etcdserverpb::RangeResponse& range) {
    if (range.kvs_size() == 0) return {.number = number};
    return {.number = number,
            .balance = NumberOf(range.kvs(0).value()).integer,
            .mod = range.kvs(0).mod_revision()};
  }

  void Transfer(Slot* slot, const Call& call, const std::pair<Account, Account>& accounts,
                int64_t amount, const Done& done) {
    const auto& [payer, payee] = accounts;
    etcdserverpb::TxnRequest txn;
    CompareMod(&txn, NameOf(payer.number), payer.mod);
    CompareMod(&txn, NameOf(payee.number), payee.mod);
    ThenPut(&txn, NameOf(payer.number), std::to_string(payer.balance - amount));
    ThenPut(&txn, NameOf(payee.number), std::to_string(payee.balance + amount));
    const Value seen = Value::Map({{Name(payer.number), Value::Integer(payer.mod)},
                                   {Name(payee.number), Value::Integer(payee.mod)}});
    Txn(slot, txn, [this, slot, call, seen, done](const Result<etcdserverpb::TxnResponse>& answer) {
      if (!answer.ok()) {
        recorder_.Failed(slot, call, answer.status());
      } else if (answer->succeeded()) {
        recorder_.Ok(*slot, call,
                     {.store = answer->header().revision(), .mod = {}, .by_key = seen});
      } else {
        recorder_.Fail(slot, call);
      }
      done();
    });
  }

  void Read(Slot* slot, Done done) {
    Call call{.f = "read", .value = Value::Nil()};
    recorder_.Invoke(*slot, call);
    Range(slot, RangeOfPrefix(std::string(kPrefix)),
          [this, slot, call, done](const Result<etcdserverpb::RangeResponse>& answer) mutable {
            if (!answer.ok()) {
              recorder_.Failed(slot, call, answer.status());
              return done();
            }
            std::vector<std::pair<Value, Value>> balances;
            std::vector<std::pair<Value, Value>> revisions;
            for (const auto& kv : answer->kvs()) {
              const Value account = NumberOf(kv.key().substr(kPrefix.size()));
              balances.emplace_back(account, NumberOf(kv.value()));
              revisions.emplace_back(account, Value::Integer(kv.mod_revision()));
            }
            call.value = Value::Map(std::move(balances));
            recorder_.Ok(*slot, call,
                         {.store = answer->header().revision(),
                          .mod = {},
                          .by_key = Value::Map(std::move(revisions))});
            done();
          });
  }

  const size_t accounts_;
  int last_reads_ = 0;
};

}  // namespace

std::unique_ptr<Workload> MakeBank(const Workload::Context& context) {
  return std::make_unique<BankWorkload>(context);
}

}  // namespace keel::jepsen
