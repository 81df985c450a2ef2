#include "server/node/wal_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::node {

namespace {

wal::Position ToWal(const raft::Position& position) {
  return {.index = position.index, .term = position.term};
}

}  // namespace

WalWriter::WalWriter(Options options, Files files)
    : options_(std::move(options)), log_(std::move(files.log)), vote_(std::move(files.vote)) {}

// ---- on the node role ----

void WalWriter::Write(raft::Persist persist) { Enqueue({.persist = std::move(persist)}); }

void WalWriter::WriteVote(const std::optional<raft::Vote>& vote, Once<> done) {
  Enqueue({.persist = {.vote = vote}, .done = std::move(done)});
}

void WalWriter::Enqueue(Item item) {
  options_.roles.wal->Post([this, item = std::move(item)]() mutable {
    queue_.push_back(std::move(item));
    Schedule();
  });
}

void WalWriter::Compact(const raft::Position& base) {
  options_.roles.wal->Post([this, base] {
    if (failed_ || closed_) return;
    const Status status = log_->Compact(ToWal(base));
    // On a full disk the next compaction will do.
    if (!status.ok() && status.code() != Code::kResourceExhausted) return OnFailure(status);
    const uint64_t size_bytes = log_->SizeBytes();
    options_.roles.node->Post([this, size_bytes] { options_.on_size(size_bytes); });
  });
}

void WalWriter::SetDamaged(bool is_damaged) {
  options_.roles.wal->Post([this, is_damaged] {
    if (failed_ || closed_) return;
    const Status status = vote_->SetDamaged(is_damaged);
    if (!status.ok()) OnFailure(status);
  });
}

void WalWriter::Read(const Fetch& fetch, Once<std::vector<raft::Entry>> done) {
  options_.roles.wal->Post(
      [this, fetch, done = std::move(done)]() mutable { Plan(fetch, std::move(done)); });
}

void WalWriter::Run(Once<> task) {
  options_.roles.wal->Post([task = std::move(task)]() mutable { std::move(task)(); });
}

void WalWriter::Close(Once<Status> done) {
  options_.roles.wal->Post([this, done = std::move(done)]() mutable {
    Status status;
    if (!failed_ && !closed_) status = log_->Close();
    closed_ = true;
    options_.roles.node->Post(
        [status, done = std::move(done)]() mutable { std::move(done)(std::move(status)); });
  });
}

// ---- on the WAL role ----

// The drain goes to the end of the role's queue, behind all that was posted while it was blocked.
void WalWriter::Schedule() {
  if (scheduled_ || failed_ || closed_) return;
  scheduled_ = true;
  options_.roles.wal->Post([this] { Drain(); });
}

void WalWriter::Drain() {
  scheduled_ = false;
  if (failed_ || closed_) return;
  while (!queue_.empty() || !group_.empty()) {
    if (group_.empty()) Gather();
    const Status status = Commit();
    if (status.code() == Code::kResourceExhausted) {
      scheduled_ = true;
      options_.roles.wal->PostAfter(options_.full_disk_retry_us, [this] { Drain(); });
      return;
    }
    if (!status.ok()) return OnFailure(status);
    Report();
  }
  ++writes_;
  SealLater();
  PrepareLater();
}

void WalWriter::Report() {
  raft::PersistId id;
  for (Item& item : group_) {
    id = std::max(id, item.persist.id);
    if (!item.done) continue;
    options_.roles.node->Post([done = std::move(item.done)]() mutable { std::move(done)(); });
  }
  group_.clear();
  if (!id.IsNone()) options_.roles.node->Post([this, id] { options_.on_done(id); });
}

// A snapshot cuts the log and so begins a group of its own.
void WalWriter::Gather() {
  do {
    group_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  } while (!queue_.empty() && !queue_.front().persist.snapshot.has_value());
}

