// Finds those whose range holds a key, fast for many: among watchers of single keys by a hash,
// among watchers of prefixes by one hash for each length that a prefix has, among all other ranges
// by a balanced tree that knows how far each subtree reaches.
//
// Watchers of the same range share a node, so a crowd on one prefix costs one visit. Not
// thread-safe; the hub guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "kv/mvcc/types.h"
#include "kv/watch/crowd_table.h"

namespace keel::kv {

class IntervalIndex {
 public:
  using Member = CrowdTable::Member;

  IntervalIndex();
  ~IntervalIndex();

  void Add(const KeyRange& keys, Member member);
  // Requires that it was added with the same range.
  void Remove(const KeyRange& keys, Member member);

  // Fetches what Find of the key will look at first: for those who look up many.
  void Prefetch(std::string_view key) const;
  // Appends every member whose range holds `key`, in no order.
  void Find(std::string_view key, std::vector<Member>* members) const;

 private:
  struct Node;
  using NodePtr = std::unique_ptr<Node>;

  static void Refresh(Node* node);
  static NodePtr Merge(NodePtr left, NodePtr right);
  // Splits off the nodes whose ranges order before `keys`.
  static void Split(NodePtr node, const KeyRange& keys, NodePtr* before, NodePtr* rest);
  static Node* FindNode(Node* node, const KeyRange& keys);
  static NodePtr Without(NodePtr node, const KeyRange& keys);
  static void Collect(const Node* node, std::string_view key, std::vector<Member>* members);

  // Prefixes of further lengths go to the tree.
  static constexpr size_t kPrefixLengthsMax = 12;

  [[nodiscard]] bool AddPrefix(const KeyRange& keys, Member member);
  [[nodiscard]] bool RemovePrefix(const KeyRange& keys, Member member);

  CrowdTable single_;
  CrowdTable prefixes_;
  std::map<size_t, size_t> prefix_lengths_;  // how many entries of prefixes_ have each
  NodePtr root_;
  Prng prng_{0x77617463};  // balance only: no answer depends on it
};

}  // namespace keel::kv
