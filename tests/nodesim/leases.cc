#include "tests/nodesim/leases.h"

#include <utility>

namespace keel::nodesim {

namespace {

constexpr size_t kHolders = 4;
constexpr uint64_t kTtlMaxS = 2;
constexpr uint64_t kRetryUs = 200'000;
constexpr uint64_t kLookUs = 50'000;
// A leader's clock may run fast by less than this.
constexpr uint64_t kDriftPercent = 10;

}  // namespace

void Leases::Start() {
  for (size_t i = 0; i < kHolders; ++i) {
    holders_.push_back(std::make_unique<Holder>());
    Holder* holder = holders_.back().get();
    holder->number = i;
    desk_->After(desk_->prng().Below(1'000'000), [this, holder] { Take(holder); });
  }
}

uint64_t Leases::LongestUs() const { return kTtlMaxS * 1'000'000 * (100 + kDriftPercent) / 100; }

void Leases::Take(Holder* holder) {
  if (desk_->is_closed()) return;
  node_test::SimMember* member = desk_->Pick(false);
  const auto again = [this, holder] { desk_->After(kRetryUs, [this, holder] { Take(holder); }); };
  if (member == nullptr) return again();
  holder->id = kv::LeaseId(desk_->prng().Next() >> 1 | 1);
  holder->ttl_s = desk_->prng().Between(1, kTtlMaxS);
  holder->key = "lease/" + std::to_string(holder->id.value());
  holder->is_tied = false;
  kv::Command command;
  command.operation = kv::LeaseGrantOp{.id = holder->id, .ttl_s = holder->ttl_s};
  desk_->Propose(
      member, std::move(command),
      [this, holder, again, asked_us = desk_->now_us()](const node::ProposalOutcome* outcome) {
        const auto* applied = outcome == nullptr ? nullptr : std::get_if<node::Applied>(outcome);
        if (applied == nullptr || applied->outcome.error != kv::KvError::kNone) {
          return again();
        }
        Tie(holder, asked_us);
      });
}

void Leases::Tie(Holder* holder, uint64_t asked_us) {
  holder->renewed_us = asked_us;
  holder->renew_until_us = desk_->now_us() + desk_->prng().Below(6'000'000);
  node_test::SimMember* member = desk_->Pick(false);
  if (member == nullptr) return LetGo(holder);
  const OpNumber number = desk_->history().Add(
      {.kind = OpKind::kPut, .key = holder->key, .invoked_us = desk_->now_us()});
  kv::PutOp put;
  put.key = holder->key;
  put.value = ValueOf(number, "");
  put.lease = holder->id;
  kv::Command command;
  command.operation = std::move(put);
  desk_->Propose(
      member, std::move(command), [this, holder, number](const node::ProposalOutcome* outcome) {
        Op& op = desk_->history().At(number);
        op.outcome = Outcome::kUnknown;
        const auto* applied = outcome == nullptr ? nullptr : std::get_if<node::Applied>(outcome);
        if (applied == nullptr) return LetGo(holder);
        const bool is_put = applied->outcome.error == kv::KvError::kNone;
        op.outcome = is_put ? Outcome::kOk : Outcome::kRefused;
        op.done = is_put;
        op.revision = applied->outcome.revision;
        op.returned_us = desk_->now_us();
        holder->is_tied = is_put;
        is_put ? Renew(holder) : LetGo(holder);
      });
}

void Leases::Renew(Holder* holder) {
  if (desk_->is_closed() || desk_->now_us() >= holder->renew_until_us || IsGone(holder->key)) {
    return LetGo(holder);
  }
  node_test::SimMember* member = desk_->Pick(desk_->prng().OneIn(2));
  const auto again = [this, holder](uint64_t pause_us) {
    desk_->After(pause_us, [this, holder] { Renew(holder); });
  };
  if (member == nullptr) return again(kLookUs);
  desk_->Renew(member, holder->id,
               [this, holder, again, asked_us = desk_->now_us()](const node::LeaseAnswer* answer) {
                 const bool renewed = answer != nullptr && answer->led && answer->found;
                 if (renewed) holder->renewed_us = asked_us;
                 again(renewed ? holder->ttl_s * 250'000 : kLookUs);
               });
}

void Leases::LetGo(Holder* holder) {
  past_.push_back({holder->key, holder->ttl_s, holder->renewed_us});
  if (!holder->is_tied) return desk_->After(kRetryUs, [this, holder] { Take(holder); });
  // What is interesting is the moment of its end.
  const uint64_t ends_us = holder->renewed_us + holder->ttl_s * 1'000'000;
  const uint64_t from_us = ends_us > kRetryUs ? ends_us - kRetryUs : 0;
  const uint64_t wait_us = from_us > desk_->now_us() ? from_us - desk_->now_us() : 0;
  desk_->After(wait_us, [this, holder] {
    if (!IsGone(holder->key)) phases_->Begin(sim::Phase::kLeaseExpiry, PhaseKey(*holder));
    Await(holder);
  });
}

void Leases::Await(Holder* holder) {
  if (!IsGone(holder->key)) return desk_->After(kLookUs, [this, holder] { Await(holder); });
  phases_->End(sim::Phase::kLeaseExpiry, PhaseKey(*holder));
  Take(holder);
}

bool Leases::IsGone(const std::string& key) const {
  const Chronicle& chronicle = desk_->chronicle();
  const kv::Event* last = chronicle.LastOf(key, chronicle.last());
  return last != nullptr && last->kind == kv::EventKind::kDelete;
}

std::string Leases::WhyNotExpired() const {
  const Chronicle& chronicle = desk_->chronicle();
  for (const Past& past : past_) {
    const kv::Event* last = chronicle.LastOf(past.key, chronicle.last());
    if (last != nullptr && last->kind == kv::EventKind::kPut) return past.key + " lives on";
  }
  for (const auto& holder : holders_) {
    if (holder->is_tied && !IsGone(holder->key)) return holder->key + " is still held";
  }
  return "";
}

void Leases::Check() const {
  const Chronicle& chronicle = desk_->chronicle();
  for (const Past& past : past_) {
    const kv::Event* last = chronicle.LastOf(past.key, chronicle.last());
    if (last == nullptr || last->kind != kv::EventKind::kDelete) continue;
    const uint64_t length_us = past.ttl_s * 1'000'000 * (100 - kDriftPercent) / 100;
    const uint64_t ended_us = chronicle.SeenUs(last->kv.mod);
    if (ended_us >= past.renewed_us + length_us) continue;
    desk_->Report("lease-kept", past.key + " of " + std::to_string(past.ttl_s) +
                                    " s was renewed at " + std::to_string(past.renewed_us) +
                                    " us and gone at " + std::to_string(ended_us) + " us");
  }
}

}  // namespace keel::nodesim
