#include "kv/engine/write_batch.h"

#include "base/coding.h"

namespace keel::kv {

void WriteBatch::Put(std::string_view key, std::string_view value) {
  operations_.push_back(1);
  Append(key);
  Append(value);
  ++count_;
}

void WriteBatch::Delete(std::string_view key) {
  operations_.push_back(0);
  Append(key);
  ++count_;
}

void WriteBatch::Clear() {
  operations_.clear();
  count_ = 0;
}

void WriteBatch::Append(std::string_view bytes) {
  AppendFixed32(&operations_, static_cast<uint32_t>(bytes.size()));
  operations_.append(bytes);
}

std::string_view WriteBatch::Read(size_t at) const {
  const uint32_t size_bytes = DecodeFixed32(operations_.data() + at);
  return std::string_view(operations_).substr(at + kLengthBytes, size_bytes);
}

}  // namespace keel::kv
