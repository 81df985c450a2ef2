// Clients that move money between accounts: whatever happens, every view of the store holds the
// same sum.
#pragma once

#include <string>
#include <vector>

#include "tests/nodesim/desk.h"

namespace keel::nodesim {

class Bank {
 public:
  explicit Bank(Desk* desk) : desk_(desk) {}
  void Start();

 private:
  struct Account {
    std::string key;
    Revision mod;
    uint64_t balance = 0;
  };
  void Open();
  void Look();
  void LookLater();
  void OnView(const kv::ReadView& view);
  void Transfer(Account from, Account to);
  void Move(OpNumber number, kv::TxnOp txn);

  Desk* const desk_;
  bool is_open_ = false;
};

}  // namespace keel::nodesim
