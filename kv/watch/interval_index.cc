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
  const auto [crowd, is_new] = prefixes_.try_emplace(keys.begin);
  crowd->second.push_back(member);
  if (is_new) ++prefix_lengths_[length];
  return true;
}

// It may be in the tree, if lengths were many when it came.
bool IntervalIndex::RemovePrefix(const KeyRange& keys, Member member) {
  if (keys != PrefixRange(keys.begin)) return false;
  const auto crowd = prefixes_.find(keys.begin);
  if (crowd == prefixes_.end()) return false;
  if (std::erase(crowd->second, member) == 0) return false;
  if (!crowd->second.empty()) return true;
  prefixes_.erase(crowd);
  const auto length = prefix_lengths_.find(keys.begin.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
  return true;
}

void IntervalIndex::Add(const KeyRange& keys, Member member) {
  if (keys.IsSingle()) {
    single_[keys.begin].push_back(member);
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
  const auto erase = [member](std::vector<Member>* members) {
    const auto found = std::find(members->begin(), members->end(), member);
    KEEL_CHECK(found != members->end()) << "a watcher that was never added";
    *found = members->back();
    members->pop_back();
    return members->empty();
  };
  if (keys.IsSingle()) {
    const auto found = single_.find(keys.begin);
    KEEL_CHECK(found != single_.end()) << "a watcher that was never added";
    if (erase(&found->second)) single_.erase(found);
    return;
  }
  if (RemovePrefix(keys, member)) return;
  Node* node = FindNode(root_.get(), keys);
  KEEL_CHECK(node != nullptr) << "a watcher that was never added";
  if (erase(&node->members)) root_ = Without(std::move(root_), keys);
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

void IntervalIndex::Find(std::string_view key, std::vector<Member>* members) const {
  if (const auto found = single_.find(key); found != single_.end()) {
    members->insert(members->end(), found->second.begin(), found->second.end());
  }
  for (const auto& [length, count] : prefix_lengths_) {
    if (length > key.size()) break;
    const auto found = prefixes_.find(key.substr(0, length));
    if (found == prefixes_.end()) continue;
    members->insert(members->end(), found->second.begin(), found->second.end());
  }
  Collect(root_.get(), key, members);
}

}  // namespace keel::kv
