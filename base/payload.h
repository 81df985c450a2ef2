// An immutable run of bytes that many owners may share without copying: what an entry carries.
//
// A Payload is a view plus a reference to whatever keeps the bytes alive, so a slice of a received
// frame and a string of its own look the same. Copying one costs a reference count. The bytes never
// change while any copy lives, which is what makes sharing across threads safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace keel {

class Payload {
 public:
  Payload() = default;

  // Takes the bytes over.
  [[nodiscard]] static Payload Of(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view(*owner);
    return Payload(std::move(owner), view);
  }

  // Borrows `view`, which must stay valid and unchanged for as long as `owner` lives.
  [[nodiscard]] static Payload Slice(std::shared_ptr<const void> owner, std::string_view view) {
    return Payload(std::move(owner), view);
  }

  [[nodiscard]] std::string_view view() const { return view_; }
  [[nodiscard]] size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

  friend bool operator==(const Payload& a, const Payload& b) { return a.view_ == b.view_; }

 private:
  Payload(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

}  // namespace keel
