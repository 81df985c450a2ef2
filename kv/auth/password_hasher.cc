#include "kv/auth/password_hasher.h"

#include <crypt.h>

#include <cstring>
#include <memory>
#include <utility>

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::kv {

namespace {

// Takes the same time wherever the first difference is.
bool SameBytes(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

// The hash of `password` as `setting` says, or empty. The working memory is large, and secret.
std::string Crypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  std::memset(data.get(), 0, sizeof(crypt_data));
  const char* hash = crypt_rn(password.c_str(), setting.c_str(), data.get(), sizeof(crypt_data));
  std::string result = hash == nullptr ? std::string() : std::string(hash);
  explicit_bzero(data.get(), sizeof(crypt_data));
  return result;
}

}  // namespace

Result<std::string> PasswordHasher::HashNow(const std::string& password) const {
  // crypt takes a C string: what follows a zero byte would not count.
  if (password.find('\0') != std::string::npos) {
    return InvalidArgument("a password must not contain a zero byte");
  }
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  // No bytes of ours: libxcrypt asks the system for the salt.
  if (crypt_gensalt_rn(options_.method.c_str(), options_.cost, nullptr, 0, setting,
                       sizeof(setting)) == nullptr) {
    return Internal("libxcrypt makes no salt for " + options_.method);
  }
  std::string hash = Crypt(password, setting);
  if (hash.empty()) return Internal("libxcrypt does not hash with " + options_.method);
  return hash;
}

bool PasswordHasher::VerifyNow(const Check& check) {
  // A user without a hash logs in by certificate, never by password.
  if (check.hash.empty() || check.password.find('\0') != std::string::npos) return false;
  const std::string hash = Crypt(check.password, check.hash);
  return !hash.empty() && SameBytes(hash, check.hash);
}

void PasswordHasher::Hash(std::string password, std::function<void(Result<std::string>)> done) {
  options_.pool->Post(
      [this, password = std::move(password), done = std::move(done)] { done(HashNow(password)); });
}

void PasswordHasher::Verify(Check check, std::function<void(bool)> done) {
  const uint64_t fingerprint = Fingerprint(check);
  if (Remembers(fingerprint)) {
    done(true);
    return;
  }
  options_.pool->Post([this, fingerprint, check = std::move(check), done = std::move(done)] {
    const bool right = VerifyNow(check);
    if (right) Remember(fingerprint);
    done(right);
  });
}

uint64_t PasswordHasher::Fingerprint(const Check& check) const {
  std::string both;
  AppendLengthPrefixed(&both, check.hash);
  AppendLengthPrefixed(&both, check.password);
  const uint64_t fingerprint = Checksum(both, options_.remember_key);
  explicit_bzero(both.data(), both.size());
  return fingerprint;
}

void PasswordHasher::Remember(uint64_t fingerprint) {
  const std::lock_guard lock(mutex_);
  // Rare enough that forgetting all of it costs little.
  if (remembered_.size() >= options_.remembered_max) remembered_.clear();
  remembered_.insert(fingerprint);
}

bool PasswordHasher::Remembers(uint64_t fingerprint) const {
  const std::lock_guard lock(mutex_);
  return remembered_.contains(fingerprint);
}

}  // namespace keel::kv
