// Puts and deletes that an engine carries out together or not at all.
//
// Owned by one thread at a time; it copies what it is given. Operations take effect in order, so
// the last one to name a key wins. Kept in the form in which LevelDB takes it, so that nothing is
// copied twice on the way there.
#pragma once

#include <leveldb/write_batch.h>

#include <cstddef>
#include <string_view>

namespace keel::kv {

class WriteBatch {
 public:
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  // Keeps the room, unless it is large.
  void Clear();

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] size_t size_bytes() const { return updates_.ApproximateSize(); }

  // Calls put(key, value) and remove(key) in the order of the operations; the views die with the
  // next change of the batch.
  template <class OnPut, class OnDelete>
  void ForEach(const OnPut& put, const OnDelete& remove) const {
    Caller<OnPut, OnDelete> caller(put, remove);
    Visit(&caller);
  }

  // For LevelDB, which stamps a number of its own into the batch that it writes: no operation
  // changes.
  [[nodiscard]] leveldb::WriteBatch* updates() const { return &updates_; }

 private:
  template <class OnPut, class OnDelete>
  class Caller final : public leveldb::WriteBatch::Handler {
   public:
    Caller(const OnPut& put, const OnDelete& remove) : put_(put), remove_(remove) {}
    void Put(const leveldb::Slice& key, const leveldb::Slice& value) override {
      put_(std::string_view(key.data(), key.size()), std::string_view(value.data(), value.size()));
    }
    void Delete(const leveldb::Slice& key) override {
      remove_(std::string_view(key.data(), key.size()));
    }

   private:
    const OnPut& put_;
    const OnDelete& remove_;
  };

  void Visit(leveldb::WriteBatch::Handler* handler) const;

  mutable leveldb::WriteBatch updates_;
  size_t count_ = 0;
};

}  // namespace keel::kv
