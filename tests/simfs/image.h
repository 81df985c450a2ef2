// What is on a simulated disk at one moment, as a value: the directories and the files with their
// bytes.
//
// An image comes from a crash, and a new SimulatedFileSystem can be started from it; hashes tell
// images apart. Bytes are shared with the disk that the image was taken of and never change, so
// that an image costs no more than what the crash touched.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace keel::simfs {

struct Image {
  // Absolute paths, "/data/wal"; the root is not among them.
  std::set<std::string> directories;
  std::map<std::string, std::shared_ptr<const std::string>> files;

  [[nodiscard]] uint64_t Hash() const;
  // A file's bytes for a test to look at; none if there is no such file.
  [[nodiscard]] const std::string* Find(const std::string& path) const;
  // Puts other bytes in a file's place.
  void Replace(const std::string& path, std::string bytes);
};

}  // namespace keel::simfs
