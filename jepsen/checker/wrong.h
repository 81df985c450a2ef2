// The making of a judgement against a history.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

// `shown` may have nulls, which are left out.
[[nodiscard]] inline Judgement Wrong(std::string anomaly, std::string reason,
                                     const std::vector<const Operation*>& shown) {
  Judgement judgement;
  judgement.verdict = Verdict::kNotLinearizable;
  judgement.anomaly = std::move(anomaly);
  judgement.reason = std::move(reason);
  for (const Operation* operation : shown) {
    if (operation != nullptr) judgement.counterexample.push_back(*operation);
  }
  std::sort(judgement.counterexample.begin(), judgement.counterexample.end(),
            [](const Operation& a, const Operation& b) { return a.called < b.called; });
  return judgement;
}

}  // namespace keel::jepsen
