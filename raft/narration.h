// The story of what a core does, line by line, for tests and for people who debug.
//
// A driver that wants it passes a sink; production passes none, and then a line costs one branch.
// The text is for reading: nothing may depend on it but golden files.
#pragma once

#include <sstream>
#include <string>
#include <string_view>

#include "raft/config.h"
#include "raft/types.h"

namespace keel::raft {

class NarrationSink {
 public:
  virtual ~NarrationSink() = default;
  virtual void Say(NodeId who, std::string_view line) = 0;
};

class Narrator {
 public:
  Narrator(NodeId who, NarrationSink* sink) : who_(who), sink_(sink) {}

  // The parts are written only if somebody listens.
  template <class... Parts>
  void operator()(const Parts&... parts) const {
    if (sink_ == nullptr) return;
    std::ostringstream line;
    (Write(line, parts), ...);
    sink_->Say(who_, line.str());
  }

 private:
  static void Write(std::ostream& out, std::string_view text) { out << text; }
  static void Write(std::ostream& out, uint64_t number) { out << number; }
  static void Write(std::ostream& out, NodeId id) { out << id.value(); }
  static void Write(std::ostream& out, Term term) { out << term.value(); }
  static void Write(std::ostream& out, Index index) { out << index.value(); }
  static void Write(std::ostream& out, const Position& p) {
    out << p.index.value() << ':' << p.term.value();
  }
  static void Write(std::ostream& out, const Config& config) { out << config.ToString(); }

  NodeId who_;
  NarrationSink* sink_;
};

}  // namespace keel::raft
