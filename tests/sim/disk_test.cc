#include "tests/sim/disk.h"

#include <gtest/gtest.h>

#include "tests/support/builders.h"

namespace keel::sim {
namespace {

using namespace raft::literals;  // NOLINT

raft::Persist Writes(uint64_t id, std::vector<raft::Entry> entries) {
  return {.id = raft::PersistId(id), .entries = std::move(entries)};
}

void Ignore(const raft::Persist&) {}

Disk DiskWith(uint64_t entries) {
  Disk disk({});
  for (uint64_t i = 1; i <= entries; ++i) {
    disk.Start({Writes(i, {raft::MakeEntry(i, 1)}), nullptr});
    (void)disk.CompleteOldest(&Ignore);
  }
  return disk;
}

TEST(SimDisk, WhatIsNotSyncedIsNotThere) {
  Disk disk({});
  disk.Start({Writes(1, {raft::MakeEntry(1, 1)}), nullptr});
  EXPECT_EQ(disk.last(), 0_index);
  EXPECT_EQ(disk.CompleteOldest(&Ignore), raft::PersistId(1));
  EXPECT_EQ(disk.last(), 1_index);
}

TEST(SimDisk, AnEntryCutsTheLogWhereItStands) {
  Disk disk = DiskWith(5);
  disk.Start({Writes(6, {raft::MakeEntry(3, 2)}), nullptr});
  (void)disk.CompleteOldest(&Ignore);
  EXPECT_EQ(disk.last(), 3_index);
  EXPECT_EQ(disk.At(3_index).term, 2_term);
}

TEST(SimDisk, ACrashKeepsAPrefixOfWhatWasOnItsWay) {
  bool lost_all = false;
  bool kept_all = false;
  bool kept_a_part = false;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Disk disk({});
    Index told;
    raft::Persist first = Writes(1, {raft::MakeEntry(1, 1), raft::MakeEntry(2, 1)});
    first.vote = raft::Vote{1_term, 1_node};
    disk.Start({first, nullptr});
    disk.Start({Writes(2, {raft::MakeEntry(3, 1), raft::MakeEntry(4, 1)}), nullptr});
    Prng prng(seed);
    disk.Crash(prng, [&](const raft::Persist& done) {
      if (!done.entries.empty()) told = done.entries.back().index;
    });
    EXPECT_EQ(disk.pending_count(), 0u);
    EXPECT_EQ(disk.last(), told) << "whoever listens hears exactly what is durable";
    // Entries are there only behind the vote that was written before them.
    const Term voted_in = disk.last() > 0_index ? 1_term : disk.vote().term;
    EXPECT_EQ(disk.vote().term, voted_in);
    lost_all |= disk.last() == 0_index && disk.vote().term == Term();
    kept_all |= disk.last() == 4_index;
    kept_a_part |= disk.last() == 1_index || disk.last() == 3_index;
  }
  EXPECT_TRUE(lost_all);
  EXPECT_TRUE(kept_all);
  EXPECT_TRUE(kept_a_part);
}

TEST(SimDisk, ASnapshotReplacesTheLogUnlessItIsKept) {
  const raft::SnapshotMeta meta{raft::At(3, 1), raft::Shared(raft::Voters({1}))};
  const auto image = std::make_shared<const KvImage>(KvImage{meta, KvState()});
  for (const bool keeps : {false, true}) {
    Disk disk = DiskWith(5);
    raft::Persist install{.id = raft::PersistId(6)};
    install.snapshot = meta;
    install.keeps_log = keeps;
    disk.Start({install, image});
    (void)disk.CompleteOldest(&Ignore);
    EXPECT_EQ(disk.base().last, raft::At(3, 1));
    EXPECT_EQ(disk.last(), keeps ? 5_index : 3_index);
    EXPECT_EQ(disk.image(), image);
  }
}

TEST(SimDisk, DamageCutsTheLogAndMarksIt) {
  Disk disk = DiskWith(5);
  disk.Damage(3_index);
  EXPECT_EQ(disk.last(), 2_index);
  EXPECT_TRUE(disk.is_damaged());
  disk.ClearDamage();
  EXPECT_FALSE(disk.is_damaged());
}

TEST(SimDisk, AnOlderImageDoesNotReplaceANewerOne) {
  Disk disk = DiskWith(5);
  const auto image_at = [](uint64_t index) {
    return std::make_shared<const KvImage>(KvImage{{raft::At(index, 1), nullptr}, KvState()});
  };
  disk.SaveImage(image_at(4));
  disk.SaveImage(image_at(2));
  EXPECT_EQ(disk.image()->meta.last.index, 4_index);
  EXPECT_FALSE(disk.IsStateLost());
  disk.Compact({raft::At(4, 1), nullptr});
  EXPECT_EQ(disk.last(), 5_index);
  disk.LoseState();
  EXPECT_TRUE(disk.IsStateLost());
}

TEST(SimDisk, AWipedDiskHoldsNothing) {
  Disk disk = DiskWith(5);
  disk.SetBoot(7);
  disk.Wipe();
  EXPECT_EQ(disk.boot(), 0u);
  EXPECT_EQ(disk.last(), 0_index);
  EXPECT_EQ(disk.vote(), raft::Vote());
  EXPECT_TRUE(disk.is_wiped());
}

}  // namespace
}  // namespace keel::sim
