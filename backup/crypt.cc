#include "backup/crypt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"
#include "base/coding.h"

namespace keel::backup {

namespace {

constexpr size_t kNonceBytes = 12;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

std::string Hmac(std::string_view key, std::string_view text) {
  std::string sum(kSumBytes, '\0');
  unsigned int size = 0;
  KEEL_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
                  Bytes(&sum), &size) != nullptr)
      << "HMAC";
  return sum;
}

std::string NonceOf(uint64_t number) {
  std::string nonce(kNonceBytes - sizeof(number), '\0');
  AppendFixed64(&nonce, number);
  return nonce;
}

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  KEEL_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1) << "no SHA-256";
}

void Sha256::Add(std::string_view bytes) {
  KEEL_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1) << "SHA-256";
}

std::string Sha256::Finish() {
  std::string sum(kSumBytes, '\0');
  KEEL_CHECK(EVP_DigestFinal_ex(context_.get(), Bytes(&sum), nullptr) == 1) << "SHA-256";
  return sum;
}

Result<std::string> ReadKeyFile(FileSystem* files, const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(const auto file, files->OpenReadable(path, AccessPattern::kSequential));
  // One byte more than the longest: what is longer is no key.
  std::string text(2 * kKeyBytes + 2, '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t size, file->ReadAt(0, {text.data(), text.size()}));
  text.resize(size);
  if (text.size() == kKeyBytes) return text;
  if (text.size() == 2 * kKeyBytes + 1 && text.back() == '\n') text.pop_back();
  std::string key;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) break;
    key.push_back(static_cast<char>(high * 16 + low));
  }
  if (text.size() != 2 * kKeyBytes || key.size() != kKeyBytes) {
    return InvalidArgument(path +
                           " holds no key: 32 random bytes or 64 hexadecimal digits are wanted "
                           "(make one: openssl rand -hex 32)");
  }
  return key;
}

Result<std::string> RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(Bytes(&bytes), static_cast<int>(size)) != 1) {
    return Unavailable("the system gives no random bytes");
  }
  return bytes;
}

void Cipher::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

Cipher::Cipher(const Options& options)
    : key_(Hmac(options.key, "keel backup" + options.salt)),
      key_check_(DecodeFixed32(Hmac(key_, "key check").data())),
      context_(EVP_CIPHER_CTX_new()) {
  KEEL_CHECK(options.key.size() == kKeyBytes) << "an AES-256 key";
}

std::string Cipher::Seal(const Block& block) {
  std::string sealed(block.bytes.size() + kTagBytes, '\0');
  int size = 0;
  int rest = 0;
  EVP_CIPHER_CTX* const context = context_.get();
  const bool done = EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, Bytes(key_),
                                       Bytes(std::string_view(NonceOf(block.number)))) == 1 &&
                    EVP_EncryptUpdate(context, Bytes(&sealed), &size, Bytes(block.bytes),
                                      static_cast<int>(block.bytes.size())) == 1 &&
                    EVP_EncryptFinal_ex(context, Bytes(&sealed) + size, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                        Bytes(&sealed) + block.bytes.size()) == 1;
  KEEL_CHECK(done) << "AES-256-GCM";
  return sealed;
}

Result<std::string> Cipher::Open(const Block& block) {
  if (block.bytes.size() < kTagBytes) return DataLoss("an encrypted block without its tag");
  const std::string_view body = block.bytes.substr(0, block.bytes.size() - kTagBytes);
  std::string tag(block.bytes.substr(body.size()));
  std::string plain(body.size(), '\0');
  int size = 0;
  int rest = 0;
  EVP_CIPHER_CTX* const context = context_.get();
  const bool done =
      EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, Bytes(key_),
                         Bytes(std::string_view(NonceOf(block.number)))) == 1 &&
      EVP_DecryptUpdate(context, Bytes(&plain), &size, Bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(&tag)) == 1 &&
      EVP_DecryptFinal_ex(context, Bytes(&plain) + size, &rest) == 1;
  if (!done) return DataLoss("an encrypted block is not what was written");
  return plain;
}

Result<std::unique_ptr<Cipher>> OpenCipher(const CipherWanted& wanted) {
  if (wanted.key.empty()) {
    return FailedPrecondition(wanted.file +
                              " is encrypted: give the key that it was saved with "
                              "(--key-file)");
  }
  auto cipher = std::make_unique<Cipher>(Cipher::Options{.key = wanted.key, .salt = wanted.salt});
  if (cipher->key_check() != wanted.key_check) {
    return FailedPrecondition(wanted.file +
                              " was encrypted with another key than that of --key-file");
  }
  return cipher;
}

}  // namespace keel::backup
