// Keys and bytes by prefix: a tree whose levels are what stands between separators. Pure; one
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keel::ctl {

struct KeyTotals {
  uint64_t keys = 0;
  uint64_t bytes = 0;  // of keys and values
  uint64_t largest = 0;
  uint64_t writes = 0;  // the sum of the keys' versions
  void Add(uint64_t size, uint64_t version);
};

class PrefixTree {
 public:
  struct Node {
    KeyTotals totals;
    // By the part of the name up to and with the separator; a leaf's has none.
    std::map<std::string, std::unique_ptr<Node>> children;
    bool is_key = false;
  };
  // `depth` levels are kept; what is deeper counts for the last of them.
  PrefixTree(char separator, size_t depth) : separator_(separator), depth_(depth) {}

  struct Entry {
    std::string_view key;
    uint64_t value_bytes = 0;
    uint64_t version = 0;
  };
  void Add(const Entry& entry);
  [[nodiscard]] const Node& root() const { return root_; }

  // The prefix of `depth` levels to which a key belongs: "orders/2024/".
  [[nodiscard]] static std::string PrefixOf(std::string_view key, char separator, size_t depth);

  struct DrawOptions {
    std::string root_name;
    size_t children_max = 20;  // of one node; the others are summed up
    bool by_size = false;      // else by name
  };
  // Lines drawn with branches, and columns of keys, bytes and the part of all bytes.
  [[nodiscard]] std::string Draw(const DrawOptions& options) const;

 private:
  const char separator_;
  const size_t depth_;
  Node root_;
};

}  // namespace keel::ctl
