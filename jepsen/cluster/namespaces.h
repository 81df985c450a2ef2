// Network namespaces: one of the tool's own, in which all that it makes disappears with it, and one
// for each node.
#pragma once

#include <functional>

#include "base/result.h"

namespace keel::jepsen {

// Moves the process into a new network namespace, and, without root, into a user namespace where
// that is allowed. Before any thread. What is made there, bridges, links, rules, is gone when the
// last process in it is: nothing has to be cleaned up, however the tool ends.
Status EnterOwnNetwork();

// A descriptor that keeps a new namespace alive.
class Namespace {
 public:
  static Result<Namespace> Make();
  Namespace(Namespace&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  Namespace& operator=(Namespace&&) = delete;
  ~Namespace();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // Runs it on a thread of its own in the namespace, and waits; sockets made there stay there.
  void Run(const std::function<void()>& work) const;

 private:
  explicit Namespace(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace keel::jepsen
