#include "tests/crash/wal_workload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/crash/wal_check.h"

namespace keel::crash {

namespace {

using simfs::Fault;
using simfs::Operation;
using simfs::OperationKind;
using wal::LogContents;
using wal::Position;
using wal::StoredEntry;
using wal::VoteRecord;

// Few sizes, so that the records of two lives of a file often begin at the same places.
constexpr std::array<size_t, 5> kPayloadSizes = {0, 40, 40, 200, 1000};

std::string Expect(const Status& status, std::string_view doing) {
  return status.ok() ? "" : std::string(doing) + ": " + status.ToString();
}

}  // namespace

WalWorkload::WalWorkload(const WalWorkloadOptions& options)
    : options_(options), prng_(options.seed), allowed_logs_(1), allowed_votes_(1) {}

WalWorkload::~WalWorkload() = default;

std::string WalWorkload::Run(simfs::SimulatedFileSystem* files) {
  files_ = files;
  Status status = files_->CreateDirectory("/node");
  if (status.ok()) status = files_->SyncDirectory("/");
  if (!status.ok()) return Expect(status, "making the directory");
  std::string wrong = Start();
  for (int step = 0; step < options_.steps && wrong.empty(); ++step) {
    wrong = Step();
    if (wrong.empty()) wrong = CompareLive();
    if (!wrong.empty()) wrong = "step " + std::to_string(step) + ": " + wrong;
  }
  if (wrong.empty() && options_.ends_with_a_lie) wrong = EndWithALie();
  log_.reset();
  return wrong;
}

std::string WalWorkload::Step() {
  const uint64_t choice = prng_.Below(100);
  if (choice < 45) return AppendSome();
  if (choice < 55) return Expect(log_->Seal(), "sealing");
  if (choice < 62) return PrepareSome();
  if (choice < 73) return CompactSome();
  if (choice < 76) return ResetForward();
  if (choice < 78) return ResetBackward();
  if (choice < 86) return SaveVote();
  if (choice < 90) return StopAndStart();
  if (!options_.has_faults) return AppendSome();
  if (choice < 94) return CrashAndStart();
  return AppendInBadWeather(choice < 97 ? Weather::kFailingSync : Weather::kFullDisk);
}

Fault WalWorkload::OnOperation(const Operation& operation) {
  if (weather_ == Weather::kFair || !operation.path.starts_with(WalOptions().directory)) return {};
  if (weather_ == Weather::kFailingSync && operation.kind == OperationKind::kSync &&
      !weather_struck_) {
    weather_struck_ = true;
    return {.kind = Fault::Kind::kError,
            .status = DataLoss("fdatasync " + operation.path + ": Input/output error")};
  }
  const bool needs_room =
      operation.kind == OperationKind::kWrite || operation.kind == OperationKind::kPreallocate;
  const bool lies = weather_ == Weather::kLostWrite || weather_ == Weather::kMisplacedWrite;
  if (lies && operation.kind == OperationKind::kWrite && !weather_struck_) {
    weather_struck_ = true;
    if (weather_ == Weather::kLostWrite) return {.kind = Fault::Kind::kLost};
    const uint64_t elsewhere = prng_.Below(WalOptions().segment_bytes) & ~uint64_t{511};
    return {.kind = Fault::Kind::kMisplaced, .argument = elsewhere};
  }
  if (weather_ == Weather::kFullDisk && needs_room) {
    weather_struck_ = true;
    const Status status =
        ResourceExhausted("write " + operation.path + ": No space left on device");
    if (operation.kind == OperationKind::kPreallocate) {
      return {.kind = Fault::Kind::kError, .status = status};
    }
    return {.kind = Fault::Kind::kPartial,
            .argument = prng_.Below(operation.size_bytes + 1),
            .status = status};
  }
  return {};
}

std::string WalWorkload::Check(const simfs::Image& image, uint64_t seed) {
  return CheckWalImage(
      image, {.logs = &allowed_logs_, .votes = &allowed_votes_, .has_votes = has_votes_}, seed);
}

// ---- the model ----

void WalWorkload::Allow(std::vector<LogContents> logs) {
  ++expectation_;
  for (LogContents& log : logs) allowed_logs_.push_back(std::move(log));
}

void WalWorkload::Acknowledge(LogContents log) {
  ++expectation_;
  allowed_logs_.assign(1, std::move(log));
}

void WalWorkload::AcknowledgeVote(const VoteRecord& record) {
  ++expectation_;
  allowed_votes_.assign(1, record);
}

std::vector<StoredEntry> WalWorkload::RandomBatch() {
  const Position last = acked().Last();
  // Mostly at the end; at times over a conflicting tail.
  uint64_t back = 0;
  if (prng_.OneIn(5) && !acked().entries.empty()) {
    back = prng_.Below(std::min<uint64_t>(acked().entries.size(), 12) + 1);
  }
  const Term term(last.term.value() + (back > 0 || last.term.IsNone() || prng_.OneIn(10) ? 1 : 0));
  const uint64_t first = last.index.value() + 1 - back;
  std::vector<StoredEntry> batch;
  for (uint64_t i = 0, count = prng_.Between(1, 6); i < count; ++i) {
    std::string payload = std::to_string(term.value()) + ":" + std::to_string(first + i) + ":" +
                          std::to_string(prng_.Below(1000));
    payload.resize(kPayloadSizes[prng_.Below(kPayloadSizes.size())], '.');
    batch.push_back({.term = term,
                     .index = Index(first + i),
                     .kind = static_cast<uint8_t>(prng_.Below(3)),
                     .payload = std::move(payload)});
  }
  return batch;
}

// ---- the work ----

std::string WalWorkload::Start() {
  log_.reset();
  votes_.reset();
  VoteRecord opened = allowed_votes_.front();
  allowed_votes_.push_back(opened);
  auto votes = has_votes_ ? wal::VoteFile::Open(files_, VoteOptions())
                          : wal::VoteFile::Create(files_, VoteOptions());
  if (!votes.ok()) return Expect(votes.status(), "opening the vote");
  votes_ = std::move(votes).value();
  has_votes_ = true;
  AcknowledgeVote(votes_->record());

  wal::Collector collector;
  auto recovered = wal::Recover(files_, WalOptions(), &collector);
  if (!recovered.ok()) return Expect(recovered.status(), "recovering");
  if (recovered->report.damage) return recovered->report.damage->ToString();
  const auto& found = collector.contents();
  if (std::find(allowed_logs_.begin(), allowed_logs_.end(), found) == allowed_logs_.end()) {
    return "found " + found.ToString() + " after " + acked().ToString();
  }
  auto log =
      wal::Log::Begin(files_, WalOptions(), {std::move(recovered).value(), votes_->record().boot});
  if (!log.ok()) return Expect(log.status(), "beginning");
  log_ = std::move(log).value();
  Acknowledge(found);
  return {};
}

std::string WalWorkload::StopAndStart() {
  const Status status = log_->Close();
  if (!status.ok()) return Expect(status, "closing");
  return Start();
}

std::string WalWorkload::CrashAndStart() {
  const std::vector<simfs::Loss> losses = files_->Losses({});
  files_->Crash(losses[prng_.Below(losses.size())]);
  return Start();
}

std::string WalWorkload::AppendSome() {
  const std::vector<StoredEntry> batch = RandomBatch();
  std::vector<wal::EntryView> views;
  std::vector<LogContents> steps;
  LogContents next = acked();
  for (const StoredEntry& entry : batch) {
    next.Put(entry);
    written_.push_back(entry);
    steps.push_back(next);
    views.push_back(entry.View());
  }
  Allow(std::move(steps));
  const Status status = log_->Append(views);
  if (!status.ok()) return Expect(status, "appending");
  Acknowledge(std::move(next));
  return {};
}

std::string WalWorkload::AppendInBadWeather(Weather weather) {
  weather_ = weather;
  weather_struck_ = false;
  const std::string wrong = AppendSome();
  weather_ = Weather::kFair;
  if (!weather_struck_ || wrong.empty()) return wrong;
  if (weather == Weather::kFullDisk) {
    if (wrong.find("RESOURCE_EXHAUSTED") == std::string::npos) return wrong;
    return AppendSome();  // there is room again
  }
  const Status later = log_->Seal();
  if (later.ok()) return "a log went on after a failed sync";
  if (wrong.find(later.message()) == std::string::npos) return "another failure: " + wrong;
  // The node stops; the machine stays up.
  files_->Crash({.mode = simfs::LossMode::kNothing});
  return Start();
}

std::string WalWorkload::EndWithALie() {
  weather_ = prng_.OneIn(2) ? Weather::kLostWrite : Weather::kMisplacedWrite;
  weather_struck_ = false;
  std::string wrong = AppendSome();
  weather_ = Weather::kFair;
  // Two batches more, and what they prove of the one that went astray.
  for (int i = 0; i < 2 && wrong.empty(); ++i) wrong = AppendSome();
  if (wrong.empty()) wrong = Expect(log_->Seal(), "sealing");
  log_.reset();
  return wrong.empty() ? CheckLie() : wrong;
}

std::string WalWorkload::CheckLie() {
  wal::Collector collector;
  const auto recovered = wal::Recover(files_, WalOptions(), &collector);
  if (!recovered.ok()) {
    const bool names_file =
        recovered.status().message().find(WalOptions().directory) != std::string_view::npos;
    return names_file ? "" : "an error that names no file: " + recovered.status().ToString();
  }
  const LogContents& found = collector.contents();
  for (const StoredEntry& entry : found.entries) {
    if (std::find(written_.begin(), written_.end(), entry) == written_.end()) {
      return "entry " + std::to_string(entry.index.value()) + " was never written";
    }
  }
  if (found == acked() || recovered->report.damage) return {};
  return "lost in silence: found " + found.ToString() + " after " + acked().ToString();
}

std::string WalWorkload::CompactSome() {
  if (acked().entries.empty()) return {};
  const StoredEntry& entry = acked().entries[prng_.Below(acked().entries.size())];
  LogContents next = acked();
  next.DropTo({entry.index, entry.term});
  Allow({next});
  const Status status = log_->Compact({entry.index, entry.term});
  if (!status.ok()) return Expect(status, "compacting");
  Acknowledge(std::move(next));
  return {};
}

std::string WalWorkload::ResetForward() {
  const Position last = acked().Last();
  const Position to = {last.index + prng_.Below(20), last.term.Next()};
  LogContents next = {.base = to, .entries = {}};
  Allow({next});
  const Status status = log_->Reset(to);
  if (!status.ok()) return Expect(status, "resetting");
  Acknowledge(std::move(next));
  return {};
}

std::string WalWorkload::ResetBackward() {
  if (acked().entries.empty()) return {};
  const StoredEntry& entry = acked().entries[prng_.Below(acked().entries.size())];
  if (log_->Reset({entry.index, entry.term}).ok()) return "an older snapshot dropped a newer log";
  return {};
}

std::string WalWorkload::SaveVote() {
  VoteRecord next = votes_->record();
  if (prng_.OneIn(2) || !next.vote.IsNone()) {
    next.term = next.term.Next();
    next.vote = NodeId();
  }
  if (prng_.OneIn(2)) next.vote = NodeId(prng_.Between(1, 3));
  allowed_votes_.push_back(next);
  ++expectation_;
  const Status status = votes_->Save({.term = next.term, .vote = next.vote});
  if (!status.ok()) return Expect(status, "voting");
  AcknowledgeVote(votes_->record());
  return {};
}

std::string WalWorkload::PrepareSome() {
  for (int i = 0; i < 3; ++i) {
    const Result<bool> done = log_->Prepare();
    if (!done.ok()) return Expect(done.status(), "preparing");
  }
  return {};
}

std::string WalWorkload::CompareLive() {
  const LogContents& expected = acked();
  if (log_->base() != expected.base || log_->last() != expected.Last()) {
    return "the log says " + std::to_string(log_->base().index.value()) + ".." +
           std::to_string(log_->last().index.value()) + ", acknowledged was " + expected.ToString();
  }
  if (expected.entries.empty()) return {};
  const size_t from = prng_.Below(expected.entries.size());
  const size_t to = from + prng_.Below(expected.entries.size() - from);
  const auto plan = log_->PlanRead(expected.entries[from].index, expected.entries[to].index);
  if (!plan.ok()) return Expect(plan.status(), "planning to read");
  size_t next = from;
  const Status status = plan->Run([&](const wal::EntryView& entry) {
    const StoredEntry got = {entry.term, entry.index, entry.kind, std::string(entry.payload)};
    return got == expected.entries[next++] ? Status() : Internal("a wrong entry");
  });
  if (!status.ok()) return Expect(status, "reading");
  return next == to + 1 ? "" : "reading gave too few entries";
}

}  // namespace keel::crash
