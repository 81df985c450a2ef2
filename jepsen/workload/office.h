// What locks and elections have in common: a client gets a lease, takes an office under it that one
// at a time may hold, and acts in it only while its lease has certainly not run out.
#pragma once

#include <vector>

#include "jepsen/workload/workload.h"

namespace keel::jepsen {

class OfficeWorkload : public Workload {
 protected:
  // `clients` and `offices`: in a crowd of one.
  OfficeWorkload(const Context& context, size_t clients, size_t offices);

  bool LastStep(Slot* /*slot*/, Done /*done*/) override { return false; }
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("lock"); }

  // The one that this client is after, and what it does there.
  [[nodiscard]] size_t OfficeOf(const Slot& slot) const;
  [[nodiscard]] Call CallOf(const Slot& slot, const std::string& f, Value value) const;

  // Gets a lease, and then takes the office.
  void Begin(Slot* slot, Done done);
  virtual void Take(Slot* slot, const Done& done) = 0;
  [[nodiscard]] int64_t LeaseOf(const Slot& slot) const { return leases_[slot.place].id; }
  // Past this time another may hold the office already.
  [[nodiscard]] bool IsCertain(const Slot& slot) const;
  // Lets go without a word; the lease ends what was held.
  void Forget(Slot* slot, const Done& done);
  // It holds nothing from here on.
  virtual void Drop(const Slot& slot) = 0;

 private:
  struct Lease {
    int64_t id = 0;
    uint64_t certain_until_us = 0;
  };

  const size_t offices_;
  std::vector<Lease> leases_;
};

}  // namespace keel::jepsen
