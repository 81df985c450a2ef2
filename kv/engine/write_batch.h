// Puts and deletes that an engine carries out together or not at all.
//
// Owned by one thread at a time; it copies what it is given. Operations take effect in order, so
// the last one to name a key wins. The bytes it is kept in are private to this process and never
// reach a disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keel::kv {

class WriteBatch {
 public:
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  void Clear();

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] size_t size_bytes() const { return operations_.size(); }

  // Calls put(key, value) and remove(key) in the order of the operations; the views die with the
  // next change of the batch.
  template <class OnPut, class OnDelete>
  void ForEach(const OnPut& put, const OnDelete& remove) const {
    size_t at = 0;
    while (at < operations_.size()) {
      const bool is_put = operations_[at] != 0;
      const std::string_view key = Read(at + 1);
      at += 1 + kLengthBytes + key.size();
      if (!is_put) {
        remove(key);
        continue;
      }
      const std::string_view value = Read(at);
      at += kLengthBytes + value.size();
      put(key, value);
    }
  }

 private:
  static constexpr size_t kLengthBytes = 4;

  void Append(std::string_view bytes);
  [[nodiscard]] std::string_view Read(size_t at) const;

  std::string operations_;
  size_t count_ = 0;
};

}  // namespace keel::kv
