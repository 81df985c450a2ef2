#include "net/output_queue.h"

#include <utility>

#include "base/check.h"

namespace keel::net {

namespace {

// A block is closed and the next one begun when it has grown to this.
constexpr size_t kBlockBytes = 64 * 1024;

}  // namespace

std::string_view OutputQueue::ViewOf(const Piece& piece) {
  if (const auto* block = std::get_if<std::string>(&piece)) return *block;
  return std::get<Shared>(piece).part;
}

void OutputQueue::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  size_bytes_ += bytes.size();
  auto* block = pieces_.empty() ? nullptr : std::get_if<std::string>(&pieces_.back());
  if (block == nullptr || block->size() >= kBlockBytes) {
    block = &std::get<std::string>(pieces_.emplace_back(std::exchange(spare_, {})));
  }
  block->append(bytes);
}

void OutputQueue::AppendShared(const Payload& payload, std::string_view part) {
  if (part.size() < kShareBytesMin) return Append(part);
  size_bytes_ += part.size();
  pieces_.emplace_back(Shared{payload, part});
}

void OutputQueue::Gather(size_t spans_max, std::vector<std::string_view>* spans) const {
  spans->clear();
  size_t offset = front_offset_;
  for (const Piece& piece : pieces_) {
    if (spans->size() == spans_max) return;
    spans->push_back(ViewOf(piece).substr(offset));
    offset = 0;
  }
}

void OutputQueue::Consume(size_t bytes) {
  KEEL_CHECK(bytes <= size_bytes_) << "more was written than there was";
  size_bytes_ -= bytes;
  while (bytes > 0) {
    Piece& front = pieces_.front();
    const size_t left = ViewOf(front).size() - front_offset_;
    if (bytes < left) {
      front_offset_ += bytes;
      return;
    }
    bytes -= left;
    front_offset_ = 0;
    if (auto* block = std::get_if<std::string>(&front);
        block != nullptr && spare_.capacity() == 0 && block->capacity() <= kShareBytesMin) {
      // An idle connection keeps one small block and nothing else.
      block->clear();
      spare_ = std::move(*block);
    }
    pieces_.pop_front();
  }
}

void OutputQueue::Clear() {
  pieces_.clear();
  front_offset_ = 0;
  size_bytes_ = 0;
}

}  // namespace keel::net
