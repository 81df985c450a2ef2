// SHA-256, and AES-256-GCM under the key of a key file, by OpenSSL.
//
// A key file is 32 bytes, or the same as 64 hexadecimal digits and a newline. Each backup file is
// encrypted with a key of its own, HMAC-SHA256 of a random salt under the file's key, so that one
// key file serves any number of backups and a nonce need only differ within a file: it is the
// block's number. Values; one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

struct evp_cipher_ctx_st;
struct evp_md_ctx_st;

namespace keel::backup {

inline constexpr size_t kSumBytes = 32;
inline constexpr size_t kKeyBytes = 32;
inline constexpr size_t kSaltBytes = 16;
// What encryption adds to a block.
inline constexpr size_t kTagBytes = 16;

class Sha256 {
 public:
  Sha256();
  void Add(std::string_view bytes);
  // Of all that was added; once.
  [[nodiscard]] std::string Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// INVALID_ARGUMENT if the file does not hold a key.
[[nodiscard]] Result<std::string> ReadKeyFile(FileSystem* files, const std::string& path);
[[nodiscard]] Result<std::string> RandomBytes(size_t size);

class Cipher {
 public:
  struct Options {
    std::string key;  // kKeyBytes
    std::string salt;
  };
  explicit Cipher(const Options& options);

  // Differs for another key file: tells a wrong key from damage.
  [[nodiscard]] uint32_t key_check() const { return key_check_; }

  struct Block {
    uint64_t number = 0;
    std::string_view bytes;
  };
  // Encrypted, and the tag behind it.
  [[nodiscard]] std::string Seal(const Block& block);
  // DATA_LOSS if Seal did not make it under this key, salt and number.
  [[nodiscard]] Result<std::string> Open(const Block& block);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  std::string key_;
  uint32_t key_check_ = 0;
  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

// What the header of a file says of how it was encrypted, and the key that is at hand for it.
struct CipherWanted {
  std::string file;  // for words
  std::string key;   // of a key file; empty: none was given
  std::string salt;
  uint32_t key_check = 0;
};
// FAILED_PRECONDITION without the key, or with another one.
[[nodiscard]] Result<std::unique_ptr<Cipher>> OpenCipher(const CipherWanted& wanted);

}  // namespace keel::backup
