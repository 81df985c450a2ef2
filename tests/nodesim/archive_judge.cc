#include "tests/nodesim/archive_judge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"

namespace keel::nodesim {

namespace {

using restore::Target;

constexpr uint64_t kRestoresMeanwhile = 2;
constexpr uint64_t kRestoresAtEnd = 6;
// Between two looks at the members' clocks one may have been put forward.
constexpr uint64_t kWallSlackMs = 1'000;

std::string Name(Index index) { return "index " + std::to_string(index.value()); }

std::string Name(const Target& target) {
  if (target.kind == Target::Kind::kLatest) return "the latest";
  return target.kind == Target::Kind::kTime ? "time " + std::to_string(target.time_ms)
                                            : "revision " + std::to_string(target.revision.value());
}

backup::ArchivePosition PositionOf(const backup::BaseObject& base) {
  return {.index = base.index, .term = base.term, .time_ms = base.time_ms};
}

}  // namespace

ArchiveJudge::Remains::Remains(const simfs::Image& its_image)
    : image(its_image),
      files(image),
      store({.files = &files, .directory = std::string(Depot::kDirectory), .writer = "judge"}) {}

void ArchiveJudge::OnCommitted(std::span<const raft::Entry> entries) {
  if (options_.depot->is_on()) log_.Add(entries);
}

void ArchiveJudge::Report(const std::string& what) {
  options_.checker->Report("archive", NodeId(), what);
}

void ArchiveJudge::JudgeNow() {
  simfs::Loss loss{.mode = simfs::LossMode::kEverything};
  if (prng_.OneIn(2)) {
    const auto all = options_.depot->disk().Losses({.seeds = 1, .cuts_max = 4});
    loss = all[prng_.Below(all.size())];
    if (loss.mode != simfs::LossMode::kPrefix) loss.seed = prng_.Next();
  }
  (void)Judge(loss, kRestoresMeanwhile);
}

void ArchiveJudge::JudgeEnd(Index applied) {
  const Index end = Judge({.mode = simfs::LossMode::kEverything}, kRestoresAtEnd);
  Index needed = std::min(applied, log_.last());
  while (!needed.IsNone() && !log_.At(needed).has_content) needed = needed.Prev();
  if (end < needed) {
    Report("all is well and quiet, and it ends at " + Name(end) + ", before " + Name(needed));
  }
}

Index ArchiveJudge::Judge(const simfs::Loss& loss, uint64_t restores) {
  (void)log_.Advance();
  Remains remains(options_.depot->disk().ImageAfter(loss));
  std::string why = Survey(&remains);
  if (why.empty()) why = HoldPromises(remains);
  for (uint64_t i = 0; i < restores && why.empty() && !remains.catalogue.bases.empty(); ++i) {
    why = HoldRestore(&remains);
  }
  options_.tell("archive judged after " + loss.ToString() + ": " + (why.empty() ? "well" : why));
  if (!why.empty()) {
    if (const auto objects = remains.store.List(); objects.ok()) {
      for (const auto& object : *objects) options_.tell("it holds " + object.name);
    }
  }
  if (!why.empty()) Report("after a loss of power (" + loss.ToString() + "): " + why);
  return remains.reach.empty() ? Index() : remains.reach.rbegin()->second;
}

std::string ArchiveJudge::Survey(Remains* remains) {
  const auto exists = remains->files.Exists(std::string(Depot::kDirectory));
  if (!exists.ok() || !*exists) return "";
  const auto objects = remains->store.List();
  if (!objects.ok()) return objects.status().ToString();
  remains->catalogue = backup::Catalogue::Of(*objects);
  if (objects->empty()) return "";
  const auto report = backup::VerifyArchive(
      {.files = &remains->files, .store = &remains->store, .key = options_.depot->profile().key});
  if (!report.ok()) return report.status().ToString();
  if (!report->problems.empty()) return report->problems.front();
  remains->report = *report;
  Index covered;
  for (const backup::BaseObject& base : remains->catalogue.bases) {
    if (base.index >= covered || remains->reach.empty()) {
      if (std::string why = HoldEntries(remains, base); !why.empty()) return why;
      covered = remains->reach[base.index];
    }
    remains->reach[base.index] = covered;
  }
  return "";
}

// Behind the base, each committed entry once and as it was.
std::string ArchiveJudge::HoldEntries(Remains* remains, const backup::BaseObject& base) {
  backup::ArchiveReader reader({.store = &remains->store,
                                .key = options_.depot->profile().key,
                                .cluster_id = Depot::kCluster,
                                .catalogue = &remains->catalogue,
                                .base = PositionOf(base)});
  Index at = base.index;
  if (at > log_.last() || log_.At(at).time_ms != base.time_ms ||
      log_.At(at).revision != base.revision) {
    return base.name + " is not of the committed log";
  }
  while (true) {
    const auto entries = reader.Next();
    if (!entries.ok()) return entries.status().ToString();
    if (entries->empty()) break;
    for (const backup::ArchivedEntry& archived : *entries) {
      at = at.Next();
      if (at > log_.last()) return Name(at) + " is archived, and nobody has committed it";
      const raft::Entry& entry = log_.Entry(at);
      const bool is_same = archived.kind == static_cast<uint8_t>(entry.kind) &&
                           archived.term == entry.term && archived.payload == entry.payload.view();
      if (!is_same) return Name(at) + " is archived otherwise than it was committed";
      if (archived.time_ms != log_.At(at).time_ms) return Name(at) + " has another time";
    }
  }
  remains->reach[base.index] = at;
  return "";
}

// What was called done, and what the log was let go for, is there, or in a gap that is told.
std::string ArchiveJudge::HoldPromises(const Remains& remains) {
  const auto& bases = remains.catalogue.bases;
  const Depot& depot = *options_.depot;
  const Index first = bases.empty() ? Index() : bases.front().index;
  const uint64_t retention_ms = depot.profile().retention_ms;
  const bool may_prune = !bases.empty() && retention_ms != 0 &&
                         bases.front().time_ms + retention_ms <= depot.wall_ms_max() + kWallSlackMs;
  for (const Index base : depot.bases()) {
    if (remains.catalogue.BaseAt(base) != nullptr || (base < first && may_prune)) continue;
    return "the base at " + Name(base) + " was done, and is not there";
  }
  const std::set<Index> idle = IdleBases(remains);
  for (const backup::ArchiveGap& gap : remains.report.gaps) {
    const Index behind = gap.missing.first.Prev();
    // What leads on to the newest base may be on its way.
    const bool is_new = gap.missing.last == bases.back().index &&
                        remains.reach.at(bases.back().index) == bases.back().index;
    if (is_new || idle.contains(behind) || remains.catalogue.HasGapNote(behind)) continue;
    return "the gap from " + Name(gap.missing.first) + " on is not told";
  }
  const Index marked = options_.depot->marked();
  if (bases.empty()) return marked.IsNone() ? "" : "it is empty, and the log was let go for it";
  for (auto base = bases.begin(); base != bases.end();) {
    const Index end = remains.reach.at(base->index);
    if (end >= marked || base->index >= marked) break;
    if (!idle.contains(end) && !remains.catalogue.HasGapNote(end)) {
      return "the log was let go up to " + Name(marked) + ", and what is archived ends at " +
             Name(end);
    }
    base = std::ranges::upper_bound(bases, end, {}, &backup::BaseObject::index);
  }
  return "";
}

// Those that lead nowhere at the archive's beginning, or in a gap that is noted: of two leaders,
// one deposed, each made one, and the other's leads on.
std::set<Index> ArchiveJudge::IdleBases(const Remains& remains) {
  std::set<Index> idle;
  bool is_told = true;
  Index end;
  for (const backup::BaseObject& base : remains.catalogue.bases) {
    if (base.index <= end) continue;
    end = remains.reach.at(base.index);
    if (end == base.index && is_told) {
      idle.insert(base.index);
    } else {
      is_told = remains.catalogue.HasGapNote(end);
    }
  }
  return idle;
}

Target ArchiveJudge::PickTarget() {
  if (prng_.OneIn(6)) return {};
  const Index at(prng_.Between(1, log_.last().value()));
  const CommittedLog::Place& place = log_.At(at);
  if (prng_.OneIn(2)) return {.kind = Target::Kind::kRevision, .revision = place.revision};
  // A millisecond before or after a commit, or at it.
  const uint64_t time_ms = place.time_ms + prng_.Below(3);
  return {.kind = Target::Kind::kTime, .time_ms = time_ms - std::min<uint64_t>(time_ms, 1)};
}

const backup::BaseObject* ArchiveJudge::BaseFor(const Remains& remains, const Target& target) {
  const backup::BaseObject* found = nullptr;
  for (const backup::BaseObject& base : remains.catalogue.bases) {
    const bool is_before = target.kind == Target::Kind::kLatest ||
                           (target.kind == Target::Kind::kTime ? base.time_ms <= target.time_ms
                                                               : base.revision <= target.revision);
    if (is_before) found = &base;
  }
  return found;
}

std::string ArchiveJudge::HoldRestore(Remains* remains) {
  const Target target = PickTarget();
  const backup::BaseObject* const base = BaseFor(*remains, target);
  bool must = base != nullptr;
  if (must) {
    const CommittedLog::Place& end = log_.At(remains->reach.at(base->index));
    if (target.kind == Target::Kind::kTime) must = end.time_ms > target.time_ms;
    if (target.kind == Target::Kind::kRevision) must = end.revision >= target.revision;
  }
  ++restores_;
  simfs::SimulatedFileSystem files(remains->image);
  const auto point = restore::RestoreArchive({.member = {.files = &files,
                                                         .clock = options_.clock,
                                                         .key = options_.depot->profile().key,
                                                         .name = "a",
                                                         .data_dir = "/point",
                                                         .initial_cluster = "a=http://h:1",
                                                         .token = "t"},
                                              .archive = std::string(Depot::kDirectory),
                                              .target = target});
  std::string why;
  if (point.ok()) {
    why = base == nullptr ? "restored, with no base before it"
                          : Compare(&files, {target, remains->reach.at(base->index)}, *point);
  } else if (must || point.status().code() != Code::kOutOfRange) {
    why = point.status().ToString();
  }
  return why.empty() ? "" : "restoring " + Name(target) + ": " + why;
}

std::string ArchiveJudge::Compare(FileSystem* files, const Wanted& wanted,
                                  const restore::RestoredPoint& point) {
  const Target& target = wanted.target;
  Index expected = wanted.end;
  if (target.kind != Target::Kind::kLatest) {
    const auto is_behind = [&](Index at) {
      return target.kind == Target::Kind::kTime ? log_.At(at).time_ms > target.time_ms
                                                : log_.At(at).revision > target.revision;
    };
    while (is_behind(expected)) expected = expected.Prev();
  }
  const Revision revision = log_.At(expected).revision;
  if (point.old_revision != revision || point.index > expected) {
    return "it came to revision " + std::to_string(point.old_revision.value()) + " and " +
           Name(point.index) + " instead of " + std::to_string(revision.value()) + " and " +
           Name(expected);
  }
  const auto directory = kv::StoreDirectory::Open(files, "/point/kv");
  if (!directory.ok()) return directory.status().ToString();
  const auto engine = kv::LevelEngine::Open({.files = files, .directory = directory->active()});
  if (!engine.ok()) return engine.status().ToString();
  const auto store = kv::Store::Open({.engine = engine->get()});
  if (!store.ok()) return store.status().ToString();
  const auto all = (*store)->view()->Range({.keys = kv::PrefixRange("")});
  if (!all.ok()) return all.status().ToString();
  std::vector<kv::KeyValue> model;
  for (const std::string& key : log_.chronicle().Keys()) {
    const kv::Event* const last = log_.chronicle().LastOf(key, revision);
    if (last != nullptr && last->kind == kv::EventKind::kPut) model.push_back(last->kv);
  }
  return all->kvs == model ? "" : "the keys are not those of the log";
}

}  // namespace keel::nodesim
