#include "tests/sim/trace.h"

#include <cstdio>
#include <utility>

namespace keel::sim {

namespace {

std::string Stamp(Micros now) {
  char text[32];
  std::snprintf(text, sizeof(text), "%10.3f ms  ", static_cast<double>(now) / kMillisecond);
  return text;
}

}  // namespace

void Story::Say(NodeId who, std::string_view line) {
  Keep(Stamp(now_) + std::to_string(who.value()) + " " + std::string(line));
}

void Story::Tell(std::string_view line) { Keep(Stamp(now_) + "-- " + std::string(line)); }

void Story::Keep(std::string line) {
  if (prints_at_once_) std::printf("%s\n", line.c_str());
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

}  // namespace keel::sim
