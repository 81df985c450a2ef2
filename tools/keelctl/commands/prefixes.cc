#include "tools/keelctl/commands/prefixes.h"

#include <algorithm>

#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

// What cannot be shown as it is becomes a dot.
std::string Shown(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (static_cast<uint8_t>(c) < 0x20 || c == '\x7f') c = '.';
  }
  return out;
}

using Child = std::pair<const std::string*, const PrefixTree::Node*>;

std::vector<Child> ChildrenOf(const PrefixTree::Node& node, bool by_size) {
  std::vector<Child> out;
  for (const auto& [name, child] : node.children) out.emplace_back(&name, child.get());
  if (by_size) {
    std::stable_sort(out.begin(), out.end(), [](const Child& a, const Child& b) {
      return a.second->totals.bytes > b.second->totals.bytes;
    });
  }
  return out;
}

class Drawing {
 public:
  Drawing(const PrefixTree::DrawOptions& options, uint64_t all_bytes)
      : options_(options), all_bytes_(std::max<uint64_t>(all_bytes, 1)) {}

  void Line(const std::string& name, const KeyTotals& totals) {
    const double part = 100 * static_cast<double>(totals.bytes) / static_cast<double>(all_bytes_);
    table_.rows.push_back({name, HumanCount(static_cast<double>(totals.keys)),
                           HumanBytes(totals.bytes), Fixed(part, part < 9.95 ? 1 : 0) + "%"});
  }

  void Below(const PrefixTree::Node& node, const std::string& indent) {
    const auto children = ChildrenOf(node, options_.by_size);
    const bool cut = children.size() > options_.children_max;
    const size_t shown = cut ? options_.children_max - 1 : children.size();
    for (size_t i = 0; i < shown; ++i) {
      const bool last = !cut && i + 1 == shown;
      Line(indent + (last ? "└── " : "├── ") + Shown(*children[i].first),
           children[i].second->totals);
      Below(*children[i].second, indent + (last ? "    " : "│   "));
    }
    if (!cut) return;
    KeyTotals rest;
    for (size_t i = shown; i < children.size(); ++i) {
      rest.keys += children[i].second->totals.keys;
      rest.bytes += children[i].second->totals.bytes;
    }
    Line(indent + "└── ... " + std::to_string(children.size() - shown) + " more", rest);
  }

  [[nodiscard]] std::string Text() const { return table_.DrawPlain(); }

 private:
  const PrefixTree::DrawOptions& options_;
  const uint64_t all_bytes_;
  Table table_{.heading = {"PREFIX", "KEYS", "BYTES", "PART"}};
};

}  // namespace

void KeyTotals::Add(uint64_t size, uint64_t version) {
  ++keys;
  bytes += size;
  largest = std::max(largest, size);
  writes += version;
}

void PrefixTree::Add(const Entry& entry) {
  const uint64_t size = entry.key.size() + entry.value_bytes;
  root_.totals.Add(size, entry.version);
  Node* node = &root_;
  std::string_view rest = entry.key;
  for (size_t level = 0; level < depth_ && !rest.empty(); ++level) {
    // A separator at the very front belongs to the first name: /registry/.
    const size_t at = rest.find(separator_, level == 0 && rest.front() == separator_ ? 1 : 0);
    const std::string_view name = rest.substr(0, at == std::string_view::npos ? at : at + 1);
    auto& child = node->children[std::string(name)];
    if (child == nullptr) child = std::make_unique<Node>();
    node = child.get();
    node->totals.Add(size, entry.version);
    rest.remove_prefix(name.size());
    node->is_key = rest.empty();
  }
}

std::string PrefixTree::PrefixOf(std::string_view key, char separator, size_t depth) {
  size_t end = 0;
  for (size_t level = 0; level < depth; ++level) {
    const bool leading = level == 0 && !key.empty() && key.front() == separator;
    const size_t at = key.find(separator, leading ? 1 : end);
    if (at == std::string_view::npos) break;
    end = at + 1;
  }
  return std::string(key.substr(0, end));
}

std::string PrefixTree::Draw(const DrawOptions& options) const {
  Drawing drawing(options, root_.totals.bytes);
  drawing.Line(options.root_name, root_.totals);
  drawing.Below(root_, "");
  return drawing.Text();
}

}  // namespace keel::ctl
