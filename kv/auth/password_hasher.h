// Hashes and checks passwords with libxcrypt, on a pool and never on a role that others wait for.
//
// Hashes are yescrypt by default, each with a salt of its own; hashes of any kind that libxcrypt
// knows are checked. What was checked and found right is remembered for a while as a keyed
// checksum, in bounded memory, so that a client that logs in anew at every request does not pay for
// a hash each time; changing the password changes the hash and so forgets it. The pool outlives the
// hasher, and the hasher outlives the work that it has posted. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/executor.h"
#include "base/result.h"

namespace keel::kv {

class PasswordHasher {
 public:
  struct Options {
    Executor* pool = nullptr;
    std::string method = "$y$";  // crypt(5): yescrypt
    unsigned long cost = 0;      // 0: the method's default
    size_t remembered_max = 10'000;
    uint64_t remember_key = 0;  // at random, by the owner
  };
  explicit PasswordHasher(const Options& options) : options_(options) {}

  // Calls `done` on the pool.
  void Hash(std::string password, std::function<void(Result<std::string>)> done);
  struct Check {
    std::string password;
    std::string hash;
  };
  // At once, on the caller's thread, where it is remembered; else on the pool.
  void Verify(Check check, std::function<void(bool)> done);

  // What the pool runs; blocking, tens of milliseconds.
  [[nodiscard]] Result<std::string> HashNow(const std::string& password) const;
  [[nodiscard]] static bool VerifyNow(const Check& check);

 private:
  [[nodiscard]] uint64_t Fingerprint(const Check& check) const;
  void Remember(uint64_t fingerprint);
  [[nodiscard]] bool Remembers(uint64_t fingerprint) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::unordered_set<uint64_t> remembered_;  // under mutex_
};

}  // namespace keel::kv
