#include "raft/options.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace keel::raft {
namespace {

Options Good() { return {.id = NodeId(1), .boot = BootId(1)}; }

TEST(Options, TheDefaultsMakeSenseOnceAMemberIsNamed) {
  EXPECT_EQ(Good().Validate(), "");
  EXPECT_NE(Options().Validate(), "");
}

TEST(Options, EachMistakeIsNamed) {
  struct Mistake {
    std::string word;
    std::function<void(Options*)> make;
  };
  const Mistake mistakes[] = {
      {"id", [](Options* o) { o->id = NodeId(); }},
      {"boot", [](Options* o) { o->boot = BootId(); }},
      {"heartbeat_ms", [](Options* o) { o->heartbeat_ms = 0; }},
      {"election_timeout_ms", [](Options* o) { o->election_timeout_ms = 299; }},
      {"clock_drift_percent_max", [](Options* o) { o->clock_drift_percent_max = 50; }},
      {"entry_bytes_max", [](Options* o) { o->entry_bytes_max = 0; }},
      {"uncommitted_bytes_max", [](Options* o) { o->uncommitted_bytes_max = o->entry_bytes_max; }},
      {"inflight_messages_max", [](Options* o) { o->inflight_messages_max = 0; }},
      {"bytes", [](Options* o) { o->inflight_bytes_max = 0; }},
      {"bytes", [](Options* o) { o->message_bytes_max = 0; }},
      {"bytes", [](Options* o) { o->unapplied_bytes_max = 0; }},
      {"bytes", [](Options* o) { o->committed_batch_bytes_max = 0; }},
      {"reads_pending_max", [](Options* o) { o->reads_pending_max = 0; }},
  };
  for (const Mistake& mistake : mistakes) {
    Options options = Good();
    mistake.make(&options);
    EXPECT_NE(options.Validate().find(mistake.word), std::string::npos)
        << mistake.word << ": " << options.Validate();
  }
}

TEST(Options, TheTightestTimesThatAreAllowedAreAccepted) {
  Options options = Good();
  options.heartbeat_ms = 1;
  options.election_timeout_ms = 3;
  EXPECT_EQ(options.Validate(), "");
}

}  // namespace
}  // namespace keel::raft
