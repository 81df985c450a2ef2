// SHA-256 of bytes that come piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace keel::ctl {

class Sha256 {
 public:
  static constexpr size_t kBytes = 32;

  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Add(std::string_view bytes);
  // The digest of all that was added; once.
  [[nodiscard]] std::string End();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace keel::ctl