Status WalWriter::Commit() {
  const auto voted = std::find_if(group_.rbegin(), group_.rend(),
                                  [](const Item& item) { return item.persist.vote.has_value(); });
  if (voted != group_.rend()) {
    KEEL_RETURN_IF_ERROR(
        vote_->Save({.term = voted->persist.vote->term, .vote = voted->persist.vote->candidate}));
    for (Item& item : group_) item.persist.vote.reset();
  }
  if (group_.front().persist.snapshot.has_value()) {
    KEEL_RETURN_IF_ERROR(CutForSnapshot());
    group_.front().persist.snapshot.reset();
  }
  std::vector<wal::EntryView> entries;
  for (const Item& item : group_) {
    for (const raft::Entry& entry : item.persist.entries) {
      entries.push_back({.term = entry.term,
                         .index = entry.index,
                         .kind = static_cast<uint8_t>(entry.kind),
                         .payload = entry.payload.view()});
    }
  }
  return entries.empty() ? Status() : log_->Append(entries);
}

Status WalWriter::CutForSnapshot() {
  const raft::Persist& persist = group_.front().persist;
  const wal::Position base = ToWal(persist.snapshot->last);
  return persist.keeps_log ? log_->Compact(base) : log_->Reset(base);
}

void WalWriter::OnFailure(const Status& status) {
  if (failed_) return;
  failed_ = true;
  options_.roles.node->Post([this, status] { options_.on_failed(status); });
}

// One timer at a time: it goes round again while writes come, so that they pay for none.
void WalWriter::SealLater() {
  if (std::exchange(seal_armed_, true)) return;
  options_.roles.wal->PostAfter(options_.seal_after_us, [this, writes = writes_] {
    seal_armed_ = false;
    if (failed_ || closed_) return;
    if (writes != writes_ || scheduled_) return SealLater();
    const Status status = log_->Seal();
    if (!status.ok() && status.code() != Code::kResourceExhausted) OnFailure(status);
  });
}

// One step for each task, so that a write never waits for more than one.
void WalWriter::PrepareLater() {
  if (preparing_) return;
  preparing_ = true;
  options_.roles.wal->Post([this] {
    preparing_ = false;
    if (failed_ || closed_ || scheduled_) return;
    const Result<bool> ready = log_->Prepare();
    if (!ready.ok()) {
      if (ready.status().code() != Code::kResourceExhausted) OnFailure(ready.status());
      return;
    }
    if (!*ready) PrepareLater();
  });
}

void WalWriter::Plan(const Fetch& fetch, Once<std::vector<raft::Entry>> done) {
  const auto answer = [node = options_.roles.node](Once<std::vector<raft::Entry>> to,
                                                   std::vector<raft::Entry> entries) {
    node->Post([to = std::move(to), entries = std::move(entries)]() mutable {
      std::move(to)(std::move(entries));
    });
  };
  const bool holds =
      !failed_ && !closed_ && fetch.first > log_->base().index && fetch.first <= log_->last().index;
  if (!holds) return answer(std::move(done), {});
  const Index last = std::min(log_->last().index, fetch.first + (kReadEntriesMax - 1));
  Result<wal::ReadPlan> plan = log_->PlanRead(fetch.first, last);
  if (!plan.ok()) return answer(std::move(done), {});
  options_.roles.pool->Post(
      [fetch, answer, plan = std::move(*plan), done = std::move(done)]() mutable {
        std::vector<raft::Entry> entries;
        size_t size_bytes = 0;
        // The bound ends the reading early by a failure of the visitor's own; and what a failing
        // disk could not give, the core asks for again.
        (void)plan.Run([&](const wal::EntryView& view) -> Status {
          raft::Entry entry{.term = view.term,
                            .index = view.index,
                            .kind = static_cast<raft::EntryKind>(view.kind),
                            .payload = Payload::Of(std::string(view.payload))};
          size_bytes += raft::CostBytes(entry);
          if (!entries.empty() && size_bytes > fetch.size_bytes_max) return Cancelled("enough");
          entries.push_back(std::move(entry));
          return {};
        });
        answer(std::move(done), std::move(entries));
      });
}

}  // namespace keel::node
