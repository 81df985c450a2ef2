// Restores many points of an archive and prints what each holds: for the suite that compares them
// with a model (archive_suite.py).
//
// Usage: keel-archive-probe ARCHIVE-DIRECTORY SCRATCH-DIRECTORY, with a point a line on standard
// input: "time MS", "revision N", "latest"; or "times", for the time of every entry. A line of JSON
// answers each; keys and values are printable.
#include <filesystem>
#include <iostream>
#include <string>

#include "backup/archive/archive_reader.h"
#include "backup/archive/find.h"
#include "base/fs/posix_file_system.h"
#include "base/numbers.h"
#include "kv/engine/level_engine.h"
#include "kv/mvcc/store.h"
#include "kv/snapshot/store_directory.h"
#include "net/system_clock.h"
#include "tools/restore/archive_restore.h"

namespace keel {
namespace {

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

class Probe {
 public:
  Probe(std::string archive, std::string scratch)
      : archive_(std::move(archive)), scratch_(std::move(scratch)) {}

  // The archive may have been joined or pruned while it was listed: the caller asks again.
  std::string Answer(const std::string& line) {
    if (line == "times") return Times();
    const size_t space = line.find(' ');
    const auto number = ParseNumber<uint64_t>(
        space == std::string::npos ? "0" : std::string_view(line).substr(space + 1));
    if (!number.has_value()) return Error("no number in: " + line);
    restore::Target target;
    if (line.starts_with("time")) {
      target = {.kind = restore::Target::Kind::kTime, .time_ms = *number};
    } else if (line.starts_with("revision")) {
      target = {.kind = restore::Target::Kind::kRevision, .revision = Revision(*number)};
    }
    return Point(target);
  }

 private:
  static std::string Error(const std::string& words) {
    std::string clean;
    for (const char c : words) clean += c == '"' || c == '\\' || c < ' ' ? '\'' : c;
    return "{\"error\":" + Quoted(clean) + "}";
  }

  std::string Point(const restore::Target& target) {
    const std::string path = scratch_ + "/point";
    const auto point = restore::RestoreArchive({.member = {.files = &files_,
                                                           .clock = &clock_,
                                                           .name = "a",
                                                           .data_dir = path,
                                                           .initial_cluster = "a=http://h:1",
                                                           .token = "probe"},
                                                .archive = archive_,
                                                .target = target});
    if (!point.ok()) return Error(point.status().ToString());
    std::string text = "{\"revision\":" + std::to_string(point->old_revision.value()) +
                       ",\"index\":" + std::to_string(point->index.value()) +
                       ",\"timeMs\":" + std::to_string(point->time_ms) +
                       ",\"entries\":" + std::to_string(point->entries) + ",\"keys\":{" +
                       Keys(path) + "}}";
    std::filesystem::remove_all(path);
    return text;
  }

  std::string Keys(const std::string& path) {
    std::string text;
    const auto directory = kv::StoreDirectory::Open(&files_, path + "/kv");
    if (!directory.ok()) return {};
    const auto engine = kv::LevelEngine::Open({.files = &files_, .directory = directory->active()});
    if (!engine.ok()) return {};
    const auto store = kv::Store::Open({.engine = engine->get()});
    if (!store.ok()) return {};
    const auto all = (*store)->view()->Range({.keys = kv::PrefixRange("")});
    for (const kv::KeyValue& one : all->kvs) {
      text += (text.empty() ? "" : ",") + Quoted(one.key) + ":" + Quoted(one.value);
    }
    return text;
  }

  std::string Times() {
    backup::DirectoryStore store({.files = &files_, .directory = archive_, .writer = "probe"});
    const auto objects = store.List();
    if (!objects.ok()) return Error(objects.status().ToString());
    const backup::Catalogue catalogue = backup::Catalogue::Of(*objects);
    if (catalogue.bases.empty()) return Error("no base");
    const backup::BaseObject& base = catalogue.bases.front();
    const auto chain = catalogue.ChainBehind(base.index);
    std::string text;
    for (const backup::SegmentObject& object : chain) {
      const auto bytes = store.Get(object.name);
      if (!bytes.ok()) return Error(bytes.status().ToString());
      const auto segment = backup::OpenSegment({.name = object.name, .bytes = *bytes, .key = {}});
      if (!segment.ok()) return Error(segment.status().ToString());
      for (const backup::ArchivedEntry& entry : segment->entries) {
        text += (text.empty() ? "" : ",") + std::to_string(entry.time_ms);
      }
    }
    return "{\"times\":[" + text + "]}";
  }

  const std::string archive_;
  const std::string scratch_;
  PosixFileSystem files_;
  net::SystemClock clock_;
};

int Main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: keel-archive-probe ARCHIVE-DIRECTORY SCRATCH-DIRECTORY\n";
    return 2;
  }
  PosixFileSystem files;
  const auto archive = backup::FindArchive(&files, {.directory = argv[1]});
  if (!archive.ok()) {
    std::cerr << archive.status() << "\n";
    return 1;
  }
  Probe probe(*archive, argv[2]);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << probe.Answer(line) << std::endl;
  return 0;
}

}  // namespace
}  // namespace keel

int main(int argc, char** argv) { return keel::Main(argc, argv); }
