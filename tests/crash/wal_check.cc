#include "tests/crash/wal_check.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/prng.h"
#include "tests/simfs/simulated_file_system.h"
#include "wal/log.h"
#include "wal/recovery.h"

namespace keel::crash {

namespace {

using simfs::Fault;
using simfs::Image;
using simfs::LossMode;
using simfs::SimulatedFileSystem;
using wal::Collector;
using wal::Log;
using wal::LogContents;
using wal::Recovered;
using wal::StoredEntry;
using wal::VoteFile;
using wal::VoteRecord;

struct Found {
  std::optional<Recovered> recovered;
  LogContents contents;
  std::string wrong;
};

Found Find(SimulatedFileSystem* files) {
  Found found;
  Collector collector;
  auto recovered = wal::Recover(files, WalOptions(), &collector);
  if (!recovered.ok()) {
    found.wrong = "recovery failed: " + recovered.status().ToString();
    return found;
  }
  found.contents = collector.contents();
  found.recovered = std::move(recovered).value();
  return found;
}

// Recovers a log that nothing has damaged and that must be one of `allowed`.
Found FindOneOf(SimulatedFileSystem* files, const std::vector<LogContents>& allowed) {
  Found found = Find(files);
  if (!found.wrong.empty()) return found;
  const auto& report = found.recovered->report;
  if (report.damage) {
    found.wrong = "damage where there is none: " + report.damage->ToString();
  } else if (report.base != found.contents.base || report.last != found.contents.Last()) {
    found.wrong = "the report and the entries disagree";
  } else if (std::find(allowed.begin(), allowed.end(), found.contents) == allowed.end()) {
    found.wrong = "found " + found.contents.ToString() + "; acknowledged was " +
                  allowed.front().ToString() + ", and " + std::to_string(allowed.size() - 1) +
                  " states were on their way";
  }
  return found;
}

std::string CheckFit(const Recovered& recovered, const LogContents& contents) {
  if (recovered.Fit(contents.Last()) != wal::StateFit::kFits ||
      recovered.Fit(contents.base) != wal::StateFit::kFits) {
    return "a state at the log's base or end does not fit";
  }
  const Index before = contents.base.index.Prev();
  if (before < contents.base.index &&
      recovered.Fit({before, contents.base.term}) != wal::StateFit::kGap) {
    return "a gap between the state and the log goes unnoticed";
  }
  return {};
}

std::string ReadBack(Log* log, const LogContents& expected) {
  if (expected.entries.empty()) return {};
  const auto plan = log->PlanRead(expected.First(), expected.Last().index);
  if (!plan.ok()) return "planning to read: " + plan.status().ToString();
  size_t next = 0;
  const Status status = plan->Run([&](const wal::EntryView& entry) {
    const bool is_right = next < expected.entries.size() &&
                          StoredEntry{entry.term, entry.index, entry.kind,
                                      std::string(entry.payload)} == expected.entries[next];
    ++next;
    return is_right ? Status() : Internal("entry " + std::to_string(entry.index.value()));
  });
  if (!status.ok()) return "reading back: " + status.ToString();
  if (next != expected.entries.size()) return "reading back gave too few entries";
  return {};
}

// Goes on with a log that was found: a start, a batch that may replace the tail, a seal.
class Continuation {
 public:
  Continuation(SimulatedFileSystem* files, LogContents contents, uint64_t seed)
      : files_(files), contents_(std::move(contents)), prng_(seed) {
    std::vector<LogContents> states = {contents_};
    const Term term = contents_.Last().term.Next();
    const uint64_t back = prng_.Below(std::min<uint64_t>(3, contents_.entries.size() + 1));
    for (uint64_t i = 0; i < 3; ++i) {
      batch_.push_back({.term = term,
                        .index = Index(contents_.Last().index.value() + 1 - back + i),
                        .kind = 1,
                        .payload = std::string(prng_.Below(100), 'c')});
      states.push_back(states.back());
      states.back().Put(batch_.back());
    }
    states_ = std::move(states);
  }

  std::string Run(Recovered recovered) {
    auto log = Log::Begin(files_, WalOptions(), {std::move(recovered), prng_.Next()});
    if (!log.ok()) return "going on: " + log.status().ToString();
    std::string wrong = ReadBack(log->get(), contents_);
    if (!wrong.empty()) return wrong;
    std::vector<wal::EntryView> views;
    for (const StoredEntry& entry : batch_) views.push_back(entry.View());
    Status status = (*log)->Append(views);
    if (status.ok()) status = (*log)->Seal();
    if (!status.ok()) return "appending: " + status.ToString();
    return ReadBack(log->get(), states_.back());
  }

  // All that a crash during Run may show, the end last.
  [[nodiscard]] const std::vector<LogContents>& states() const { return states_; }

