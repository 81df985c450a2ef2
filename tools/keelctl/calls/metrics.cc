#include "tools/keelctl/calls/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "tools/keelctl/calls/http.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// The value of a label inside of name{...}.
std::optional<std::string> LabelOf(std::string_view full, std::string_view label) {
  const std::string start = std::string(label) + "=\"";
  size_t at = full.find("{" + start);
  if (at == std::string_view::npos) at = full.find("," + start);
  if (at == std::string_view::npos) return std::nullopt;
  const size_t begin = at + 1 + start.size();
  return std::string(full.substr(begin, full.find('"', begin) - begin));
}

}  // namespace

Metrics Metrics::Parse(std::string_view page) {
  Metrics metrics;
  for (const std::string& line : Split(page, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const size_t brace = line.find('}');
    const size_t space = line.find(' ', brace == std::string::npos ? 0 : brace);
    if (space == std::string::npos) continue;
    metrics.values_[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
  }
  return metrics;
}

std::optional<double> Metrics::Find(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

double Metrics::ValueOr(std::string_view name, double fallback) const {
  return Find(name).value_or(fallback);
}

double Metrics::Sum(std::string_view name) const {
  double sum = 0;
  for (auto at = values_.lower_bound(name); at != values_.end() && at->first.starts_with(name);
       ++at) {
    const char next = at->first.size() > name.size() ? at->first[name.size()] : '{';
    if (next == '{') sum += at->second;
  }
  return sum;
}

std::optional<double> Metrics::Quantile(std::string_view histogram, double quantile,
                                        const Metrics* before) const {
  struct Bucket {
    double bound;
    double count;
  };
  std::vector<Bucket> buckets;
  const std::string start = std::string(histogram) + "_bucket{";
  for (auto at = values_.lower_bound(start); at != values_.end() && at->first.starts_with(start);
       ++at) {
    const auto bound = LabelOf(at->first, "le");
    if (!bound) continue;
    const double past = before == nullptr ? 0 : before->ValueOr(at->first, 0);
    buckets.push_back(
        {*bound == "+Inf" ? INFINITY : std::strtod(bound->c_str(), nullptr), at->second - past});
  }
  std::sort(buckets.begin(), buckets.end(),
            [](const Bucket& a, const Bucket& b) { return a.bound < b.bound; });
  if (buckets.empty() || buckets.back().count < 1) return std::nullopt;
  for (const Bucket& bucket : buckets) {
    if (bucket.count >= quantile * buckets.back().count) return bucket.bound;
  }
  return buckets.back().bound;
}

std::map<std::string, double> Metrics::ByLabel(std::string_view name,
                                               std::string_view label) const {
  std::map<std::string, double> out;
  const std::string start = std::string(name) + "{";
  for (auto at = values_.lower_bound(start); at != values_.end() && at->first.starts_with(start);
       ++at) {
    if (const auto value = LabelOf(at->first, label)) out[*value] = at->second;
  }
  return out;
}

Result<Metrics> MetricsOf(const std::string& endpoint, uint64_t timeout_us) {
  const auto answer = HttpGet(endpoint, "/metrics", timeout_us);
  if (!answer.ok()) return answer.status();
  if (answer->code != 200) return Unavailable("/metrics answers " + std::to_string(answer->code));
  return Metrics::Parse(answer->body);
}

}  // namespace keel::ctl
