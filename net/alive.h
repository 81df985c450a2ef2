// Ties a callback to the life of an object: once the object is gone, the callback does nothing.
//
// For work that a loop still holds when its object has been destroyed. The object has an Alive as a
// member; the loop gets `alive.Guard(callback)`. Both live on one executor: this is about order,
// not about threads. The token behind it is shared and never changes.
#pragma once

#include <concepts>
#include <memory>
#include <utility>

namespace keel::net {

class Alive {
 public:
  Alive() = default;
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  template <class Callback>
  [[nodiscard]] auto Guard(Callback callback) const {
    return [ token = std::weak_ptr<const char>(token_),
             callback = std::move(callback) ]<class... Arguments>(
        Arguments && ... arguments) mutable requires std::invocable<Callback&, Arguments...> {
      if (!token.expired()) callback(std::forward<Arguments>(arguments)...);
    };
  }

 private:
  std::shared_ptr<const char> token_ = std::make_shared<const char>('\0');
};

}  // namespace keel::net
