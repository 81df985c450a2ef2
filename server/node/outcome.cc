#include "server/node/outcome.h"

namespace keel::node {

std::string_view ToString(DropReason reason) {
  switch (reason) {
    case DropReason::kNoLeader:
      return "no leader";
    case DropReason::kOverloaded:
      return "overloaded";
    case DropReason::kTooLarge:
      return "too large";
    case DropReason::kSuperseded:
      return "superseded";
    case DropReason::kShuttingDown:
      return "shutting down";
    case DropReason::kConfigRefused:
      return "config refused";
  }
  return "?";
}

std::string_view ToString(UnknownReason reason) {
  switch (reason) {
    case UnknownReason::kLeaderChanged:
      return "leader changed";
    case UnknownReason::kLinkLost:
      return "link lost";
    case UnknownReason::kTimedOut:
      return "timed out";
    case UnknownReason::kOvertaken:
      return "overtaken by a snapshot";
    case UnknownReason::kShuttingDown:
      return "shutting down";
  }
  return "?";
}

}  // namespace keel::node
