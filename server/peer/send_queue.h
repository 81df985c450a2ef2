// Frames on their way to one peer on one lane: bounded in bytes, first in, first out.
//
// At the bound the newest frame is refused, so that what is sent stays without a hole that another
// frame could fill. Belongs to a link, on its executor.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "base/payload.h"

namespace keel::peers {

class SendQueue {
 public:
  explicit SendQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

  // False at the bound. An empty queue takes any frame.
  [[nodiscard]] bool Push(std::string frame) {
    if (!frames_.empty() && size_bytes_ + frame.size() > bytes_max_) return false;
    size_bytes_ += frame.size();
    frames_.push_back(Payload::Of(std::move(frame)));
    return true;
  }
  [[nodiscard]] Payload Pop() {
    Payload frame = std::move(frames_.front());
    frames_.pop_front();
    size_bytes_ -= frame.size();
    return frame;
  }
  void Clear() {
    frames_.clear();
    size_bytes_ = 0;
  }
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  [[nodiscard]] size_t size_bytes() const { return size_bytes_; }

 private:
  const size_t bytes_max_;
  std::deque<Payload> frames_;
  size_t size_bytes_ = 0;
};

}  // namespace keel::peers
