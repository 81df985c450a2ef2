// What a member's /metrics page says, by name. A plain value; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace keel::ctl {

class Metrics {
 public:
  // Reads Prometheus' text format; what it does not understand is skipped.
  [[nodiscard]] static Metrics Parse(std::string_view page);

  // Of a name with its labels as they are written: keel_alarm{alarm="NOSPACE"}.
  [[nodiscard]] std::optional<double> Find(std::string_view name) const;
  [[nodiscard]] double ValueOr(std::string_view name, double fallback) const;
  // Over all labels.
  [[nodiscard]] double Sum(std::string_view name) const;
  // The quantile of a histogram's growth since `before` (all of it, if null), in its unit: the
  // upper end of the bucket in which it falls. Nothing if nothing was counted.
  [[nodiscard]] std::optional<double> Quantile(std::string_view histogram, double quantile,
                                               const Metrics* before) const;
  // Label values and numbers of one name: peers and their round trips.
  [[nodiscard]] std::map<std::string, double> ByLabel(std::string_view name,
                                                      std::string_view label) const;
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  std::map<std::string, double, std::less<>> values_;
};

// Asks the endpoint.
[[nodiscard]] Result<Metrics> MetricsOf(const std::string& endpoint, uint64_t timeout_us);

}  // namespace keel::ctl