 private:
  SimulatedFileSystem* files_;
  LogContents contents_;
  Prng prng_;
  std::vector<StoredEntry> batch_;
  std::vector<LogContents> states_;
};

// A second crash while the log goes on after the first one.
std::string CheckCrashesAgain(const Image& image, uint64_t seed) {
  SimulatedFileSystem files(image);
  Found found = Find(&files);
  if (!found.wrong.empty()) return found.wrong;
  Continuation continuation(&files, found.contents, seed);
  std::string wrong;
  uint64_t operations = 0;
  files.SetHook([&](const simfs::Operation& operation) {
    if (!ChangesDisk(operation.kind) || !wrong.empty()) return Fault{};
    ++operations;
    for (const LossMode mode : {LossMode::kEverything, LossMode::kSectors, LossMode::kZeroed}) {
      SimulatedFileSystem after(files.ImageAfter({.mode = mode, .seed = seed + operations}));
      const Found again = FindOneOf(&after, continuation.states());
      if (!again.wrong.empty()) wrong = "after a second crash: " + again.wrong;
    }
    return Fault{};
  });
  const std::string run = continuation.Run(std::move(*found.recovered));
  files.SetHook(nullptr);
  return wrong.empty() ? run : wrong;
}

// One byte of the log rots. What was proven durable is found, or damage is reported.
std::string CheckRot(SimulatedFileSystem* files, const LogContents& sealed, uint64_t seed) {
  Prng prng(seed);
  std::vector<std::string> segments;
  const std::vector<std::string> names = files->List(WalOptions().directory).value();
  for (const std::string& name : names) {
    if (wal::ParseSegmentName(name)) segments.push_back(WalOptions().directory + "/" + name);
  }
  const std::string& path = segments[prng.Below(segments.size())];
  const uint64_t bit = prng.Below(files->SizeBytes(path).value() * 8);
  (void)files->FlipBit(path, bit);
  const Found found = Find(files);
  if (!found.wrong.empty()) return found.wrong;
  if (found.recovered->report.damage || found.contents == sealed) return {};
  return "bit " + std::to_string(bit) + " of " + path + " rotted: found " +
         found.contents.ToString() + " instead of " + sealed.ToString() + ", and no damage";
}

std::string CheckVotes(SimulatedFileSystem* files, const WalExpectation& expectation,
                       uint64_t seed) {
  VoteRecord record;
  {
    const auto votes = VoteFile::Open(files, VoteOptions());
    if (!votes.ok()) {
      if (votes.status().code() == Code::kNotFound && !expectation.has_votes) return {};
      return "the vote: " + votes.status().ToString();
    }
    record = (*votes)->record();
  }
  const auto same_vote = [&record](const VoteRecord& allowed) {
    return allowed.term == record.term && allowed.vote == record.vote;
  };
  const auto& allowed = *expectation.votes;
  if (std::none_of(allowed.begin(), allowed.end(), same_vote)) {
    return "the vote went back or ahead: term " + std::to_string(record.term.value());
  }
  if (record.boot <= allowed.front().boot) return "the boot count went back";
  // Either slot may rot now, and the other one says the same.
  const uint64_t slot = wal::kVoteSlotOffsets[seed % 2];
  (void)files->FlipBit(VoteOptions().path, (slot + seed / 2 % wal::kVoteSlotBytes) * 8);
  const auto again = VoteFile::Open(files, VoteOptions());
  if (!again.ok()) return "the vote with one slot rotted: " + again.status().ToString();
  if (!same_vote((*again)->record())) return "a rotted slot brought an older vote back";
  if ((*again)->record().boot <= record.boot) return "the boot count went back after rot";
  return {};
}

}  // namespace

wal::LogOptions WalOptions() {
  return {.directory = "/node/wal",
          .member = NodeId(7),
          .segment_bytes = 12 * 1024,
          .prepare_step_bytes = 4096};
}

VoteFile::Options VoteOptions() { return {.path = "/node/vote", .member = NodeId(7)}; }

std::string CheckWalImage(const Image& image, const WalExpectation& expectation, uint64_t seed) {
  SimulatedFileSystem files(image);
  if (!files.Exists("/node").value()) {
    return expectation.has_votes ? "the member's directory is gone" : "";
  }
  std::string wrong = CheckVotes(&files, expectation, seed);
  if (!wrong.empty()) return wrong;
  Found found = FindOneOf(&files, *expectation.logs);
  if (!found.wrong.empty()) return found.wrong;
  wrong = CheckFit(*found.recovered, found.contents);
  if (!wrong.empty()) return wrong;

  Continuation continuation(&files, found.contents, seed);
  wrong = continuation.Run(std::move(*found.recovered));
  if (!wrong.empty()) return wrong;
  files.Crash({.mode = LossMode::kEverything});
  const Found after = FindOneOf(&files, {continuation.states().back()});
  if (!after.wrong.empty()) return "after going on: " + after.wrong;

  if (seed % 8 == 0) return CheckRot(&files, after.contents, seed);
  if (seed % 8 == 1) return CheckCrashesAgain(image, seed);
  return {};
}

}  // namespace keel::crash
