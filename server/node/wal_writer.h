// The WAL role of a node: makes what the core wants durable, in the order in which it wants it.
//
// Everything that has queued while the last write was on its way becomes the next one: the newest
// vote first, since it must be durable before any entry of its term, then all entries by one Append
// and one sync. One report covers them all. Behind the last write it seals the log when nothing
// more comes, and prepares segments when there is nothing better to do.
//
// A full disk holds everything up and is tried again: the core sees its disk stall, and a leader
// steps down. Any other failure is final, is reported once, and nothing is written after it
// (cockroach 37102).
//
// Owns the Log and the VoteFile. Public methods belong to the node role and only post; the
// callbacks run on the node role. Destroyed after the roles have ended.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "raft/io.h"
#include "server/node/once.h"
#include "server/node/roles.h"
#include "wal/log.h"
#include "wal/vote_file.h"

namespace keel::node {

class WalWriter {
 public:
  struct Options {
    Roles roles;
    uint64_t seal_after_us = 10'000;
    uint64_t full_disk_retry_us = 200'000;
    std::function<void(raft::PersistId)> on_done;  // it and all before it are durable
    std::function<void(Status)> on_failed;         // final: stop the member
    std::function<void(uint64_t)> on_size;         // what the log takes on the disk, now and then
  };
  struct Files {
    std::unique_ptr<wal::Log> log;
    std::unique_ptr<wal::VoteFile> vote;
  };
  WalWriter(Options options, Files files);

  // The snapshot of a persist, if it has one, is installed already.
  void Write(raft::Persist persist);
  // A vote on its own, if there is one, behind all that was written before.
  void WriteVote(const std::optional<raft::Vote>& vote, Once<> done);
  void Compact(const raft::Position& base);
  void SetDamaged(bool is_damaged);

  struct Fetch {
    Index first;
    size_t size_bytes_max = 0;
  };
  // Entries from `first` on within the bound, or one; none if the log has them no more.
  void Read(const Fetch& fetch, Once<std::vector<raft::Entry>> done);

  // Runs `task` on the WAL role behind all that was asked for before.
  void Run(Once<> task);
  // Seals for good.
  void Close(Once<Status> done);

 private:
  static constexpr size_t kReadEntriesMax = 4096;

  struct Item {
    raft::Persist persist;
    Once<> done;  // beside the report by number
  };

  // ---- on the WAL role ----
  void Schedule();
  void Drain();
  void Enqueue(Item item);
  void Gather();
  void Report();
  [[nodiscard]] Status Commit();
  [[nodiscard]] Status CutForSnapshot();
  void OnFailure(const Status& status);
  void SealLater();
  void PrepareLater();
  void Plan(const Fetch& fetch, Once<std::vector<raft::Entry>> done);

  const Options options_;
  const std::unique_ptr<wal::Log> log_;
  const std::unique_ptr<wal::VoteFile> vote_;

  std::deque<Item> queue_;
  // What is being written: kept until it succeeds, so that a full disk is tried again with it.
  std::vector<Item> group_;
  bool scheduled_ = false;
  bool preparing_ = false;
  bool seal_armed_ = false;
  bool failed_ = false;
  bool closed_ = false;
  uint64_t writes_ = 0;
};

}  // namespace keel::node
