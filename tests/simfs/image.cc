#include "tests/simfs/image.h"

#include <utility>

#include "base/checksum.h"

namespace keel::simfs {

uint64_t Image::Hash() const {
  uint64_t hash = directories.size();
  for (const std::string& directory : directories) hash = Checksum(directory, hash);
  for (const auto& [path, bytes] : files) {
    hash = Checksum(path, hash);
    hash = Checksum(*bytes, hash);
  }
  return hash;
}

const std::string* Image::Find(const std::string& path) const {
  const auto found = files.find(path);
  return found == files.end() ? nullptr : found->second.get();
}

void Image::Replace(const std::string& path, std::string bytes) {
  files[path] = std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace keel::simfs
