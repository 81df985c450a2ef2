#include "raft/config_history.h"

#include <algorithm>

#include "base/check.h"

namespace keel::raft {

ConfigHistory::ConfigHistory() : ConfigHistory(Index(), std::make_shared<const Config>()) {}

ConfigHistory::ConfigHistory(Index index, std::shared_ptr<const Config> base) {
  KEEL_CHECK(base != nullptr) << "a history begins with a config, if only with the empty one";
  configs_.push_back({index, std::move(base)});
}

const std::shared_ptr<const Config>& ConfigHistory::At(Index index) const {
  for (auto step = configs_.rbegin(); step != configs_.rend(); ++step) {
    if (step->index <= index) return step->config;
  }
  return configs_.front().config;
}

void ConfigHistory::Append(Index index, std::shared_ptr<const Config> config) {
  KEEL_CHECK(index > current_index()) << "configs follow the log's order";
  configs_.push_back({index, std::move(config)});
}

bool ConfigHistory::AnyLeaseReads() const {
  return std::any_of(configs_.begin(), configs_.end(),
                     [](const Step& step) { return step.config->lease_reads(); });
}

bool ConfigHistory::TruncateFrom(Index from) {
  bool changed = false;
  while (configs_.size() > 1 && configs_.back().index >= from) {
    configs_.pop_back();
    changed = true;
  }
  return changed;
}

void ConfigHistory::CompactTo(Index index) {
  while (configs_.size() > 1 && configs_[1].index <= index) configs_.pop_front();
}

}  // namespace keel::raft
