// A range of keys that pages itself: `for (const KeyValue& kv : kv.List(KeyRange::Prefix("a/")))`.
//
// An input range: one pass, one thread, and at most one page in memory. All pages are of the first
// one's revision, so the whole is one moment of the store. When the loop ends, status() tells
// whether it saw everything: a page that could not be had, or whose revision was compacted
// meanwhile (OUT_OF_RANGE), ends the range early. Next() is the same without the loop, and by
// completion token.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "client/kv.h"

namespace keel::client {

class Pages {
 public:
  Pages(Kv kv, GetRequest request, uint64_t page_size);

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = KeyValue;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Pages* pages) : pages_(pages) {}
    [[nodiscard]] const KeyValue& operator*() const { return pages_->page_.kvs[pages_->position_]; }
    [[nodiscard]] const KeyValue* operator->() const { return &**this; }
    Iterator& operator++() {
      pages_->Advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t /*end*/) {
      return at.AtEnd();
    }

   private:
    [[nodiscard]] bool AtEnd() const { return pages_->finished_; }

    Pages* pages_ = nullptr;
  };

  // Waits for the first page.
  [[nodiscard]] Iterator begin();
  [[nodiscard]] static std::default_sentinel_t end() { return {}; }

  // Waits for the next page; an empty one is the end.
  [[nodiscard]] Result<std::vector<KeyValue>> Next();

  // OK, or what ended the range early.
  [[nodiscard]] const Status& status() const { return status_; }
  // Of all pages; none before the first.
  [[nodiscard]] Revision revision() const { return request_.revision; }
  // Keys in the whole range, once the first page is there.
  [[nodiscard]] uint64_t count() const { return count_; }

 private:
  void Advance();
  void Fetch();

  Kv kv_;
  GetRequest request_;
  uint64_t left_ = 0;  // of the request's own limit; 0: none
  GetResult page_;
  size_t position_ = 0;
  uint64_t count_ = 0;
  bool last_page_ = false;
  bool finished_ = false;
  Status status_;
};

}  // namespace keel::client
