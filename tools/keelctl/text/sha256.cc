#include "tools/keelctl/text/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace keel::ctl {

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(),
                                                                 &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  KEEL_CHECK(EVP_DigestInit_ex(context_->digest.get(), EVP_sha256(), nullptr) == 1) << "SHA-256";
}

Sha256::~Sha256() = default;

void Sha256::Add(std::string_view bytes) {
  KEEL_CHECK(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()) == 1)
      << "SHA-256";
}

std::string Sha256::End() {
  std::string out(kBytes, '\0');
  unsigned int length = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned.
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  KEEL_CHECK(EVP_DigestFinal_ex(context_->digest.get(), bytes, &length) == 1) << "SHA-256";
  return out;
}

}  // namespace keel::ctl
