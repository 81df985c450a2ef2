#include "kv/watch/interval_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace keel::kv {

struct IntervalIndex::Node {
  KeyRange keys;
  uint64_t priority = 0;
  std::vector<Member> members;
  NodePtr left;
  NodePtr right;
  // How far the ranges of the subtree reach.
  bool reaches_all = false;
  std::string_view reach;
};

namespace {

bool OrdersBefore(const KeyRange& a, const KeyRange& b) {
  return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
}

}  // namespace

IntervalIndex::IntervalIndex() = default;
IntervalIndex::~IntervalIndex() = default;

void IntervalIndex::Refresh(Node* node) {
  node->reaches_all = node->keys.IsOpen();
  node->reach = node->keys.end;
  for (const Node* child : {node->left.get(), node->right.get()}) {
    if (child == nullptr) continue;
    node->reaches_all = node->reaches_all || child->reaches_all;
    node->reach = std::max(node->reach, child->reach);
  }
}

IntervalIndex::NodePtr IntervalIndex::Merge(NodePtr left, NodePtr right) {
  if (left == nullptr) return right;
  if (right == nullptr) return left;
  if (left->priority > right->priority) {
    left->right = Merge(std::move(left->right), std::move(right));
    Refresh(left.get());
    return left;
  }
  right->left = Merge(std::move(left), std::move(right->left));
  Refresh(right.get());
  return right;
}

void IntervalIndex::Split(NodePtr node, const KeyRange& keys, NodePtr* before, NodePtr* rest) {
  if (node == nullptr) return;
  if (OrdersBefore(node->keys, keys)) {
    NodePtr right = std::move(node->right);
    Split(std::move(right), keys, &node->right, rest);
    Refresh(node.get());
    *before = std::move(node);
  } else {
    NodePtr left = std::move(node->left);
    Split(std::move(left), keys, before, &node->left);
    Refresh(node.get());
    *rest = std::move(node);
  }
}

IntervalIndex::Node* IntervalIndex::FindNode(Node* node, const KeyRange& keys) {
  while (node != nullptr && node->keys != keys) {
    node = OrdersBefore(keys, node->keys) ? node->left.get() : node->right.get();
  }
  return node;
}

IntervalIndex::NodePtr IntervalIndex::Without(NodePtr node, const KeyRange& keys) {
  if (node->keys == keys) return Merge(std::move(node->left), std::move(node->right));
  NodePtr& side = OrdersBefore(keys, node->keys) ? node->left : node->right;
  side = Without(std::move(side), keys);
  Refresh(node.get());
  return node;
}

bool IntervalIndex::AddPrefix(const KeyRange& keys, Member member) {
  if (keys != PrefixRange(keys.begin)) return false;
  const size_t length = keys.begin.size();
  if (!prefix_lengths_.contains(length) && prefix_lengths_.size() == kPrefixLengthsMax) {
    return false;
  }
  if (prefixes_.Add(keys.begin, member)) ++prefix_lengths_[length];
  return true;
}

// It may be in the tree, if lengths were many when it came.
bool IntervalIndex::RemovePrefix(const KeyRange& keys, Member member) {
  if (keys != PrefixRange(keys.begin)) return false;
  bool emptied = false;
  if (!prefixes_.Remove(keys.begin, member, &emptied)) return false;
  if (!emptied) return true;
  const auto length = prefix_lengths_.find(keys.begin.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
  return true;
}

void IntervalIndex::Add(const KeyRange& keys, Member member) {
  if (keys.IsSingle()) {
    single_.Add(keys.begin, member);
    return;
  }
  if (AddPrefix(keys, member)) return;
  if (Node* node = FindNode(root_.get(), keys); node != nullptr) {
    node->members.push_back(member);
    return;
  }
  auto node = std::make_unique<Node>();
  node->keys = keys;
  node->priority = prng_.Next();
  node->members.push_back(member);
  Refresh(node.get());
  NodePtr before;
  NodePtr rest;
  Split(std::move(root_), keys, &before, &rest);
  root_ = Merge(Merge(std::move(before), std::move(node)), std::move(rest));
}

void IntervalIndex::Remove(const KeyRange& keys, Member member) {
  if (keys.IsSingle()) {
    bool emptied = false;
    KEEL_CHECK(single_.Remove(keys.begin, member, &emptied)) << "a watcher that was never added";
    return;
  }
  if (RemovePrefix(keys, member)) return;
  Node* node = FindNode(root_.get(), keys);
  KEEL_CHECK(node != nullptr) << "a watcher that was never added";
  const auto found = std::find(node->members.begin(), node->members.end(), member);
  KEEL_CHECK(found != node->members.end()) << "a watcher that was never added";
  *found = node->members.back();
  node->members.pop_back();
  if (node->members.empty()) root_ = Without(std::move(root_), keys);
}

void IntervalIndex::Collect(const Node* node, std::string_view key, std::vector<Member>* members) {
  if (node == nullptr || (!node->reaches_all && node->reach <= key)) return;
  Collect(node->left.get(), key, members);
  // All further right begin later still.
  if (node->keys.begin > key) return;
  if (node->keys.Contains(key)) {
    members->insert(members->end(), node->members.begin(), node->members.end());
  }
  Collect(node->right.get(), key, members);
}

void IntervalIndex::Prefetch(std::string_view key) const {
  if (!single_.empty()) single_.Prefetch(CrowdTable::HashOf(key));
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    prefixes_.Prefetch(CrowdTable::HashOf(key.substr(0, length)));
  }
}

void IntervalIndex::Find(std::string_view key, std::vector<Member>* members) const {
  if (!single_.empty()) single_.Find(key, CrowdTable::HashOf(key), members);
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    const std::string_view prefix = key.substr(0, length);
    prefixes_.Find(prefix, CrowdTable::HashOf(prefix), members);
  }
  Collect(root_.get(), key, members);
}

}  // namespace keel::kv
